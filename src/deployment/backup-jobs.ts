/**
 * Backup jobs: each writes one cluster's content at one timestamp down as a recovery point, beside all else that goes on.
 *
 * A job has the id of the recovery point that it makes. Jobs that have ended well are those whose recovery points there are, over restarts too; what has
 * failed is remembered for a while.
 */
import type { Timestamp, World } from '#base/world.ts';
import type { ClusterCopy } from './cluster-copy.ts';
import { type ClusterRecord, clusterArn } from './cluster-records.ts';
import { ClusterRefusal, conflict } from './cluster-refusal.ts';
import type { RecoveryPoints } from './recovery-points.ts';

export type BackupJob = {
  readonly id: string;
  readonly clusterArn: string;
  readonly state: 'RUNNING' | 'COMPLETED' | 'FAILED';
  readonly createdAt: Timestamp;
  readonly message: string | undefined;
  /** Of the rows; known when it has been completed. */
  readonly timestamp: Timestamp | undefined;
  readonly parts: number | undefined;
  readonly rows: number | undefined;
};

const runningAtOnce = 4;
const failuresKept = 100;

export class BackupJobs {
  readonly #world: World;
  readonly #points: RecoveryPoints;
  readonly #copyOf: (cluster: ClusterRecord) => Promise<ClusterCopy>;
  readonly #running = new Map<string, BackupJob>();
  readonly #failed = new Map<string, BackupJob>();

  constructor(world: World, points: RecoveryPoints, copyOf: (cluster: ClusterRecord) => Promise<ClusterCopy>) {
    this.#world = world;
    this.#points = points;
    this.#copyOf = copyOf;
  }

  /** Answers at once; the job goes on behind. */
  start(cluster: ClusterRecord): BackupJob {
    if (this.#running.size >= runningAtOnce) throw conflict(cluster.id, `${runningAtOnce} backup jobs are running: no more do at once.`);
    const id = this.#points.newId();
    const createdAt = this.#world.clock.now();
    const job: BackupJob = {
      id,
      clusterArn: clusterArn(cluster),
      state: 'RUNNING',
      createdAt,
      message: undefined,
      timestamp: undefined,
      parts: undefined,
      rows: undefined,
    };
    this.#running.set(id, job);
    void this.#run(job, cluster);
    return job;
  }

  /** Of one cluster, or all; the oldest first. */
  list(arn: string | undefined): readonly BackupJob[] {
    const done = this.#points.list().map(
      ({ id, clusterArn, createdAt, appliedTimestamp, parts, rows }): BackupJob => ({
        id,
        clusterArn,
        state: 'COMPLETED',
        createdAt,
        message: undefined,
        timestamp: appliedTimestamp,
        parts,
        rows,
      }),
    );
    return [...done, ...this.#failed.values(), ...this.#running.values()]
      .filter(({ clusterArn }) => arn === undefined || clusterArn === arn)
      .sort((a, b) => a.createdAt - b.createdAt);
  }

  get(id: string): BackupJob {
    const found = this.#running.get(id) ?? this.#failed.get(id) ?? this.list(undefined).find((job) => job.id === id);
    if (found === undefined) throw new ClusterRefusal('notFound', `Backup job ${id} was not found.`, id);
    return found;
  }

  async #run(job: BackupJob, cluster: ClusterRecord): Promise<void> {
    const { id, clusterArn, createdAt } = job;
    try {
      await this.#points.take(id, { clusterId: cluster.id, clusterArn, createdAt }, await this.#copyOf(cluster));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#world.log.error('a backup job has failed', { job: id, cluster: cluster.id, error: message });
      this.#failed.set(id, { ...job, state: 'FAILED', message });
      const [oldest] = this.#failed.keys();
      if (this.#failed.size > failuresKept && oldest !== undefined) this.#failed.delete(oldest);
    } finally {
      this.#running.delete(id);
    }
  }
}
