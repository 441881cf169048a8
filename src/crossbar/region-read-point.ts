/**
 * A Region's ReadPoint: begins transactions at the local head under a lease, and asks the leader without one.
 *
 * The order is what makes it right (C3). With a lease: take the head, *then* look whether the lease is still valid; everything acknowledged before the
 * head was taken had been received here, however long a pause lies between. Without: the leader takes its head, *then* confirms that it leads.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timers, Timestamp } from '#base/world.ts';
import type { ReadPoint } from './crossbar.ts';
import type { RegionNode } from './region-node.ts';

/** The leader's answer to a node without a lease. */
export type LeaderHead = { readonly timestamp: Timestamp; readonly epoch: number };

export type RegionReadPointOptions = {
  /** The Region's node; another one after the Region was stopped and started. */
  readonly node: () => RegionNode;
  readonly timers: Timers;
  /** Rejects or throws an SqlError when no leader can be reached. */
  readonly askLeader: () => LeaderHead | Promise<LeaderHead>;
  readonly patienceMs: number;
};

export class RegionReadPoint implements ReadPoint {
  readonly #options: RegionReadPointOptions;
  #askedNext: Promise<Timestamp> | undefined;
  #asking: Promise<Timestamp> | undefined;

  constructor(options: RegionReadPointOptions) {
    this.#options = options;
  }

  get #node(): RegionNode {
    return this.#options.node();
  }

  get epoch(): number {
    return this.#node.epoch;
  }

  get stable(): Timestamp {
    return this.#node.stableMark.value;
  }

  untilStable(timestamp: Timestamp): Promise<void> {
    return this.#node.stableMark.until(timestamp);
  }

  // Hot: once a transaction.
  begin(): Timestamp | Promise<Timestamp> {
    const node = this.#options.node();
    const head = node.replica.appliedTimestamp;
    if (node.lease.valid !== 0) return head;
    return this.#askedNext ?? this.#ask();
  }

  /** One question is under way at a time; whoever comes meanwhile shares the next one, because its answer must be newer than they are. */
  #ask(): Timestamp | Promise<Timestamp> {
    if (this.#asking !== undefined) {
      const askNow = (): Timestamp | Promise<Timestamp> => this.#askNow();
      // Its patience begins now, not when the question under way has ended.
      this.#askedNext = this.#bounded(this.#asking.then(askNow, askNow));
      return this.#askedNext;
    }
    return this.#askNow();
  }

  #askNow(): Timestamp | Promise<Timestamp> {
    this.#askedNext = undefined;
    const answer = this.#askLeader();
    if (!(answer instanceof Promise)) {
      const waiting = this.#use(answer);
      if (waiting === undefined) return answer.timestamp;
    }
    const asking = this.#bounded(this.#used(answer)).finally(() => {
      if (this.#asking === asking) this.#asking = undefined;
    });
    this.#asking = asking;
    return asking;
  }

  #askLeader(): LeaderHead | Promise<LeaderHead> {
    try {
      return this.#options.askLeader();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #use(head: LeaderHead): Promise<void> | undefined {
    if (head.epoch > this.#node.epoch) this.#node.epoch = head.epoch;
    return this.#node.replica.untilApplied(head.timestamp);
  }

  async #used(answer: LeaderHead | Promise<LeaderHead>): Promise<Timestamp> {
    const head = await answer;
    await this.#use(head);
    return head.timestamp;
  }

  #bounded(answer: Promise<Timestamp>): Promise<Timestamp> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.timers.after(this.#options.patienceMs, () =>
        reject(new SqlError(sqlstate.cannotConnectNow, `Region ${this.#node.region} could not learn of the newest commits in time`)),
      );
      answer.then(resolve, reject).finally(cancel);
    });
  }
}
