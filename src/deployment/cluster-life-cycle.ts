/**
 * Brings clusters from the statuses that end by themselves to the ones that last: CREATING, UPDATING, DELETING, and the making and removing of journals.
 *
 *   CL1  What is to be done stands in the registry before it is begun, and is struck out after it is done. So after a crash at any point the same work is
 *        begun again, and each piece of it may be done twice: a journal that is being made is made from nothing, one that is being removed is removed.
 *   CL2  A status says no more than what is there: ACTIVE is written after the journal is durable, the record goes after the files are gone.
 */
import type { World } from '#base/world.ts';
import { streamGone, streamStarted } from './change-streams/stream-changes.ts';
import { type ClusterCopy, OriginLost } from './cluster-copy.ts';
import type { ClusterHost } from './cluster-host.ts';
import { type ClusterRecord, clusterKey, type JournalRecord, journalKey, type StreamRecord } from './cluster-records.ts';
import type { ClusterRegistry, RegistryChange } from './cluster-registry.ts';
import type { RecoveryPoints } from './recovery-points.ts';

/** After a failure (a full disk, say) it is tried again so often. */
const retryMs = 2_000;
/** Clusters that are made or removed at once. */
const atOnce = 4;
/** A copy that has failed for so long is given up. */
const lastingMs = 3_000;

export type ClusterLifeCycleOptions = {
  readonly world: World;
  readonly registry: ClusterRegistry;
  readonly host: ClusterHost;
  readonly recoveryPoints: RecoveryPoints;
  /** A cluster's journal has more streams, or fewer. */
  readonly retentionChanged: (home: string) => void;
  /** Ends the connections of an endpoint that is going away. */
  readonly closeEndpoint: (cluster: ClusterRecord) => void;
};

export class ClusterLifeCycle {
  readonly #options: ClusterLifeCycleOptions;
  #settling: Promise<void> | undefined;
  #again = false;
  #cancelRetry: () => void = () => {};
  #isClosed = false;
  #failure: Error | undefined;
  /** Of copies, by the home that they are to fill. */
  readonly #failingSince = new Map<string, number>();

  constructor(options: ClusterLifeCycleOptions) {
    this.#options = options;
  }

  /** Does all that is to be done; resolves when nothing is left, or what is left has to be tried again later. */
  settle(): Promise<void> {
    this.#again = true;
    this.#settling ??= this.#run();
    return this.#settling;
  }

