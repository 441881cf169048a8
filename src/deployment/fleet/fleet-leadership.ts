/**
 * One leadership of a fleet: the adjudicator on this node, from its claim to its end, and what it says to the other nodes.
 *
 *   F1  A read lease is granted only after an append that was sent after the request came in is durable: whoever claims later waits a lease time from its own claim.
 *   F2  From the moment a node asks for a lease, commits wait for it; it gets the lease when it has received everything answered by then (read-leases.ts).
 *   F3  Nothing is answered before the leases of earlier leaderships must have run out (fleet-receipts.ts), unless the leader before this one has handed them over: then they are waited for as this one's.
 *       A hand-over counts only for the very next epoch, and is told when nothing is granted any more, by a leader that itself knows of all leases.
 *
 * It listens where its epoch is named, so that nobody takes it for another one.
 */
import type { CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import type { ConflictHistory } from '#adjudicator/conflict-history.ts';
import { type Leader, NotLeading, startLeader } from '#adjudicator/leader.ts';
import { ByteReader } from '#base/bytes.ts';
import type { Timestamp, World } from '#base/world.ts';
import { FleetReceipts, unknownLeasesMs } from '#crossbar/fleet-receipts.ts';
import type { LeaseTerms, SentAt } from '#crossbar/read-leases.ts';
import type { Journal, JournalPosition } from '#journal/journal.ts';
import { LargeMessageAssembler } from '#transport/large-messages.ts';
import type { Transport } from '#transport/transport.ts';
import type { LeaderDoor } from '../commit-path.ts';
import { nodeOf } from './node-life.ts';
import {
  decodeCommits,
  decodeFarewell,
  decodeHeartbeat,
  decodeReceipt,
  encodeGrant,
  encodeHead,
  encodeStable,
  encodeVerdicts,
  type HandOver,
  type Heartbeat,
  isMalformed,
  messageKind,
  type TransactionVerdict,
} from './node-messages.ts';
import { OnceATurn } from './once-a-turn.ts';
import type { ClusterSubjects } from './subjects.ts';

export type FleetLeadershipOptions = {
  readonly world: World;
  readonly journal: Journal;
  readonly transport: Transport;
  readonly subjects: ClusterSubjects;
  /** This node, in this life (node-life.ts). */
  readonly node: string;
  readonly terms: LeaseTerms;
  /** What a leader that stopped has told; it counts if it was the last one. */
  readonly handOver: HandOver | undefined;
  /** Kept up to date by this node; the leader's from now on. */
  readonly history: ConflictHistory;
  readonly windowMs: number;
  /** What the leader says to its own node, without a way over the network. */
  readonly toOwnNode: {
    readonly grant: (number: number, sentAt: SentAt, epoch: number) => void;
    readonly stable: (stable: Timestamp) => void;
  };
  /** This leadership has ended by itself. */
  readonly onStopped: (reason: string) => void;
  /** Breaks the rules on purpose, for the simulator alone. */
  readonly faults?: FleetFaults;
};

/** Rules that the simulator leaves out, one at a time, to see that its checks notice. */
export type FleetFaults = {
  readonly skipLeaseWait?: boolean;
  readonly skipReceipts?: boolean;
  readonly skipConflictCheck?: boolean;
  readonly grantUnconfirmed?: boolean;
  readonly skipInheritance?: boolean;
  readonly skipFencing?: boolean;
  readonly skipDurability?: boolean;
};

/** Enough to fill a journey between Regions with batches. */
const appendsUnderWay = 8;
/** Transactions that are being put together: a few of the largest. */
const assembledBytes = 64 * 2 ** 20;
const assembledRequests = 256;
/** Of verdicts that go together: well below what a message may hold. */
const togetherBytes = 128 * 1024;
/** Of one verdict, about; a conflict names its key. */
const verdictBytes = 256;

/** Claims the journal. Rejects with ClaimLost when somebody else has just done so. */
export async function beginFleetLeadership(options: FleetLeadershipOptions): Promise<FleetLeadership> {
  const { world, journal, transport, terms, history, faults } = options;
  const hadLeader = journal.lastPosition > 0;
  // The leader's epoch is known once it has claimed; what it announces and answers comes later.
  const parts: { leadership?: FleetLeadership } = {};
  await history.catchUp(journal);
  const receipts = new FleetReceipts({
    clock: world.clock,
    timers: world.timers,
    terms,
    epoch: history.epoch + 1,
    isConnected: () => transport.isConnected,
    announce: (stable) => parts.leadership?.announce(stable),
    skipReceipts: faults?.skipReceipts ?? false,
  });
  let leader: Leader;
  try {
    leader = await startLeader({
      world,
      journal,
      receipts,
      exclusive: false,
      leadershipMs: terms.leaseMs,
      appendsUnderWay,
      windowMs: options.windowMs,
      history,
      onStopped: (reason) => parts.leadership?.stopped(reason),
      skipConflictCheck: faults?.skipConflictCheck ?? false,
      skipFencing: faults?.skipFencing ?? false,
      skipDurability: faults?.skipDurability ?? false,
    });
  } catch (error) {
    receipts.close();
    throw error;
  }
  parts.leadership = new FleetLeadership(options, leader, receipts);
  const handOver = options.handOver?.epoch === leader.epoch - 1 ? options.handOver : undefined;
  if (handOver !== undefined && faults?.skipInheritance !== true) receipts.leases.inherit(handOver.leases, leader.claimPosition);
  const isKnown = !hadLeader || handOver !== undefined || faults?.skipLeaseWait === true;
  parts.leadership.begin(isKnown ? 0 : unknownLeasesMs(terms));
  return parts.leadership;
}

export class FleetLeadership implements LeaderDoor {
  readonly leader: Leader;
  readonly #options: FleetLeadershipOptions;
  readonly #receipts: FleetReceipts;
  readonly #assembler = new LargeMessageAssembler(assembledBytes, assembledRequests);
  /** How far each node that has been heard of needs the journal, and when it was heard last (monotonic clock). */
  readonly #nodes = new Map<string, { readonly flushed: JournalPosition; readonly heardMs: number }>();
  /** What goes to each node. */
  readonly #verdicts = new Map<string, OnceATurn<TransactionVerdict>>();
  #stopListening: () => void = () => {};

  constructor(options: FleetLeadershipOptions, leader: Leader, receipts: FleetReceipts) {
    this.#options = options;
    this.leader = leader;
    this.#receipts = receipts;
  }

  begin(quietMs: number): void {
    const { transport, subjects } = this.#options;
    this.#stopListening = transport.listen(subjects.leader(this.leader.epoch), (message, answer) => this.#take(message, answer));
    this.#receipts.begin(quietMs);
    this.leader.begin();
  }

  get isStopped(): boolean {
    return this.leader.stopped;
  }

  commit(request: CommitRequest): Promise<Verdict> {
    return this.leader.commit(request);
  }

  /** undefined when it leads no more. */
  async head(): Promise<Timestamp | undefined> {
    try {
      return await this.leader.confirmedHead();
    } catch (error) {
      if (!(error instanceof NotLeading)) throw error;
      return undefined;
    }
  }

  /** Nodes heard of within `withinMs`, and up to where they need the journal no more. */
  flushedPositions(withinMs: number): readonly JournalPosition[] {
    const nowMs = this.#options.world.clock.monotonicMs();
    for (const [node, { heardMs }] of this.#nodes) if (nowMs - heardMs > withinMs) this.#nodes.delete(node);
    return [...this.#nodes.values()].map(({ flushed }) => flushed);
  }

  announce(stable: Timestamp): void {
    const { transport, subjects, toOwnNode } = this.#options;
    toOwnNode.stable(stable);
    transport.send(subjects.stable, encodeStable({ epoch: this.leader.epoch, stable }));
  }

  heartbeat(heartbeat: Heartbeat): void {
    const { node, sentAt, received, flushed, wantsLease } = heartbeat;
    if (this.leader.stopped) return;
    this.#nodes.set(nodeOf(node), { flushed, heardMs: this.#options.world.clock.monotonicMs() });
    if (!wantsLease) {
      this.received(node, received);
      return;
    }
    const { leader } = this;
    const number = this.#receipts.leases.ask(node, sentAt, received, Math.max(leader.claimPosition, leader.answeredPosition));
    if (number !== undefined) this.#grant(node, number, sentAt);
    this.received(node, received);
  }

  // Hot: once a batch and node.
  received(node: string, position: JournalPosition): void {
    if (this.leader.stopped) return;
    const granted = this.#receipts.received(node, position);
    if (granted !== undefined) this.#grant(node, granted.number, granted.sentAt);
  }

  release(node: string): void {
    this.#receipts.release(node);
  }

  stopped(reason: string): void {
    this.#close();
    this.#options.onStopped(reason);
  }

  /** Answers what is under way if it can, for at most `patienceMs`, and leads no more. What its successor may know; undefined if this leadership does not know it itself, or has ended before. */
  async end(reason: string, patienceMs: number): Promise<HandOver | undefined> {
    const patience = new AbortController();
    const { timers } = this.#options.world;
    await Promise.race([this.leader.drained(), timers.sleep(patienceMs, patience.signal).catch(() => {})]);
    patience.abort();
    const wasLeading = !this.leader.stopped && this.#receipts.knowsAllLeases;
    this.leader.stop(reason);
    const handOver = wasLeading ? { epoch: this.leader.epoch, leases: this.#receipts.leases.outstanding() } : undefined;
    this.#close();
    return handOver;
  }

  #close(): void {
    this.#stopListening();
    this.#receipts.close();
  }

  /** F1. */
  #grant(node: string, number: number, sentAt: SentAt): void {
    const { epoch } = this.leader;
    const send = (): void => {
      if (node === this.#options.node) this.#options.toOwnNode.grant(number, sentAt, epoch);
      else this.#options.transport.send(this.#options.subjects.node(node), encodeGrant({ epoch, number, sentAt }));
    };
    if (this.#options.faults?.grantUnconfirmed === true) send();
    else this.leader.confirm().then(send, (error: Error) => this.#notLeading(error));
  }

  #take(message: Uint8Array, answer: (message: Uint8Array) => void): void {
    try {
      const whole = this.#assembler.take(message);
      if (whole !== undefined) this.#answer(new ByteReader(whole), answer);
    } catch (error) {
      if (!isMalformed(error)) throw error;
      this.#options.world.log.warn('a message to the adjudicator could not be read', { error: error.message });
    }
  }

  #answer(reader: ByteReader, answer: (message: Uint8Array) => void): void {
    switch (reader.uint8()) {
      case messageKind.heartbeat:
        this.heartbeat(decodeHeartbeat(reader));
        break;
      case messageKind.receipt: {
        const { node, position } = decodeReceipt(reader);
        this.received(node, position);
        break;
      }
      case messageKind.farewell:
        this.release(decodeFarewell(reader));
        break;
      case messageKind.head:
        void this.head().then((head) => answer(encodeHead(head)));
        break;
      case messageKind.commits: {
        const { node, requests } = decodeCommits(reader);
        const verdicts = this.#verdictsTo(node);
        for (const request of requests) {
          const { transactionId } = request;
          this.leader.commit(request).then((verdict) => verdicts.add({ transactionId, verdict }, verdictBytes));
        }
        break;
      }
      default:
        this.#options.world.log.debug('a message of unknown kind to the adjudicator is passed over');
    }
  }

  #verdictsTo(node: string): OnceATurn<TransactionVerdict> {
    const known = this.#verdicts.get(node);
    if (known !== undefined) return known;
    const { world, transport, subjects } = this.#options;
    const made = new OnceATurn<TransactionVerdict>(world.timers, togetherBytes, (verdicts) =>
      transport.send(subjects.node(node), encodeVerdicts(this.leader.epoch, verdicts)),
    );
    this.#verdicts.set(node, made);
    return made;
  }

  #notLeading(error: Error): void {
    if (!(error instanceof NotLeading)) throw error;
  }
}
