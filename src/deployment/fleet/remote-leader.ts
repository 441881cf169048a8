/**
 * The leader of an epoch on another node, as a node asks it. Requests of one turn go in one message, and so do the verdicts on them. Any of these may be lost: the first request of an epoch often is,
 * because its leader does not listen yet. So a request without a verdict is sent again, under its transaction id and so with the same outcome, later and later; after `patienceMs` the verdict is `unknown`.
 */
import type { CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import { encodeRequest } from '#adjudicator/request-codec.ts';
import type { Clock, Timers } from '#base/world.ts';
import type { LargeMessages } from '#transport/large-messages.ts';
import type { LeaderDoor } from '../commit-path.ts';
import { encodeCommits, type TransactionVerdict } from './node-messages.ts';
import { OnceATurn } from './once-a-turn.ts';
import type { ClusterSubjects } from './subjects.ts';

export type RemoteLeaderOptions = {
  readonly epoch: number;
  /** Who asks. */
  readonly node: string;
  readonly messages: LargeMessages;
  readonly subjects: ClusterSubjects;
  readonly timers: Timers;
  readonly clock: Clock;
  /** A later claim has been read. */
  readonly isOver: () => boolean;
};

const patienceMs = 5000;
/** The first time; then each time twice as long. */
const againMs = 250;
/** Of requests that go together. */
const togetherBytes = 256 * 1024;

type Asked = {
  readonly answer: (verdict: Verdict) => void;
  readonly request: Uint8Array;
  readonly askedMs: number;
  againAtMs: number;
};

export class RemoteLeader implements LeaderDoor {
  readonly epoch: number;
  readonly #options: RemoteLeaderOptions;
  readonly #asked = new Map<string, Asked>();
  readonly #requests: OnceATurn<Uint8Array>;
  #cancelLook: (() => void) | undefined;
  #ended = false;

  constructor(options: RemoteLeaderOptions) {
    const { epoch, node, messages, subjects, timers } = options;
    this.epoch = epoch;
    this.#options = options;
    this.#requests = new OnceATurn(timers, togetherBytes, (requests) =>
      messages.send(subjects.leader(epoch), encodeCommits(node, requests)),
    );
  }

  get isStopped(): boolean {
    return this.#options.isOver();
  }

  // Hot: once a commit.
  commit(request: CommitRequest): Promise<Verdict> {
    if (this.#ended) return Promise.resolve(unknown);
    const { transactionId } = request;
    this.#settle(transactionId, unknown);
    const nowMs = this.#options.clock.monotonicMs();
    return new Promise((answer) => {
      const bytes = encodeRequest(request);
      this.#asked.set(transactionId, { answer, request: bytes, askedMs: nowMs, againAtMs: nowMs + againMs });
      this.#requests.add(bytes, bytes.length);
      if (this.#cancelLook === undefined) this.#lookLater();
    });
  }

  answered(verdicts: readonly TransactionVerdict[]): void {
    for (const { transactionId, verdict } of verdicts) this.#settle(transactionId, verdict);
  }

  /** Nobody needs to wait for this leader's answers any more: a later claim has been read, or this node leaves. */
  end(): void {
    this.#ended = true;
    this.#cancelLook?.();
    for (const transactionId of [...this.#asked.keys()]) this.#settle(transactionId, unknown);
  }

  #settle(transactionId: string, verdict: Verdict): void {
    const asked = this.#asked.get(transactionId);
    if (asked === undefined) return;
    this.#asked.delete(transactionId);
    asked.answer(verdict);
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.timers.after(againMs, () => {
      this.#cancelLook = undefined;
      const nowMs = this.#options.clock.monotonicMs();
      for (const [transactionId, asked] of this.#asked) {
        if (nowMs - asked.askedMs >= patienceMs) this.#settle(transactionId, unknown);
        else if (nowMs >= asked.againAtMs) {
          asked.againAtMs = nowMs + 2 * (nowMs - asked.askedMs);
          this.#requests.add(asked.request, asked.request.length);
        }
      }
      if (this.#asked.size > 0) this.#lookLater();
    });
  }
}

const unknown: Verdict = { kind: 'unknown' };
