/**
 * One node's part in a cluster of a fleet: it follows the journal, holds a read lease while it is used, stands for the adjudicator's office, and leads when it has it.
 *
 *        this node                                              the leader (this node, or another)
 *   journal ─► delivery ─► RegionNode ─► replica          claim ─► journal ◄─ batches
 *                             │  receipts, heartbeats ──────────────► FleetReceipts ─► Leader
 *                             ◄────────── grants, stable marks ───────────┘   ▲
 *   sessions ─► CommitPath ─── commit requests ───────────────────────────────┘
 *
 * Who leads is written in the journal: the leader of the last claim that counts, as read here. The office is only who should try next. Every exchange may be lost; it is then
 * repeated, by the next heartbeat or under the same transaction id.
 */
import { ConflictHistory } from '#adjudicator/conflict-history.ts';
import { ClaimLost } from '#adjudicator/leader.ts';
import { ByteReader } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Clock, Timestamp, World } from '#base/world.ts';
import type { ReadPoint, Replica } from '#crossbar/crossbar.ts';
import { Delivery } from '#crossbar/delivery.ts';
import type { LeaseTerms } from '#crossbar/read-leases.ts';
import { RegionNode } from '#crossbar/region-node.ts';
import { type LeaderHead, RegionReadPoint } from '#crossbar/region-read-point.ts';
import type { Journal, JournalPosition } from '#journal/journal.ts';
import { LargeMessages } from '#transport/large-messages.ts';
import type { Office, Transport } from '#transport/transport.ts';
import { CommitPath, type LeaderDoor } from '../commit-path.ts';
import { truncationPoint, WindowStart } from '../window-start.ts';
import { beginFleetLeadership, type FleetFaults, type FleetLeadership } from './fleet-leadership.ts';
import { newLife } from './node-life.ts';
import {
  decodeGrant,
  decodeHandOver,
  decodeHead,
  decodeStable,
  decodeVerdicts,
  encodeFarewell,
  encodeHandOver,
  encodeHeartbeat,
  encodeReceipt,
  type HandOver,
  type Heartbeat,
  headQuestion,
  isMalformed,
  messageKind,
} from './node-messages.ts';
import { RemoteLeader } from './remote-leader.ts';
import { ClusterSubjects } from './subjects.ts';

/** A journal that other nodes append to as well. */
export interface SharedJournal extends Journal {
  /** Of the last claim that counts; 0 before the first. */
  readonly lastEpoch: number;
  /** Learns what another node has given up, and how many bytes are kept. Rejects when that cannot be asked now. */
  refresh(): Promise<{ readonly bytes: number }>;
}

export type FleetCommitPathOptions = {
  readonly world: World;
  readonly clusterId: string;
  readonly node: string;
  readonly region: string;
  readonly journal: SharedJournal;
  /** Checked against the journal. */
  readonly replica: Replica;
  readonly transport: Transport;
  readonly office: Office;
  readonly onFailure: (error: Error) => void;
  readonly terms?: LeaseTerms;
  readonly windowMs?: number;
  /** How long a commit waits for its outcome; 15 s. */
  readonly patienceMs?: number;
  /** How long a statement waits to learn of the newest commits, or that what it has read is stable; 6 s. */
  readonly readPatienceMs?: number;
  /** Between two tries for the office; 250 ms. */
  readonly officeMs?: number;
  /** A message may hold so many bytes; 1 MiB less a margin. */
  readonly messageBytes?: number;
  /** For the simulator: nodes whose clocks differ. */
  readonly clock?: Clock;
  readonly faults?: FleetFaults;
};

/** Shorter than in one process: a lost adjudicator costs its office's limit and a lease time. */
export const fleetTerms: LeaseTerms = { leaseMs: 1200, driftMs: 100 };
const usualPatienceMs = 15_000;
/** Longer than a change of adjudicator takes. */
const usualReadPatienceMs = 6000;
const usualWindowMs = 360_000;
/** Without a new transaction for so long a node lets its lease go: commits need not wait for it, and an idle cluster's journal stands still. */
const idleMs = 10_000;
/** A node that is not heard of for so long does not hold up truncation: it comes back by way of a checkpoint. */
const expelledMs = 600_000;

