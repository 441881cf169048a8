/**
 * All clusters of a deployment: the registry that remembers them, the host that opens them, and the life cycle between the two.
 *
 *   DIR/clusters/registry.log   every cluster, its settings and its status (cluster-records.ts)
 *   DIR/backups/                recovery points (recovery-points.ts)
 *   DIR/clusters/HOME/          journal, checkpoints and replicas of one cluster, or of two peers (cluster.ts)
 */
import { randomId } from '#base/base32.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
import { BackupJobs } from './backup-jobs.ts';
import type { ChangeFeed, FeedStart } from './change-streams/change-feed.ts';
import { StreamFigures } from './change-streams/stream-figures.ts';
import type { StreamPlace } from './change-streams/stream-place.ts';
import type { ClusterRules } from './cluster-changes.ts';
import { type ClusterCopy, MomentNotKept } from './cluster-copy.ts';
import { ClusterHost } from './cluster-host.ts';
import { ClusterLifeCycle } from './cluster-life-cycle.ts';
import {
  type ClusterRecord,
  clusterArn,
  clusterKey,
  type JournalRecord,
  journalKey,
  type StoredStatus,
  type StreamRecord,
} from './cluster-records.ts';
import { conflict, invalid } from './cluster-refusal.ts';
import { ClusterRegistry, type Decision, type RegistryChange, type TokenUse } from './cluster-registry.ts';
import type { ClusterSource, HostedCluster } from './cluster-source.ts';
import { RecoveryPoints } from './recovery-points.ts';

export type ClustersOptions = {
  readonly world: World;
  /** Of the deployment. */
  readonly directory: string;
  readonly source: ClusterSource;
  /** The default cluster's id, where somebody else has chosen it; drawn at the first start otherwise. */
  readonly defaultClusterId?: string;
  readonly rules: ClusterRules;
  readonly idleMs: number;
  /** How much of every cluster's past is kept: what can be restored, and read as of then. 0: what running transactions need. */
  readonly retainedMs: number;
  /** As much of the past of clusters that have change streams. */
  readonly streamRetainedMs: number;
  readonly hasDefaultCluster: boolean;
  /** Ends the connections of an endpoint that is going away. */
  readonly closeEndpoint: (cluster: ClusterRecord) => void;
  /** Something failed that this process must not survive. */
  readonly onFailure: (error: Error) => void;
};

/** As the API shows it. */
export type ClusterStatus = StoredStatus | 'IDLE';

export class Clusters {
  readonly registry: ClusterRegistry;
  readonly rules: ClusterRules;
  readonly recoveryPoints: RecoveryPoints;
  readonly backupJobs: BackupJobs;
  readonly streamFigures = new StreamFigures();
  /** Whether clusters here have change streams. */
  readonly hasStreams: boolean;
  readonly #host: ClusterHost;
  readonly #lifeCycle: ClusterLifeCycle;

