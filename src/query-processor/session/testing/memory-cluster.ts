/**
 * A cluster of one node in memory, for tests: the real storage replica and query processor, and an adjudicator that decides at once by an
 * exact map of keys and applies to the replica in the same step.
 */
import type { Adjudicator, CommitRequest, KeyMode, Verdict } from '#adjudicator/adjudicator.ts';
import { realWorld, silentLog } from '#base/real-world.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { ReadPoint } from '#crossbar/crossbar.ts';
import type { Key } from '#sql/key.ts';
import type { Profile } from '#sql/settings.ts';
import { isSchemaKey } from '#sql/spaces.ts';
import { MemoryStore } from '#storage/memory-store.ts';
import { defaultReplicaOptions, Replica } from '#storage/replica.ts';
import { Activity } from '../../activity/activity.ts';
import { LocalQueryProcessor } from '../local-query-processor.ts';
import type { LocalSession } from '../session.ts';

/** Modes of earlier commits that each mode conflicts with. */
const conflicting: Readonly<Record<KeyMode, readonly KeyMode[]>> = {
  write: ['write', 'update', 'share'],
  update: ['write', 'update'],
  share: ['write'],
  read: ['write', 'update'],
  blind: [],
};

class ExactAdjudicator implements Adjudicator {
  readonly #replica: Replica;
  readonly #clock: World['clock'];
  readonly #marks = new Map<Key, Map<KeyMode, Timestamp>>();
  #last: Timestamp;
  #position = 0;
  /** Every request, in the order in which they came. */
  readonly requests: CommitRequest[] = [];

  constructor(replica: Replica, clock: World['clock']) {
    this.#replica = replica;
    this.#clock = clock;
    this.#last = clock.now();
  }

  async commit(request: CommitRequest): Promise<Verdict> {
    this.requests.push(request);
    const used = [...request.marks, ...request.writes];
    for (const { key, mode } of used)
      for (const [kind, timestamp] of this.#marks.get(key) ?? [])
        if (timestamp > request.snapshot && conflicting[mode].includes(kind))
          return { kind: 'conflict', code: isSchemaKey(key) ? 'OC001' : 'OC000', key, winner: timestamp };
    const timestamp = Math.max(this.#clock.now(), this.#last + 1);
    this.#last = timestamp;
    for (const { key, mode } of used) {
      if (mode === 'read' || mode === 'blind') continue;
      const marks = this.#marks.get(key) ?? new Map<KeyMode, Timestamp>();
      marks.set(mode, timestamp);
      this.#marks.set(key, marks);
    }
    const position = ++this.#position;
    const marks = request.marks.flatMap(({ key, mode }) => (mode === 'read' ? [] : [{ key, mode }]));
    const { transactionId, snapshot, writes } = request;
    this.#replica.apply({
      position,
      entry: { kind: 'commits', epoch: 1, records: [{ transactionId, timestamp, snapshot, writes, marks }] },
      hash: new Uint8Array(32),
    });
    return { kind: 'committed', timestamp, position };
  }
}

class LocalReadPoint implements ReadPoint {
  readonly epoch = 1;
  readonly #replica: Replica;
  /** undefined: everything applied is stable. */
  heldAt: Timestamp | undefined;
  #waiting: { readonly timestamp: Timestamp; readonly resolve: () => void }[] = [];

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  begin(): Timestamp {
    return this.#replica.appliedTimestamp;
  }

  get stable(): Timestamp {
    return this.heldAt ?? this.#replica.appliedTimestamp;
  }

  untilStable(timestamp: Timestamp): Promise<void> {
    if (timestamp <= this.stable) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ timestamp, resolve });
    });
  }

  /** Holds the stable mark where it is now, or (undefined) lets it follow again. */
  hold(at: Timestamp | undefined): void {
    this.heldAt = at;
    const ready = this.#waiting.filter((wait) => wait.timestamp <= this.stable);
    this.#waiting = this.#waiting.filter((wait) => wait.timestamp > this.stable);
    for (const wait of ready) wait.resolve();
  }
}

export class MemoryCluster {
  readonly world: World;
  readonly replica: Replica;
  readonly adjudicator: ExactAdjudicator;
  readonly readPoint: LocalReadPoint;
  readonly activity = new Activity();
  readonly queryProcessor: LocalQueryProcessor;

  private constructor(world: World, replica: Replica, profile: Profile) {
    this.world = world;
    this.replica = replica;
    this.adjudicator = new ExactAdjudicator(replica, world.clock);
    this.readPoint = new LocalReadPoint(replica);
    this.queryProcessor = new LocalQueryProcessor({
      world,
      storage: replica,
      readPoint: this.readPoint,
      adjudicator: this.adjudicator,
      profile,
      regionName: 'us-east-1',
      nodeName: 'us-east-1',
      temporaryDirectory: 'temporary',
      isMultiRegion: false,
      activity: this.activity,
    });
  }

  static async start(profile: Profile = 'open', world: World = realWorld({ log: silentLog })): Promise<MemoryCluster> {
    const replica = await Replica.open(new MemoryStore(), world, {
      ...defaultReplicaOptions,
      journalId: 'test',
      onFailure: (error) => {
        throw error;
      },
    });
    const cluster = new MemoryCluster(world, replica, profile);
    await cluster.queryProcessor.start();
    return cluster;
  }

  connect(options: ReadonlyMap<string, string> = new Map()): LocalSession {
    return this.queryProcessor.connect({ user: 'admin', database: 'postgres', applicationName: 'test', options });
  }

  async stop(): Promise<void> {
    await this.queryProcessor.stop();
  }
}
