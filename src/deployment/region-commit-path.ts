/**
 * A Region's Adjudicator: carries requests to the leader, wherever that is, and verdicts back.
 *
 * A request whose answer was lost, or whose leader has stopped, is asked again under its transaction id, of the same leader or its successor, until somebody
 * knows: the first answer (A6), or `tooOld`, because a later epoch has been claimed and the record is not before the claim. Only when that takes too
 * long is the answer `unknown`; it is never guessed.
 */
import type { Adjudicator, CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import type { Leader } from '#adjudicator/leader.ts';
import type { Timers } from '#base/world.ts';
import type { RegionName, RegionNetwork } from '#crossbar/network.ts';

export type RegionCommitPathOptions = {
  readonly region: RegionName;
  readonly network: RegionNetwork;
  readonly timers: Timers;
  readonly patienceMs: number;
  readonly leadership: () => Leadership | undefined;
  /** Whether it makes sense to wait for a leader. */
  readonly mayHaveLeader: () => boolean;
  /** Links, Regions or leader have changed. */
  readonly untilChange: () => Promise<void>;
};

export class RegionCommitPath implements Adjudicator {
  readonly #options: RegionCommitPathOptions;

  constructor(options: RegionCommitPathOptions) {
    this.#options = options;
  }

  async commit(request: CommitRequest): Promise<Verdict> {
    const leadership = this.#reachable();
    const first = leadership === undefined ? undefined : await this.#ask(leadership, request);
    if (first === undefined || isStopped(leadership, first)) return this.#settle(request, false);
    return first.kind === 'unknown' ? this.#settle(request, true) : first;
  }

  #reachable(): Leadership | undefined {
    const { region, network, leadership } = this.#options;
    const current = leadership();
    return current !== undefined && network.isConnected(region, current.region) ? current : undefined;
  }

  /** `unknown` when the answer was lost. Hot. */
  #ask(leadership: Leadership, request: CommitRequest): Promise<Verdict> {
    const { region, network } = this.#options;
    const { leader } = leadership;
    if (region === leadership.region) return leader.commit(request);
    if (network.isInstant)
      return leader.commit(request).then((verdict) => (network.isConnected(region, leadership.region) ? verdict : unknown));
    return this.#askFar(request, leadership.region, leader);
  }

  #askFar(request: CommitRequest, leaderRegion: RegionName, leader: Leader): Promise<Verdict> {
    const { region, network } = this.#options;
    return new Promise((resolve) => {
      const stopListening = network.onChange(() => {
        if (network.isConnected(region, leaderRegion)) return;
        stopListening();
        resolve(unknown);
      });
      network.send(region, leaderRegion, () => {
        leader.commit(request).then((verdict) => {
          network.send(leaderRegion, region, () => {
            stopListening();
            resolve(verdict);
          });
        });
      });
    });
  }

  /** `wasSent`: a leader may have written it. */
  async #settle(request: CommitRequest, wasSentBefore: boolean): Promise<Verdict> {
    const { timers, patienceMs, mayHaveLeader, untilChange } = this.#options;
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
        const leadership = this.#reachable();
        const verdict = leadership === undefined ? undefined : await Promise.race([this.#ask(leadership, request), over]);
        if (verdict !== undefined && verdict.kind !== 'unknown') {
          // "Nothing was written" is that leader's news; an earlier one may have written it.
          if (verdict.kind !== 'unavailable' || !(wasSent || isStopped(leadership, verdict))) return verdict;
        } else if (leadership !== undefined) wasSent = true;
        await Promise.race([changed, over]);
      }
      return wasSent ? unknown : cutOff;
    } finally {
      cancel();
    }
  }
}

type Leadership = { readonly region: RegionName; readonly leader: Leader };

/** The leader refused because it has stopped: its successor is to be asked. */
const isStopped = (leadership: Leadership | undefined, verdict: Verdict): boolean =>
  verdict.kind === 'unavailable' && leadership?.leader.stopped === true;

const unknown: Verdict = { kind: 'unknown' };
const cutOff: Verdict = { kind: 'unavailable', reason: 'the adjudicator cannot be reached' };
