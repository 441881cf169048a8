/**
 * Transaction block: the state of a session's transaction between and within messages.
 *
 *     idle ──(a statement)──> implicit ──(end of the message, Sync)──> idle
 *       └──(BEGIN)──> block <──(BEGIN)──┘
 *                       └──(error)──> failed ──(COMMIT, ROLLBACK)──> idle
 *
 *   X1  An error in an implicit transaction rolls it back at once; in a block it leaves the state `failed`, which only an end leaves.
 *   X2  The catalog seen by a statement is the one at the snapshot with the transaction's own schema changes laid over.
 *   X3  The commit request names every relation whose descriptor any statement of the transaction used.
 *   X4  Under borealis.as_of the snapshot is a moment of the past, and the transaction read-only (as-of.ts).
 */
import type { Adjudicator } from '#adjudicator/adjudicator.ts';
import { assert } from '#base/assert.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { ReadPoint } from '#crossbar/crossbar.ts';
import { catalogVersionKey, descriptorKey, firstTemporaryOid } from '#sql/spaces.ts';
import type { Storage } from '#storage/storage.ts';
import type { BoundQuery } from '../analyzer/logical-plan.ts';
import { firstUserOid } from '../catalog/catalog.ts';
import type { CatalogCache } from '../catalog/catalog-cache.ts';
import { encodeCatalogVersion, encodeDescriptor } from '../catalog/catalog-rows.ts';
import type { Descriptor } from '../catalog/descriptors.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { type DeferredChecks, keptChecks, owesChecks, restoreChecks } from '../executor/foreign-keys/deferred-checks.ts';
import type { Maybe } from '../query-processor.ts';
import { commitRequest } from '../transaction/commit.ts';
import { OpenTransaction, type TransactionSavepoint } from '../transaction/open-transaction.ts';
import { asOfSetting, checkAsOf } from './as-of.ts';
import { after } from './maybe.ts';
import { PermissionCheck } from './permission-check.ts';
import { SessionCursors } from './session-cursors.ts';
import type { SessionLocks } from './session-locks.ts';
import type { SessionSettings } from './session-settings.ts';
import type { TemporaryObjects } from './temporary-objects.ts';
import type { TransactionLedger } from './transaction-ledger.ts';

export type BlockState = 'idle' | 'implicit' | 'block' | 'failed';

export type BlockHost = {
  readonly world: World;
  readonly storage: Storage;
  readonly readPoint: ReadPoint;
  readonly adjudicator: Adjudicator;
  readonly catalogs: CatalogCache;
};

type Savepoint = {
  readonly name: string;
  readonly transaction: TransactionSavepoint;
  readonly changes: ReadonlyMap<number, Descriptor | undefined>;
  readonly catalog: LoadedCatalog;
  readonly settings: ReturnType<SessionSettings['savepoint']>;
  readonly checks: DeferredChecks | undefined;
  readonly locks: number;
};

export class TransactionBlock {
  readonly #host: BlockHost;
  readonly #settings: SessionSettings;
  readonly temporary: TemporaryObjects;
  readonly cursors = new SessionCursors();
  readonly locks: SessionLocks;
  #state: BlockState = 'idle';
  readonly #ledger: TransactionLedger;
  #transaction: OpenTransaction | undefined;
  #catalog: LoadedCatalog | undefined;
  #changes = new Map<number, Descriptor | undefined>();
  #usedRelations = new Set<readonly number[]>();
  readonly #permissions = new PermissionCheck();
  #savepoints: Savepoint[] = [];
  #schemaChanges = 0;
  #hasChangedRows = false;
  /** Of the transaction under way. */
  #asOf: Timestamp | undefined;
  /** Makes the checks that were deferred to the commit, and reads the rest of what cursors hold: the session's, which can run them. */
  beforeCommit: () => Maybe<void> = () => undefined;
  /** Called after a commit that has changed the schema. */
  #afterCommit: (() => void)[] = [];

  constructor(host: BlockHost, settings: SessionSettings, temporary: TemporaryObjects, ledger: TransactionLedger, locks: SessionLocks) {
    this.#host = host;
    this.#ledger = ledger;
    this.#settings = settings;
    this.temporary = temporary;
    this.locks = locks;
  }

  get state(): BlockState {
    return this.#state;
  }