  /** Why something had to be left for later. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    await this.#settling;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#isClosed) {
      this.#again = false;
      try {
        await this.#round();
        this.#failure = undefined;
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#options.world.log.error('a change of a cluster could not be finished; it is tried again', { error: String(error) });
        this.#cancelRetry();
        this.#cancelRetry = this.#options.world.timers.after(retryMs, () => void this.settle());
        // What has been asked for meanwhile does not wait for the retry.
      }
    }
    // In the same step as the end of the loop: who calls settle() next must not be given this run.
    this.#settling = undefined;
  }

  async #round(): Promise<void> {
    const { registry } = this.#options;
    const failures = await this.#sideBySide(registry.journals().filter(({ state }) => state !== 'ready'));
    if (this.#isClosed) return;
    for (const { region, id, status, home } of registry.clusters()) {
      if (status === 'UPDATING' && home !== undefined) await this.#change(region, id, 'UPDATING', 'ACTIVE');
      else if (status === 'DELETING' && home === undefined) await this.#change(region, id, 'DELETING', undefined);
      else if (status === 'PENDING_DELETE') this.#options.closeEndpoint(registry.get(region, id));
    }
    for (const stream of registry.streams()) await this.#settleStream(stream);
    if (failures.length > 0) throw failures[0];
  }

  /** What is to be done to one cluster waits for no other, but that so many are worked at at once; what has failed is given back when all are done. */
  async #sideBySide(journals: readonly JournalRecord[]): Promise<readonly unknown[]> {
    const waiting = [...journals];
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (let journal = waiting.shift(); journal !== undefined && !this.#isClosed; journal = waiting.shift()) {
        try {
          await (journal.state === 'making' ? this.#make(journal) : this.#remove(journal));
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return failures;
  }

  async #make(journal: JournalRecord): Promise<void> {
    const { registry, host, closeEndpoint } = this.#options;
    for (const member of registry.membersOf(journal.home)) closeEndpoint(member);
    try {
      await host.prepare(journal, await this.#contentOf(journal));
    } catch (error) {
      if (!(error instanceof Error) || !this.#isLasting(journal, error)) throw error;
      await this.#giveUp(journal, error);
      return;
    }
    this.#failingSince.delete(journal.home);
    await registry.change(() => {
      // It may have been deleted meanwhile.
      if (registry.journal(journal.home)?.state !== 'making') return { changes: [], answer: undefined };
      const members = registry.membersOf(journal.home).filter(({ status }) => status === 'CREATING');
      return {
        changes: [
          { key: journalKey(journal.home), value: { ...journal, state: 'ready' } },
          ...members.map(
            (member): RegistryChange => ({ key: clusterKey(member.region, member.id), value: { ...member, status: 'ACTIVE' } }),
          ),
        ],
        answer: undefined,
      };
    });
    this.#again = true;
  }

  async #settleStream(stream: StreamRecord): Promise<void> {
    const { registry, host, retentionChanged } = this.#options;
    const cluster = registry.find(stream.region, stream.clusterId);
    const journal = cluster?.home === undefined ? undefined : registry.journal(cluster.home);
    if (stream.status === 'DELETING' || cluster === undefined) {
      await registry.change(() => streamGone(stream));
      if (journal !== undefined) retentionChanged(journal.home);
    } else if (stream.status === 'CREATING' && journal?.state === 'ready') {
      // The past is retained before the place is looked up: nothing behind it can be gone then.
      retentionChanged(journal.home);
      const start = (await host.open(journal)).journalEnd;
      if (start !== undefined) await registry.change(() => streamStarted(registry, stream, start));
    }
  }

  async #contentOf({ origin }: JournalRecord): Promise<ClusterCopy | undefined> {
    const { registry, host, recoveryPoints } = this.#options;
    if (origin === undefined) return undefined;
    if (origin.kind === 'recovery-point') return recoveryPoints.content(origin.id);
    const source = registry.journal(origin.home);
    if (source?.state !== 'ready') throw new OriginLost(`the cluster ${origin.home}, of which this was to be a copy, is gone`);
    return (await host.open(source)).copy(origin.at);
  }

  /** What is gone stays gone. A copy that fails again and again (the disk is full) ends too, and gives back the room that it has taken; an empty cluster waits. */
  #isLasting({ home, origin }: JournalRecord, error: Error): boolean {
    if (error instanceof OriginLost) return true;
    if (origin === undefined || this.#isClosed) return false;
    const nowMs = this.#options.world.clock.monotonicMs();
    const firstMs = this.#failingSince.get(home) ?? nowMs;
    this.#failingSince.set(home, firstMs);
    return nowMs - firstMs >= lastingMs;
  }

  /** What it was to begin with cannot be had: the clusters have failed, say why, and can be deleted. */
  async #giveUp(journal: JournalRecord, reason: Error): Promise<void> {
    const { registry, world } = this.#options;
    world.log.error('a cluster could not be made', { cluster: journal.home, error: reason.message });
    this.#failingSince.delete(journal.home);
    await registry.change(() => ({
      changes: [
        { key: journalKey(journal.home), value: { ...journal, state: 'removing' } },
        ...registry.membersOf(journal.home).map(
          (member): RegistryChange => ({
            key: clusterKey(member.region, member.id),
            value: { ...member, status: 'FAILED', home: undefined, failure: reason.message },
          }),
        ),
      ],
      answer: undefined,
    }));
    this.#again = true;
  }

  async #remove(journal: JournalRecord): Promise<void> {
    const { registry, host, closeEndpoint } = this.#options;
    for (const member of registry.membersOf(journal.home)) closeEndpoint(member);
    await host.remove(journal.home);
    await registry.change(() => ({
      changes: [
        { key: journalKey(journal.home), value: undefined },
        ...registry
          .membersOf(journal.home)
          .map((member): RegistryChange => ({ key: clusterKey(member.region, member.id), value: undefined })),
      ],
      answer: undefined,
    }));
  }

  /** From one status to the next (undefined: gone), unless something else has happened to it meanwhile. */
  #change(region: string, id: string, from: ClusterRecord['status'], to: ClusterRecord['status'] | undefined): Promise<undefined> {
    const { registry } = this.#options;
    return registry.change(() => {
      const before = registry.find(region, id);
      if (before?.status !== from) return { changes: [], answer: undefined };
      const value = to === undefined ? undefined : { ...before, status: to };
      return { changes: [{ key: clusterKey(region, id), value }], answer: undefined };
    });
  }
}