export class FleetCommitPath {
  readonly readPoint: ReadPoint;
  readonly adjudicator: CommitPath;
  readonly #options: FleetCommitPathOptions;
  /** By what the leader knows this node: its process, for what one has received the next one has to receive again. */
  readonly #life: string;
  readonly #world: World;
  readonly #terms: LeaseTerms;
  readonly #patienceMs: number;
  readonly #subjects: ClusterSubjects;
  readonly #messages: LargeMessages;
  readonly #node: RegionNode;
  readonly #delivery: Delivery;
  readonly #window: WindowStart;
  readonly #stops: (() => void)[] = [];
  readonly #changed = new Set<() => void>();
  #history: ConflictHistory;
  #followsHistory = false;
  #leadership: FleetLeadership | undefined;
  #epochSeen = 0;
  #remote: RemoteLeader | undefined;
  #lastUsedMs = Number.NEGATIVE_INFINITY;
  #cancelHeartbeat: () => void = () => {};
  #cancelOffice: () => void = () => {};
  #standing = false;
  /** Of the last leader that has stopped in good order. */
  #handOver: HandOver | undefined;
  #closed = false;

  constructor(options: FleetCommitPathOptions) {
    const { world, journal, replica, node } = options;
    this.#options = options;
    this.#life = newLife(node, world.random);
    this.#world = world;
    this.#terms = options.terms ?? fleetTerms;
    this.#patienceMs = options.patienceMs ?? usualPatienceMs;
    this.#subjects = new ClusterSubjects(options.clusterId);
    this.#messages = new LargeMessages(options.transport, world.random, options.messageBytes ?? 2 ** 20 - 4096);
    this.#window = new WindowStart((options.windowMs ?? usualWindowMs) * 1000);
    this.#history = this.#newHistory();
    this.#node = new RegionNode({
      region: options.region,
      replica,
      clock: this.#clock,
      timers: world.timers,
      terms: this.#terms,
      patienceMs: options.readPatienceMs ?? usualReadPatienceMs,
      onFailure: options.onFailure,
    });
    this.#node.onReceived = (position) => this.#received(position);
    this.#delivery = new Delivery({
      journal,
      network: { isConnected: () => true, send: (_from, _to, deliver) => deliver() },
      from: node,
      to: node,
      receive: (entries) => this.#node.receive(entries),
      nextPosition: this.#node.nextPosition,
      yieldTurn: () => world.timers.yield(),
      onFailure: options.onFailure,
    });
    this.readPoint = this.#makeReadPoint();
    this.adjudicator = new CommitPath({
      timers: world.timers,
      patienceMs: this.#patienceMs,
      leader: () => this.#leaderDoor(),
      mayHaveLeader: () => !this.#closed && options.transport.isConnected,
      untilChange: () => this.#untilChangeOrAWhile(),
    });
  }

  /** Follows the journal and stands for office; resolves when the replica has applied what the journal held, and somebody leads. */
  async start(): Promise<void> {
    const { journal, transport } = this.#options;
    this.#stops.push(
      journal.onGrow(() => this.#grown()),
      transport.onChange(() => this.#tellChanged()),
      transport.listen(this.#subjects.node(this.#life), (message) => this.#take(message)),
      transport.listen(this.#subjects.stable, (message) => this.#take(message)),
    );
    this.#epochSeen = journal.lastEpoch;
    this.#delivery.resume(this.#node.nextPosition);
    this.#followHistory();
    this.#stand();
    this.#heartbeat();
    while (!this.#closed && this.#node.received < journal.lastPosition) await this.#untilChangeOrAWhile();
    while (!this.#closed && journal.lastEpoch === 0) await this.#untilChangeOrAWhile();
  }

  get isLeader(): boolean {
    return this.#leadership !== undefined && !this.#leadership.isStopped;
  }

  get epoch(): number {
    return this.#options.journal.lastEpoch;
  }

  get hasLease(): boolean {
    return this.#node.lease.valid !== 0;
  }

  /** Hands the adjudicator's office on, and leaves. Sessions must be closed before. The journal stays open: it is its owner's. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelHeartbeat();
    this.#cancelOffice();
    this.#node.lease.drop();
    this.#remote?.end();
    this.#say(encodeFarewell(this.#life));
    const leadership = this.#leadership;
    if (leadership !== undefined) {
      leadership.release(this.#life);
      const handOver = await leadership.end('the node is being stopped', this.#patienceMs);
      await this.#options.office
        .leave()
        .catch((error: Error) => this.#world.log.info('the office could not be left', { error: error.message }));
      if (handOver !== undefined) this.#options.transport.send(this.#subjects.stable, encodeHandOver(handOver));
    }
    for (const stop of this.#stops.splice(0)) stop();
    this.#delivery.close();
    this.#node.close();
    this.#tellChanged();
  }

  /** Cuts the journal below a checkpoint, as far as nodes and conflict window allow. Only the leader does. */
  async truncateJournal(checkpoint: JournalPosition): Promise<void> {
    const leadership = this.#leadership;
    if (leadership === undefined || leadership.isStopped) return;
    const { journal } = this.#options;
    const flushed = [...leadership.flushedPositions(expelledMs), this.#node.replica.flushedPosition];
    const keep = Math.min(checkpoint, truncationPoint(flushed, this.#window.before(leadership.leader.head)));
    if (keep > journal.firstPosition) await journal.truncateBefore(keep);
  }

  get #clock(): Clock {
    return this.#options.clock ?? this.#world.clock;
  }

  // --- following ---

  #grown(): void {
    const { journal } = this.#options;
    this.#window.note(journal.lastPosition, this.#node.replica.appliedTimestamp);
    if (!this.#followsHistory) this.#followHistory();
    if (journal.lastEpoch === this.#epochSeen) return;
    this.#epochSeen = journal.lastEpoch;
    this.#remote?.end();
    this.#giveWay();
    this.#tellChanged();
    // A new leader does not know this node yet.
    this.#heartbeat();
  }

  /** A leader that nobody asks would not notice by itself that it has been deposed, and keep the office from whoever could lead. */
  #giveWay(): void {
    const own = this.#leadership;
    if (own !== undefined && own.leader.epoch < this.#options.journal.lastEpoch) own.leader.deposed();
  }

  /** In the background, so that nothing waits for it; the leader's own table is its own. */
  #followHistory(): void {
    if (this.#leadership !== undefined || this.#closed) return;
    this.#followsHistory = true;
    const { journal } = this.#options;
    const first = this.#history.position === 0 ? journal.refresh() : undefined;
    Promise.resolve(first)
      .then(() => this.#history.catchUp(journal))
      .catch((error: Error) =>
        this.#world.log.warn('the conflict window could not be followed; it is read again when it is needed', { error: error.message }),
      )
      .finally(() => {
        this.#followsHistory = false;
      });
  }

  // Hot: once a batch.
  #received(position: JournalPosition): void {
    this.#delivery.confirm(position);
    if (this.#leadership !== undefined) this.#leadership.received(this.#life, position);
    else this.#say(encodeReceipt({ node: this.#life, position }));
    if (this.#changed.size > 0) this.#tellChanged();
  }

  #heartbeat(): void {
    this.#cancelHeartbeat();
    if (this.#closed) return;
    const wantsLease = this.#world.clock.monotonicMs() - this.#lastUsedMs < idleMs;
    const heartbeat: Heartbeat = {
      node: this.#life,
      sentAt: this.#node.lease.sentNow(),
      received: this.#node.received,
      flushed: this.#node.replica.flushedPosition,
      wantsLease,
    };
    if (this.#leadership !== undefined) this.#leadership.heartbeat(heartbeat);
    else this.#say(encodeHeartbeat(heartbeat));
    const everyMs = wantsLease ? this.#terms.leaseMs / 4 : this.#terms.leaseMs * 2;
    this.#cancelHeartbeat = this.#world.timers.after(everyMs, () => this.#heartbeat());
  }

  /** To whoever leads, as far as is known here; lost when that is nobody. */
  #say(message: Uint8Array): void {
    const { journal } = this.#options;
    if (journal.lastEpoch > 0) this.#messages.send(this.#subjects.leader(journal.lastEpoch), message);
  }

  #take(message: Uint8Array): void {
    try {
      this.#hear(message);
    } catch (error) {
      if (!isMalformed(error)) throw error;
      this.#world.log.warn('a message of the adjudicator could not be read', { error: error.message });
    }
  }

  #hear(message: Uint8Array): void {
    const reader = new ByteReader(message);
    const kind = reader.uint8();
    if (kind === messageKind.grant) {
      const { number, sentAt, epoch } = decodeGrant(reader);
      this.#node.grant(number, sentAt, epoch);
    } else if (kind === messageKind.stable) {
      this.#node.announced(decodeStable(reader).stable);
    } else if (kind === messageKind.handOver) {
      this.#handOver = decodeHandOver(reader);
      this.#stand(0);
    } else if (kind === messageKind.verdicts) {
      const { epoch, verdicts } = decodeVerdicts(reader);
      if (this.#remote?.epoch === epoch) this.#remote.answered(verdicts);
    }
  }

  // --- sessions ---

  #makeReadPoint(): ReadPoint {
    const { journal } = this.#options;
    const readPoint = new RegionReadPoint({
      node: () => this.#node,
      timers: this.#world.timers,
      patienceMs: this.#options.readPatienceMs ?? usualReadPatienceMs,
      askLeader: () => this.#askLeader(),
    });
    const used = (): void => {
      const nowMs = this.#world.clock.monotonicMs();
      const wasIdle = nowMs - this.#lastUsedMs >= idleMs;
      this.#lastUsedMs = nowMs;
      if (wasIdle) this.#heartbeat();
    };
    return {
      begin: () => {
        used();
        return readPoint.begin();
      },
      // That of the claim read last, even under a lease of the leader before: a lease is about reading, the epoch about who may still write what is sent now.
      get epoch() {
        return journal.lastEpoch;
      },
      get stable() {
        return readPoint.stable;
      },
      untilStable: (timestamp) => readPoint.untilStable(timestamp),
    };
  }

  async #askLeader(): Promise<LeaderHead> {
    for (;;) {
      if (this.#closed || !this.#options.transport.isConnected) throw cutOff(this.#options.region);
      const epoch = this.#options.journal.lastEpoch;
      const timestamp = await this.#headOf(epoch);
      if (timestamp !== undefined) return { timestamp, epoch };
      await this.#untilChangeOrAWhile();
    }
  }

  async #headOf(epoch: number): Promise<Timestamp | undefined> {
    const own = this.#leadership;
    if (own !== undefined && own.leader.epoch === epoch) return own.head();
    if (epoch === 0) return undefined;
    const answer = await this.#messages.request(this.#subjects.leader(epoch), headQuestion(), 2000);
    return answer === undefined ? undefined : decodeHead(new ByteReader(answer));
  }

  #leaderDoor(): LeaderDoor | undefined {
    const own = this.#leadership;
    if (own !== undefined && !own.isStopped) return own;
    const epoch = this.#options.journal.lastEpoch;
    if (epoch === 0 || own?.leader.epoch === epoch) return undefined;
    if (this.#remote?.epoch !== epoch)
      this.#remote = new RemoteLeader({
        epoch,
        node: this.#life,
        messages: this.#messages,
        subjects: this.#subjects,
        timers: this.#world.timers,
        clock: this.#world.clock,
        isOver: () => this.#options.journal.lastEpoch > epoch,
      });
    return this.#remote;
  }

  // --- standing for office ---

  #stand(afterMs = this.#options.officeMs ?? 250): void {
    this.#cancelOffice();
    if (this.#closed) return;
    this.#cancelOffice = this.#world.timers.after(afterMs, () => {
      this.#standOnce()
        .catch((error: Error) => this.#world.log.info('the office could not be asked for; it is tried again', { error: error.message }))
        .finally(() => this.#stand());
    });
  }

  async #standOnce(): Promise<void> {
    if (this.#standing) return;
    this.#standing = true;
    try {
      if (!(await this.#options.office.hold()) || this.#closed || this.#leadership !== undefined) return;
      await this.#claim();
    } finally {
      this.#standing = false;
    }
  }

  async #claim(): Promise<void> {
    const { world, journal, transport, faults } = this.#options;
    const history = this.#history;
    try {
      const leadership = await beginFleetLeadership({
        world: this.#options.clock === undefined ? world : { ...world, clock: this.#options.clock },
        journal,
        transport,
        subjects: this.#subjects,
        node: this.#life,
        terms: this.#terms,
        handOver: this.#handOver,
        history,
        windowMs: this.#options.windowMs ?? usualWindowMs,
        toOwnNode: {
          grant: (number, sentAt, epoch) => this.#node.grant(number, sentAt, epoch),
          stable: (stable) => this.#node.announced(stable),
        },
        onStopped: () => this.#leadershipEnded(),
        ...(faults === undefined ? {} : { faults }),
      });
      this.#leadership = leadership;
      this.#giveWay();
    } catch (error) {
      if (!(error instanceof ClaimLost)) throw error;
      return;
    }
    this.#tellChanged();
    this.#heartbeat();
  }

  #leadershipEnded(): void {
    this.#leadership = undefined;
    // What it had decided and not written is in that table.
    this.#history = this.#newHistory();
    this.#tellChanged();
    if (!this.#closed) {
      this.#followHistory();
      this.#heartbeat();
    }
  }

  #newHistory(): ConflictHistory {
    return new ConflictHistory(this.#world.random, { windowMs: this.#options.windowMs ?? usualWindowMs });
  }

  // --- waiting ---

  #tellChanged(): void {
    for (const callback of [...this.#changed]) callback();
  }

  /** Until something has changed, and at most a while: a leader may have come and gone unheard. */
  #untilChangeOrAWhile(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#changed.delete(done);
        cancel();
        resolve();
      };
      const cancel = this.#world.timers.after(200, done);
      this.#changed.add(done);
    });
  }
}

const cutOff = (region: string): SqlError =>
  new SqlError(sqlstate.cannotConnectNow, `Region ${region} cannot reach a quorum of the cluster's Regions`);