  get transaction(): OpenTransaction {
    assert(this.#transaction !== undefined, 'a statement runs in a transaction');
    return this.#transaction;
  }

  /** Whose privileges count. */
  get user(): string {
    return this.#settings.currentUser;
  }

  get hasTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  get catalog(): LoadedCatalog {
    assert(this.#catalog !== undefined, 'a statement runs with a catalog');
    return this.#catalog;
  }

  /** Begins a transaction where there is none yet. Hot. */
  open(): Maybe<void> {
    if (this.#transaction !== undefined) return undefined;
    const { readPoint, storage } = this.#host;
    const snapshot = readPoint.begin();
    if (typeof snapshot !== 'number') return this.#openSlowly(snapshot);
    const wait = storage.untilApplied(snapshot);
    if (wait !== undefined) return wait.then(() => this.#opened(snapshot));
    return this.#opened(snapshot);
  }

  async #openSlowly(asked: Promise<number>): Promise<void> {
    const snapshot = await asked;
    await this.#host.storage.untilApplied(snapshot);
    await this.#opened(snapshot);
  }

  #opened(head: number): Promise<void> | undefined {
    const { clock } = this.#host.world;
    const { asOf } = this.#settings;
    if (asOf !== undefined) checkAsOf(asOf, this.#host.storage.horizon, clock.now());
    this.#asOf = asOf;
    const snapshot = asOf === undefined ? head : Math.min(asOf, head);
    const isReadOnly = asOf !== undefined || this.#settings.isOn('default_transaction_read_only');
    this.#transaction = new OpenTransaction({
      snapshot,
      startTimestamp: clock.now(),
      startedMs: clock.monotonicMs(),
      epoch: this.#host.readPoint.epoch,
      isReadOnly,
      profile: this.#settings.current.profile,
    });
    const catalog = this.#host.catalogs.at(snapshot);
    this.#catalog = this.temporary.over(catalog);
    if (!this.temporary.isEmpty) this.#transaction.useTemporary(this.temporary.rows, false);
    if (this.#state === 'idle') this.#state = 'implicit';
    if (isReadOnly) this.#settings.setTransactionFact('transaction_read_only', 'on');
    // Every answer of the transaction is one from this catalog, so it is waited for here, once.
    const { readPoint } = this.#host;
    return catalog.version > readPoint.stable ? readPoint.untilStable(catalog.version) : undefined;
  }

  /** borealis.as_of has been set or reset: a transaction under way begins anew as of then, unless it has seen something already. */
  followAsOf(): Maybe<void> {
    if (this.#transaction === undefined || this.#settings.asOf === this.#asOf) return undefined;
    const isUsed =
      this.#usedRelations.size > 0 || this.#changes.size > 0 || this.#savepoints.length > 0 || this.#transaction.buffer.decides;
    if (isUsed) throw new SqlError(sqlstate.activeSqlTransaction, `"${asOfSetting}" must be set before any query`);
    const wasReadOnly = this.#transaction.isReadOnly && this.#asOf === undefined;
    this.#transaction = undefined;
    return after(this.open(), () => {
      if (wasReadOnly) this.setReadOnly(true);
    });
  }

  /** For statements that need no snapshot (SET): what they change belongs to a transaction all the same. */
  enter(): void {
    if (this.#state === 'idle') this.#state = 'implicit';
  }

  /** BEGIN: the implicit transaction under way becomes the block, as in PostgreSQL. False: there was a block already. */
  begin(isReadOnly: boolean | undefined): boolean {
    if (this.#state === 'block' || this.#state === 'failed') return false;
    this.#state = 'block';
    if (isReadOnly !== undefined) this.setReadOnly(isReadOnly);
    return true;
  }

  setReadOnly(isReadOnly: boolean): void {
    if (!isReadOnly && this.#asOf !== undefined)
      throw new SqlError(sqlstate.activeSqlTransaction, `cannot set transaction read-write mode while "${asOfSetting}" is set`);
    this.transaction.isReadOnly = isReadOnly;
    this.#settings.setTransactionFact('transaction_read_only', isReadOnly ? 'on' : 'off');
  }

  /** The statement has failed: an implicit transaction is over, a block waits for its end. */
  fail(): void {
    if (this.#state === 'block') {
      this.#state = 'failed';
      return;
    }
    if (this.#state === 'implicit' || this.#state === 'idle') this.rollback();
  }

  throwIfFailed(): void {
    if (this.#state === 'failed')
      throw new SqlError(
        sqlstate.inFailedSqlTransaction,
        'current transaction is aborted, commands ignored until end of transaction block',
      );
  }

  /** Throws 25006 for a change in a read-only transaction. `command` is as PostgreSQL names it. */
  throwIfReadOnly(command: string): void {
    if (this.#transaction?.isReadOnly)
      throw new SqlError(sqlstate.readOnlySqlTransaction, `cannot execute ${command} in a read-only transaction`);
  }

  /** A query begins to run: it must be allowed to, and what it uses is noted (X3). Hot: a plan run again costs two look-ups. */
  startQuery(bound: BoundQuery): void {
    this.#permissions.require(bound, this.catalog, this.user);
    this.#usedRelations.add(bound.relations);
  }

  noteRowChange(): void {
    if (this.#schemaChanges > 0 && this.#settings.current.profile === 'dsql')
      throw notSupported('ddl and dml are not supported in the same transaction');
    this.#hasChangedRows = true;
  }

  noteSchemaChange(): void {
    if (this.#settings.current.profile === 'dsql') {
      if (this.#schemaChanges > 0) throw notSupported('multiple ddl statements not supported in a transaction');
      if (this.#hasChangedRows) throw notSupported('ddl and dml are not supported in the same transaction');
    }
    this.#schemaChanges++;
  }

  /** True for what this transaction has created, truncated or altered. */
  hasChanged(oid: number): boolean {
    return this.#changes.has(oid);
  }

  /** Writes descriptors (undefined: dropped) and the catalog's own row, and shows them to the transaction. */
  changeCatalog(changes: ReadonlyMap<number, Descriptor | undefined>, nextOid: number): void {
    const { transaction } = this;
    let isShared = false;
    for (const [oid, descriptor] of changes) {
      this.#changes.set(oid, descriptor);
      if (oid >= firstTemporaryOid) {
        transaction.useTemporary(this.temporary.rows, this.#savepoints.length > 0);
        continue;
      }
      isShared = true;
      transaction.write(descriptorKey(oid), descriptor === undefined ? undefined : encodeDescriptor(descriptor), 'write');
    }
    if (isShared) transaction.write(catalogVersionKey, encodeCatalogVersion({ nextOid }), 'write');
    this.#catalog = this.catalog.withChanges(changes, nextOid);
  }

  /** Runs `action` once the transaction has committed. */
  afterCommit(action: () => void): void {
    this.#afterCommit.push(action);
  }

  /** Ends the transaction: throws what the client must know, and then it is rolled back. Hot. */
  commit(): Maybe<void> {
    const transaction = this.#transaction;
    const hasWork = (transaction !== undefined && owesChecks(transaction)) || this.cursors.hasToHold;
    return hasWork ? this.#commitChecked() : this.#commit();
  }

  async #commitChecked(): Promise<void> {
    try {
      await this.beforeCommit();
    } catch (error) {
      this.rollback();
      throw error;
    }
    await this.#commit();
  }

  #commit(): Maybe<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) {
      this.#settings.commit();
      this.#clear();
      return undefined;
    }
    let request: ReturnType<typeof commitRequest>;
    try {
      if (transaction.buffer.decides) this.#markUsedRelations(transaction);
      const { world } = this.#host;
      request = commitRequest(transaction, world.random, world.clock.monotonicMs());
      this.#ledger.throwIfInjected(request !== undefined);
    } catch (error) {
      this.#ledger.noteFailure(error);
      this.rollback();
      throw error;
    }
    if (request === undefined) {
      this.#committed();
      return undefined;
    }
    return this.#ledger.commit(request, transaction, this.catalog).then(
      () => this.#committed(),
      (error: unknown) => {
        this.rollback();
        throw error;
      },
    );
  }

  #markUsedRelations(transaction: OpenTransaction): void {
    for (const oids of this.#usedRelations) for (const oid of oids) if (oid >= firstUserOid) transaction.useRelation(oid, false);
  }

  #committed(): void {
    const actions = this.#afterCommit;
    this.#settings.commit();
    this.cursors.endTransaction(true);
    this.locks.releaseTransaction();
    if (!this.temporary.isEmpty || this.#changes.size > 0) {
      this.#transaction?.applyTemporary();
      this.temporary.commit(this.#changes);
    }
    this.#clear();
    for (const action of actions) action();
  }

  rollback(): void {
    this.#settings.rollback();
    this.cursors.endTransaction(false);
    this.locks.releaseTransaction();
    this.#clear();
  }

  #clear(): void {
    if (this.#transaction !== undefined) this.#ledger.end();
    this.#state = 'idle';
    this.#transaction = undefined;
    this.#catalog = undefined;
    if (this.#changes.size > 0) this.#changes = new Map();
    this.#usedRelations.clear();
    if (this.#savepoints.length > 0) this.#savepoints = [];
    this.#schemaChanges = 0;
    this.#asOf = undefined;
    this.#hasChangedRows = false;
    if (this.#afterCommit.length > 0) this.#afterCommit = [];
  }

  get savepointCount(): number {
    return this.#savepoints.length;
  }

  setSavepoint(name: string): void {
    const { transaction } = this;
    this.#savepoints.push({
      name,
      transaction: transaction.savepoint(),
      changes: new Map(this.#changes),
      catalog: this.catalog,
      settings: this.#settings.savepoint(),
      checks: keptChecks(transaction),
      locks: this.locks.transactionCount,
    });
  }

  /** Throws 3B001 when there is no such savepoint. */
  releaseSavepoint(name: string): void {
    const at = this.#savepointAt(name);
    this.#savepoints.length = at;
    this.cursors.release(at);
    if (this.#savepoints.length === 0) this.transaction.forgetSavepoints();
  }

  rollbackToSavepoint(name: string): void {
    const at = this.#savepointAt(name);
    const savepoint = this.#savepoints[at];
    this.transaction.rollbackTo(savepoint.transaction);
    restoreChecks(this.transaction, savepoint.checks);
    this.#changes = new Map(savepoint.changes);
    this.#catalog = savepoint.catalog;
    this.#settings.rollbackTo(savepoint.settings);
    this.#savepoints.length = at + 1;
    this.cursors.rollBackTo(at);
    this.locks.releaseTransaction(savepoint.locks);
    this.#state = 'block';
  }

  #savepointAt(name: string): number {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (at < 0) throw new SqlError(sqlstate.invalidSavepointSpecification, `savepoint "${name}" does not exist`);
    return at;
  }
}
