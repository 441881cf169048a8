/**
 * A node's Adjudicator: carries requests to the leader, wherever that is, and verdicts back.
 *
 * A request whose answer was lost, or whose leader has stopped, is asked again under its transaction id, of the same leader or its successor, until somebody
 * knows: the first answer (A6), or `tooOld`, because a later epoch has been claimed and the record is not before the claim. Only when that takes too
 * long is the answer `unknown`; it is never guessed.
 */
import type { Adjudicator, CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import type { Timers } from '#base/world.ts';

/** The leader as a node can ask it. */
export interface LeaderDoor {
  /** It is known to lead no more. */
  readonly isStopped: boolean;
  /** `unknown` when the answer was lost. */
  commit(request: CommitRequest): Promise<Verdict>;
}

export type CommitPathOptions = {
  readonly timers: Timers;
  readonly patienceMs: number;
  /** undefined when none can be reached now. */
  readonly leader: () => LeaderDoor | undefined;
  /** Whether it makes sense to wait for a leader. */
  readonly mayHaveLeader: () => boolean;
  /** Links, nodes or leader have changed; or it is time to ask again. */
  readonly untilChange: () => Promise<void>;
};

export class CommitPath implements Adjudicator {
  readonly #options: CommitPathOptions;

  constructor(options: CommitPathOptions) {
    this.#options = options;
  }

  async commit(request: CommitRequest): Promise<Verdict> {
    const leader = this.#options.leader();
    const first = leader === undefined ? undefined : await leader.commit(request);
    if (first === undefined || isStopped(leader, first)) return this.#settle(request, false);
    return first.kind === 'unknown' ? this.#settle(request, true) : first;
  }

  /** `wasSent`: a leader may have written it. */
  async #settle(request: CommitRequest, wasSentBefore: boolean): Promise<Verdict> {
    const { timers, patienceMs, leader: findLeader, mayHaveLeader, untilChange } = this.#options;
    let wasSent = wasSentBefore;
    let isOver = false;
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const cancel = timers.after(patienceMs, () => {
      isOver = true;
      end();
    });
    try {
      while (!isOver) {
        if (!wasSent && !mayHaveLeader()) return cutOff;
        const changed = untilChange();
        const leader = findLeader();
        const verdict = leader === undefined ? undefined : await Promise.race([leader.commit(request), over]);
        if (verdict !== undefined && verdict.kind !== 'unknown') {
          // "Nothing was written" is that leader's news; an earlier one may have written it.
          if (verdict.kind !== 'unavailable' || !(wasSent || isStopped(leader, verdict))) return verdict;
        } else if (leader !== undefined) wasSent = true;
        await Promise.race([changed, over]);
      }
      return wasSent ? unknown : cutOff;
    } finally {
      cancel();
    }
  }
}

/** The leader refused because it has stopped: its successor is to be asked. */
const isStopped = (leader: LeaderDoor | undefined, verdict: Verdict): boolean =>
  verdict.kind === 'unavailable' && leader?.isStopped === true;

const unknown: Verdict = { kind: 'unknown' };
const cutOff: Verdict = { kind: 'unavailable', reason: 'the adjudicator cannot be reached' };
