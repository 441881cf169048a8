/**
 * Transaction ledger: what a session's transaction under way has cost and said, told to the node's activity when it ends; and its way to the
 * adjudicator, which conflicts on order, delays on order and lost keys are told on.
 */
import type { CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import type { TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { ConflictInjection, injectionSetting, parseInjection } from '../activity/conflict-injection.ts';
import type { Conflict, Party } from '../activity/conflict-log.ts';
import { writtenBytes } from '../activity/dpu.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { failureOf } from '../transaction/commit.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';
import { nameKey } from './conflict-description.ts';
import type { QueryProcessorHost } from './local-query-processor.ts';
import type { SessionSettings } from './session-settings.ts';
import { holdSetting } from './setting-definitions.ts';

/** Texts of a transaction that are kept, and of each so many characters. */
const keptTexts = 8;
const keptCharacters = 1000;
/** Microseconds between 1970 and 2000, where timestamps begin. */
const epochDifference = 946_684_800_000_000;

export class TransactionLedger {
  readonly #host: QueryProcessorHost;
  readonly #settings: SessionSettings;
  readonly #party: Omit<Party, 'statements'>;
  readonly #typeContext: () => TypeContext;
  #texts: string[] = [];
  #readBytes = 0;
  #computeMs = 0;
  #committed: CommitRequest | undefined;
  #orders: { readonly settingsVersion: number; readonly text: string; readonly holdMs: number } = {
    settingsVersion: -1,
    text: '',
    holdMs: 0,
  };
  #injection: ConflictInjection | undefined;

  constructor(host: QueryProcessorHost, settings: SessionSettings, party: Omit<Party, 'statements'>, typeContext: () => TypeContext) {
    this.#host = host;
    this.#settings = settings;
    this.#party = party;
    this.#typeContext = typeContext;
  }

  /** A statement changes or locks something. */
  noteChange(text: string): void {
    if (this.#texts.length < keptTexts) this.#texts.push(text.length > keptCharacters ? `${text.slice(0, keptCharacters)}...` : text);
  }

  /** Hot: once a statement. */
  noteWork(readBytes: number, computeMs: number): void {
    this.#readBytes += readBytes;
    this.#computeMs += computeMs;
  }

  /** Throws the conflict that has been ordered for this commit. Hot: once a transaction. */
  throwIfInjected(decides: boolean): void {
    const { activity } = this.#host;
    if (this.#orders.settingsVersion !== this.#settings.version) this.#readOrders();
    if (this.#injection === undefined && activity.injection === undefined) return;
    const code = this.#injection?.next(decides) ?? activity.injection?.next(decides);
    if (code === undefined) return;
    const failure = failureOf({ kind: 'conflict', code, key: '', winner: 0 });
    if (failure === undefined) return;
    throw this.#isOpen
      ? new SqlError(failure.sqlstate, failure.message, {
          detail: `Ordered by the setting ${injectionSetting}: there was no other transaction.`,
        })
      : failure;
  }

  /** Resolves when the transaction has committed; rejects with the client's news. */
  async commit(request: CommitRequest, transaction: OpenTransaction, catalog: LoadedCatalog): Promise<void> {
    const { adjudicator, activity, world } = this.#host;
    if (this.#orders.holdMs > 0) await world.timers.sleep(this.#orders.holdMs);
    const sentMs = world.clock.monotonicMs();
    const verdict = await adjudicator.commit(request);
    if (verdict.kind === 'committed') {
      activity.counters.noteCommitLatency(world.clock.monotonicMs() - sentMs);
      const { timestamp } = verdict;
      activity.conflicts.noteCommit({ ...this.#party, statements: this.#texts, timestamp, transactionId: request.transactionId });
      this.#committed = request;
      return;
    }
    const failure = failureOf(verdict);
    if (failure !== undefined) throw verdict.kind === 'conflict' ? this.#told(failure, verdict, request, transaction, catalog) : failure;
  }

  /** Of a commit, or a statement, that has failed. */
  noteFailure(error: unknown): void {
    if (!(error instanceof SqlError)) return;
    const isAge = error.sqlstate === sqlstate.programLimitExceeded && error.message.startsWith('transaction age limit');
    if (isAge || error.sqlstate === sqlstate.queryCanceled) this.#host.activity.counters.queryTimeouts++;
  }

  /** The transaction is over, one way or the other. */
  end(): void {
    const committed = this.#committed;
    const written = committed === undefined ? 0 : writtenBytes(committed.writes);
    const work = { computeMs: this.#computeMs, readBytes: this.#readBytes, writtenBytes: written };
    this.#host.activity.counters.noteTransaction(work, committed === undefined ? 0 : committed.bytes);
    if (this.#texts.length > 0) this.#texts = [];
    this.#readBytes = 0;
    this.#computeMs = 0;
    this.#committed = undefined;
  }

  get #isOpen(): boolean {
    return this.#settings.current.profile === 'open';
  }

  /** The same error; in profile `open` it says what was lost, and to whom. */
  #told(
    failure: SqlError,
    { code, key, winner }: Extract<Verdict, { kind: 'conflict' }>,
    { writes }: CommitRequest,
    { snapshot, startTimestamp }: OpenTransaction,
    catalog: LoadedCatalog,
  ): SqlError {
    const { activity, storage, world } = this.#host;
    const on = nameKey({ key, catalog, snapshot, storage, writes, typeContext: this.#typeContext() });
    const loser = { ...this.#party, statements: this.#texts, startTimestamp, snapshot };
    if (code === 'OC000') activity.counters.occConflicts++;
    const conflict = activity.conflicts.noteConflict({ time: world.clock.now(), code, on, loser, winnerTimestamp: winner });
    if (!this.#isOpen) return failure;
    const { schema, table, constraint } = on;
    return new SqlError(failure.sqlstate, failure.message, { detail: this.#detail(conflict), schema, table, constraint });
  }

  #detail({ on, winner, winnerTimestamp, code }: Conflict): string {
    const time = typeByOid(oid.timestamptz).output(winnerTimestamp - epochDifference, this.#typeContext());
    const who = `transaction ${winner === undefined ? '' : `${winner.transactionId} `}that committed at ${time}`;
    const table = on.table === undefined ? 'the schema' : `table "${on.table}"`;
    if (code === 'OC001') return `The definition of ${table} was changed by the ${who}.`;
    return on.key === undefined ? `A row of ${table} was changed by the ${who}.` : `Key ${on.key} of ${table} was changed by the ${who}.`;
  }

  #readOrders(): void {
    const text = this.#settings.get(injectionSetting) ?? '';
    if (text !== this.#orders.text) {
      const order = parseInjection(text);
      this.#injection = order === undefined || order.isForCluster ? undefined : new ConflictInjection(order);
      if (order?.isForCluster === true) this.#host.activity.injection = new ConflictInjection(order);
    }
    this.#orders = { settingsVersion: this.#settings.version, text, holdMs: this.#settings.number(holdSetting) };
  }
}