  private constructor(
    { world, source }: ClustersOptions,
    registry: ClusterRegistry,
    rules: ClusterRules,
    recoveryPoints: RecoveryPoints,
    host: ClusterHost,
    lifeCycle: ClusterLifeCycle,
  ) {
    this.hasStreams = source.hasStreams;
    this.registry = registry;
    this.rules = rules;
    this.recoveryPoints = recoveryPoints;
    this.backupJobs = new BackupJobs(world, recoveryPoints, (cluster) => this.#copyOf(cluster));
    this.#host = host;
    this.#lifeCycle = lifeCycle;
  }

  /** Finishes what an earlier process has begun, and opens the default cluster. */
  static async open(options: ClustersOptions): Promise<Clusters> {
    const { world, rules } = options;
    const directory = `${options.directory}/clusters`;
    world.disk.makeDirectory(directory);
    const registry = await ClusterRegistry.open(world, directory);
    const retainedMs = (home: string): number => {
      const hasStreams = registry.membersOf(home).some((cluster) => registry.streams(cluster).length > 0);
      return Math.max(options.retainedMs, hasStreams ? options.streamRetainedMs : 0);
    };
    const host = new ClusterHost({ ...options, retainedMs });
    const recoveryPoints = new RecoveryPoints(world, `${options.directory}/backups`);
    const lifeCycle = new ClusterLifeCycle({
      world,
      registry,
      host,
      recoveryPoints,
      retentionChanged: (home) => host.opened(home)?.retain(retainedMs(home)),
      closeEndpoint: options.closeEndpoint,
    });
    const clusters = new Clusters(options, registry, rules, recoveryPoints, host, lifeCycle);
    try {
      if (options.hasDefaultCluster)
        await registry.change(() => defaultCluster(registry, world, rules, options.defaultClusterId ?? earlierDefault(world, directory)));
      await clusters.settle();
      const home = registry.clusters().find(({ isDefault }) => isDefault)?.home;
      const journal = home === undefined ? undefined : registry.journal(home);
      if (options.hasDefaultCluster && journal !== undefined) {
        if (journal.state !== 'ready') throw lifeCycle.failure ?? new Error('the default cluster could not be made');
        await host.open(journal);
      }
    } catch (error) {
      await clusters.close();
      throw error;
    }
    return clusters;
  }

  /** Carries a change out; what follows from it (creating, removing) goes on behind the answer. */
  async change<Answer>(decide: () => Decision<Answer>, token?: TokenUse): Promise<Answer> {
    const answer = await this.registry.change(decide, token);
    // Not waited for: the status tells how far it is, and a failure is logged and tried again.
    void this.#lifeCycle.settle();
    return answer;
  }

  settle(): Promise<void> {
    return this.#lifeCycle.settle();
  }

  statusOf({ status, home }: ClusterRecord): ClusterStatus {
    return status === 'ACTIVE' && home !== undefined && !this.#host.isAwake(home) ? 'IDLE' : status;
  }

  /** The cluster that a connection in the Region means (the default one without an id), when it takes connections. */
  connectable(region: string, id: string | undefined): ClusterRecord | undefined {
    const found = id === undefined ? this.registry.defaultOf(region) : this.registry.find(region, id);
    const takesConnections = found?.status === 'ACTIVE' || found?.status === 'UPDATING';
    return takesConnections && !this.#host.isStopped(region) ? found : undefined;
  }

  /** Wakes the cluster when it is idle. undefined: it has gone meanwhile. */
  queryProcessor({ region, home }: ClusterRecord): QueryProcessor | undefined | Promise<QueryProcessor | undefined> {
    const journal = home === undefined ? undefined : this.registry.journal(home);
    if (journal?.state !== 'ready') return undefined;
    const opened = this.#host.open(journal);
    return opened instanceof Promise ? opened.then((cluster) => cluster.queryProcessor(region)) : opened.queryProcessor(region);
  }

  /** Throws the refusal unless the cluster can be copied as it was then. */
  async checkMoment(cluster: ClusterRecord, at: Timestamp): Promise<void> {
    try {
      await this.#copyOf(cluster, at);
    } catch (error) {
      throw error instanceof MomentNotKept ? invalid(cluster.id, 'restoreTime', `This cannot be restored: ${error.message}.`) : error;
    }
  }

  /** Of a cluster that is set up; it is opened when it is idle. */
  async #copyOf({ id, home }: ClusterRecord, at?: Timestamp): Promise<ClusterCopy> {
    const journal = home === undefined ? undefined : this.registry.journal(home);
    if (journal?.state !== 'ready') throw conflict(id, `Cluster ${id} has nothing to be copied yet.`);
    return (await this.#host.open(journal)).copy(at);
  }

  /** Where a stream goes on from; undefined: its Region is down, or its cluster has gone meanwhile. The caller closes it. */
  async changeFeed({ region, clusterId }: StreamRecord, start: FeedStart): Promise<ChangeFeed | undefined> {
    const { home } = this.registry.get(region, clusterId);
    const journal = home === undefined ? undefined : this.registry.journal(home);
    if (journal?.state !== 'ready') return undefined;
    return (await this.#host.open(journal)).changeFeed(region, clusterId, start);
  }

  /** Behind the last commit of the stream's cluster. */
  async journalEnd({ region, clusterId }: StreamRecord): Promise<StreamPlace | undefined> {
    const { home } = this.registry.get(region, clusterId);
    const journal = home === undefined ? undefined : this.registry.journal(home);
    return journal?.state === 'ready' ? (await this.#host.open(journal)).journalEnd : undefined;
  }

  get open(): readonly { readonly home: string; readonly cluster: HostedCluster }[] {
    return this.#host.openClusters;
  }

  /** The open cluster behind a record. */
  opened({ home }: ClusterRecord): HostedCluster | undefined {
    return home === undefined ? undefined : this.#host.opened(home);
  }

  isStopped(region: string): boolean {
    return this.#host.isStopped(region);
  }

  stopRegion(region: string): void {
    this.#host.stopRegion(region);
  }

  startRegion(region: string): Promise<void> {
    return this.#host.startRegion(region);
  }

  async close(): Promise<void> {
    await this.#lifeCycle.close();
    await this.#host.close();
    await this.registry.close();
  }
}

/**
 * The default cluster lies over all Regions of the deployment, with one id; it is made at the first start, and follows the deployment's Regions when
 * these are others at a later one.
 */
function defaultCluster(registry: ClusterRegistry, world: World, rules: ClusterRules, earlier: string | undefined): Decision<undefined> {
  const members = registry.clusters().filter(({ isDefault }) => isDefault);
  // Half of it has been deleted: it stays what it is.
  if (members.some(({ status }) => status === 'PENDING_DELETE')) return { changes: [], answer: undefined };
  const known = members[0];
  const id = known?.id ?? earlier ?? randomId(world.random);
  const home = known?.home ?? id;
  const journal = registry.journal(home);
  const { regions, witnessRegion } = rules;
  const isSame =
    journal !== undefined &&
    journal.witnessRegion === witnessRegion &&
    regions.join() === journal.regions.join() &&
    members.length === regions.length;
  if (isSame) return { changes: [], answer: undefined };
  const changes: RegistryChange[] = members
    .filter(({ region }) => !regions.includes(region))
    .map(({ region }) => ({ key: clusterKey(region, id), value: undefined }));
  const made: JournalRecord = {
    kind: 'journal',
    home,
    regions,
    witnessRegion,
    state: journal?.state ?? (earlier === undefined ? 'making' : 'ready'),
  };
  changes.push({ key: journalKey(home), value: made });
  for (const region of regions) {
    const before = members.find((member) => member.region === region);
    const value: ClusterRecord = {
      kind: 'cluster',
      id,
      region,
      createdAt: before?.createdAt ?? world.clock.now(),
      status: before?.status ?? (made.state === 'making' ? 'CREATING' : 'ACTIVE'),
      isDefault: true,
      isProtected: before?.isProtected ?? true,
      tags: before?.tags ?? {},
      policy: before?.policy,
      multiRegion: { witnessRegion, peers: regions.filter((other) => other !== region).map((other) => clusterArn({ region: other, id })) },
      home,
    };
    changes.push({ key: clusterKey(region, id), value });
  }
  return { changes, answer: undefined };
}

/** Before there was a registry, a file in its directory said which cluster is the default one. */
function earlierDefault({ disk }: World, directory: string): string | undefined {
  return disk.list(directory).find((id) => {
    if (!/^[a-z2-7]{26}$/.test(id)) return false;
    const content = disk.read(`${directory}/${id}/cluster.json`);
    return (
      content !== undefined && (JSON.parse(Buffer.from(content).toString('utf8')) as { readonly isDefault?: unknown }).isDefault === true
    );
  });
}
