/**
 * Session: one connection's prepared statements, portals, settings and transaction block; the messages of the protocol arrive here.
 *
 *   N1  Whatever a method throws, the transaction block has been put into its failed state (or rolled back) before.
 *   N2  An answer, rows, counts and errors alike, leaves only when the stable mark has passed all that was met for it.
 *   N3  A query whose data is local and whose client keeps up runs without a promise, from message to command tag.
 */
import { InvariantError } from '#base/assert.ts';
import { maximumPortals, maximumPreparedStatements } from '#base/limits.ts';
import { type Notice, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Batch } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { TypeContext } from '#sql/type.ts';
import { findType } from '#sql/types/registry.ts';
import type { ObservedSession, TransactionFacts } from '../activity/activity.ts';
import { analyzeQuery } from '../analyzer/analyze.ts';
import { type CurrentOf, currentRowParameter } from '../analyzer/current-of.ts';
import type { BoundQuery } from '../analyzer/logical-plan.ts';
import { execute } from '../executor/execute.ts';
import { type ParsedStatement, parse, untilParser } from '../parser/parse.ts';
import type { Field, Maybe, ResultSink, Session, SessionStart } from '../query-processor.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { checkDeferred } from './constraint-statements.ts';
import { DialectCheck } from './dialect-check.ts';
import { MustStay } from './literal-binding.ts';
import type { QueryProcessorHost } from './local-query-processor.ts';
import { after } from './maybe.ts';
import { PlanCache, type ShapedText } from './plan-cache.ts';
import { analyzerEnvironment, type Compilation, type PlannedQuery, PreparedStatement, type StatementOutput } from './prepared-statement.ts';
import { RoutineCalls, type RoutineHost } from './routine-calls.ts';
import { PlanExecution, untilStable } from './run-plan.ts';
import type { SessionCursors } from './session-cursors.ts';
import { LocalSessionFacts } from './session-facts.ts';
import { SessionLocks } from './session-locks.ts';
import { SessionRandom } from './session-random.ts';
import { SessionSettings } from './session-settings.ts';
import { StatementContext } from './statement-context.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';
import { Cancellation, StatementRun } from './statement-run.ts';
import { TemporaryObjects } from './temporary-objects.ts';
import { TextCache } from './text-cache.ts';
import { TransactionBlock } from './transaction-block.ts';
import { TransactionLedger } from './transaction-ledger.ts';
import { isTransactionExit } from './transaction-statements.ts';
import { noticeWithTypeNames, withTypeNames } from './type-names.ts';
import { describeUtility, isSchemaStatement, needsSnapshot, runUtility, utilityParameterTypes } from './utility.ts';
import { decodeParameter, formatAt } from './value-encoders.ts';

type Portal = {
  readonly name: string;
  readonly statement: PreparedStatement;
  readonly parameters: readonly Datum[];
  readonly resultFormats: readonly number[];
  /** A query that has begun and has more rows to give. */
  execution: PlanExecution | undefined;
  planned: PlannedQuery | undefined;
  hasEnded: boolean;
};

const noParameters: readonly Datum[] = [];
const noFormats: readonly number[] = [];

export class LocalSession implements Session, StatementHost, ObservedSession, RoutineHost {
  readonly processId: number;
  readonly secret: Uint8Array;
  readonly host: QueryProcessorHost;
  readonly settings: SessionSettings;
  readonly block: TransactionBlock;
  readonly #ledger: TransactionLedger;
  readonly facts: LocalSessionFacts;
  readonly statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();
  readonly #texts = new TextCache();
  readonly plans = new PlanCache();
  readonly #dialect: DialectCheck;
  readonly #random: SessionRandom;
  readonly #routines: RoutineCalls;
  readonly #clock: () => number;
  readonly #onClose: () => void;
  readonly #terminate: () => void;
  #notices: Notice[] = [];
  #cancellation: Cancellation | undefined;
  #run: StatementRun | undefined;
  #typeContext: { readonly settingsVersion: number; readonly context: TypeContext } | undefined;
  #compilation: Compilation | undefined;
  #timeout: { readonly settingsVersion: number; readonly ms: number } = { settingsVersion: -1, ms: 0 };
  #reportedVersion = 0;
  #isClosed = false;
  /** A message is being worked on. */
  #isActive = false;
  #queryStart = 0;
  /** The client's text that runs, or ran last. */
  #text = '';
  /** Its statement, which texts of one shape share. */
  #latest: PreparedStatement | undefined;

  constructor(host: QueryProcessorHost, start: SessionStart, processId: number, onClose: () => void) {
    this.host = host;
    this.processId = processId;
    this.secret = host.world.random.bytes(32);
    const options = new Map(start.options);
    if (!options.has('application_name')) options.set('application_name', start.applicationName);
    this.settings = new SessionSettings(start.user, host.profile, options, start.roleSettings);
    this.#reportedVersion = this.settings.version;
    this.#dialect = new DialectCheck(this.settings);
    const party = { region: host.regionName, processId, user: start.user };
    this.#ledger = new TransactionLedger(host, this.settings, party, () => this.typeContext);
    this.block = new TransactionBlock(
      host,
      this.settings,
      new TemporaryObjects(processId),
      this.#ledger,
      new SessionLocks(host.activity.locks, { processId }, (notice) => this.notice(notice)),
    );
    this.block.beforeCommit = () => this.#beforeCommit();
    this.#random = new SessionRandom(host.world.random);
    this.#routines = new RoutineCalls(this);
    this.#clock = () => host.world.clock.now();
    this.#onClose = onClose;
    this.facts = new LocalSessionFacts({
      database: start.database,
      iamUser: start.principal,
      processId,
      settings: this.settings,
      catalog: () => (this.block.hasTransaction ? this.block.catalog : undefined),
      setSeed: (seed) => this.#random.setSeed(seed),
      block: this.block,
      locks: this.block.locks,
      allocator: host.sequences,
      storage: host.storage,
      activity: host.activity,
      endpoints: start.endpoints,
      startedAt: host.startedAt,
      typeContext: () => this.typeContext,
      query: () => this.query,
    });
    this.#terminate = start.terminate ?? (() => this.close());
  }

  /** Whose privileges the session has now. */
  get user(): string {
    return this.settings.currentUser;
  }

  get transactionStatus(): 'I' | 'T' | 'E' {
    const { state } = this.block;
    return state === 'block' ? 'T' : state === 'failed' ? 'E' : 'I';
  }

  get region(): string {
    return this.host.regionName;
  }

  get applicationName(): string {
    return this.facts.applicationName;
  }

  get state(): ObservedSession['state'] {
    if (this.#isActive) return 'active';
    const { state } = this.block;
    return state === 'block' ? 'idle in transaction' : state === 'failed' ? 'idle in transaction (aborted)' : 'idle';
  }

  get query(): string {
    return this.#text;
  }

  get queryStart(): number {
    return this.#queryStart;
  }

  get transactionFacts(): TransactionFacts | undefined {
    if (!this.block.hasTransaction) return undefined;
    const { startTimestamp, snapshot, isReadOnly, changedRows, buffer } = this.block.transaction;
    return { startTimestamp, snapshot, isReadOnly, changedRows, writtenBytes: buffer.bytes };
  }

  get parameters(): ReadonlyMap<string, string> {
    return this.settings.parameters();
  }

  get transaction(): Transaction {
    return this.block.transaction;
  }

  get cursors(): SessionCursors {
    return this.block.cursors;
  }

  async #beforeCommit(): Promise<void> {
    await checkDeferred(this, undefined);
    for (const cursor of this.cursors.toHold()) {
      if (cursor.execution !== undefined) this.resume(cursor.execution);
      await cursor.materialize();
    }
  }

  hasPortal(name: string): boolean {
    return this.#portals.has(name);
  }

  /** What began in an earlier message goes on in this one, whose cancel request it heeds. */
  resume(execution: PlanExecution): void {
    execution.run.cancellation = this.#startCancellation();
    this.#run = execution.run;
  }

  get typeContext(): TypeContext {
    const settingsVersion = this.settings.version;
    if (this.#typeContext?.settingsVersion !== settingsVersion) {
      const { block } = this;
      const now = this.#clock;
      const context: TypeContext = {
        settings: this.settings.current,
        get transactionTimestamp() {
          return block.hasTransaction ? block.transaction.startTimestamp : now();
        },
        names: this.facts,
        remark: (notice) => this.notice(notice),
      };
      this.#typeContext = { settingsVersion, context };
    }
    return this.#typeContext.context;
  }

  get compilation(): Compilation {
    const { catalog } = this.block;
    const known = this.#compilation;
    const typeContext = this.typeContext;
    if (known !== undefined && known.catalog === catalog && known.typeContext === typeContext) return known;
    const made: Compilation = {
      catalog,
      settings: this.settings,
      typeContext,
      user: this.user,
      storage: this.host.storage,
      statisticsCache: this.host.statisticsCache,
    };
    this.#compilation = made;
    return made;
  }

  simpleQuery(text: string, sink: ResultSink): Maybe<void> {
    const parserIsBusy = untilParser();
    if (parserIsBusy !== undefined) return parserIsBusy.then(() => this.simpleQuery(text, sink));
    this.statements.delete('');
    this.closePortal('');
    this.#text = text;
    this.#beginMessage();
    return this.#guarded(() => {
      const shaped = this.plans.find(text);
      return shaped === undefined ? this.#runWritten(text, sink) : this.#runShaped(shaped, sink);
    });
  }

  #runWritten(text: string, sink: ResultSink): Maybe<void> {
    const statements = this.#statementsOf(text);
    if (statements.length === 1) return this.#runSimple(statements[0], sink, true);
    if (statements.length === 0) return sink.emptyQuery();
    return this.#runSeveral(statements, sink);
  }

  /** A query whose shape is known, with its literals as parameters. Hot. */
  #runShaped(shaped: ShapedText, sink: ResultSink): Maybe<void> {
    this.block.throwIfFailed();
    const { parsed } = shaped.statement;
    // What the profile has to say names places of the text.
    if (parsed === undefined || !this.#dialect.isSilent(parsed)) return this.#runWritten(shaped.text, sink);
    const opening = this.block.open();
    return opening === undefined ? this.#runShapedOpened(shaped, sink) : opening.then(() => this.#runShapedOpened(shaped, sink));
  }

  #runShapedOpened(shaped: ShapedText, sink: ResultSink): Maybe<void> {
    const prepared = shaped.statement;
    let planned: PlannedQuery;
    try {
      planned = prepared.planned(this.compilation);
    } catch (error) {
      return this.#runUnplanned(shaped, sink, error);
    }
    let parameters: readonly Datum[];
    try {
      parameters = parametersOf(planned, shaped, this.typeContext);
    } catch (error) {
      // The usual path finds the error's place.
      if (error instanceof SqlError) return this.#runWritten(shaped.text, sink);
      throw error;
    }
    const output: UtilityOutput = { sink, isSimple: true, resultFormats: noFormats };
    return after(this.#runPlanned(prepared, planned, parameters, output), (tag) => this.#completeSimple(tag, sink, true));
  }

  /** The shape could not be planned: with fewer parameters perhaps, else as it is written, which tells the client what is wrong. */
  #runUnplanned(shaped: ShapedText, sink: ResultSink, error: unknown): Maybe<void> {
    const { text, template } = shaped;
    if (error instanceof MustStay) {
      template.keepWritten(error.tokens);
      const next = this.plans.find(text);
      return next === undefined ? this.#runWritten(text, sink) : this.#runShapedOpened(next, sink);
    }
    if (!(error instanceof SqlError)) throw error;
    for (const statement of this.#statementsOf(text)) statement.planned(this.compilation);
    template.refuse();
    return this.#runWritten(text, sink);
  }

  /** The parsed statements of a simple query, kept by its text. */
  #statementsOf(text: string): readonly PreparedStatement[] {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      // An unnamed statement of the same text may have been described: nobody relies on that any more.
      for (const statement of known) statement.forgetDescription();
      return known;
    }
    const parsed = parse(text);
    const statements = parsed.map((statement) => new PreparedStatement(text, statement, []));
    this.#texts.set(text, statements);
    return statements;
  }

  async #runSeveral(statements: readonly PreparedStatement[], sink: ResultSink): Promise<void> {
    for (let at = 0; at < statements.length; at++) await this.#runSimple(statements[at], sink, at === statements.length - 1);
  }

  #runSimple(statement: PreparedStatement, sink: ResultSink, isLast: boolean): Maybe<void> {
    const output: UtilityOutput = { sink, isSimple: true, resultFormats: noFormats };
    return after(this.runStatement(statement, noParameters, output), (tag) => this.#completeSimple(tag, sink, isLast));
  }

  #completeSimple(tag: string, sink: ResultSink, isLast: boolean): Maybe<void> {
    // The command is complete only when its commit is: that of an implicit transaction belongs to its last statement.
    if (isLast && this.block.state === 'implicit') {
      this.closeAllPortals();
      return after(this.block.commit(), () => this.#complete(tag, sink));
    }
    this.#complete(tag, sink);
    return undefined;
  }

  runStatement(statement: PreparedStatement, parameters: readonly Datum[], output: UtilityOutput): Maybe<string> {
    const { parsed } = statement;
    if (parsed === undefined) return '';
    this.#latest = statement;
    if (!isTransactionExit(parsed.node)) this.block.throwIfFailed();
    this.#checkDialect(parsed);
    if (statement.isQuery) return after(this.block.open(), () => this.#runQuery(statement, parameters, output));
    if (!needsSnapshot(parsed.node)) {
      if (!('TransactionStmt' in parsed.node)) this.block.enter();
      return runUtility(this, statement, parameters, output);
    }
    return after(this.block.open(), () => {
      if (isSchemaStatement(parsed.node)) this.#ledger.noteChange(statement.text);
      return runUtility(this, statement, parameters, output);
    });
  }

  /** Throws what the profile refuses; what it only remarks on is sent with the answer. */
  #checkDialect(parsed: ParsedStatement | undefined): void {
    if (parsed === undefined) return;
    const { refusal, notice } = this.#dialect.of(parsed);
    if (refusal !== undefined) throw refusal;
    if (notice !== undefined) this.notice(notice);
  }

  #refuseForeign(parsed: ParsedStatement | undefined): void {
    const refusal = parsed === undefined ? undefined : this.#dialect.of(parsed).refusal;
    if (refusal !== undefined) throw refusal;
  }

  #runQuery(statement: PreparedStatement, parameters: readonly Datum[], output: UtilityOutput): Maybe<string> {
    const planned = statement.planned(this.compilation);
    if (planned.parameterTypes.length > parameters.length) this.#refuseParameters(statement);
    return this.#runPlanned(statement, planned, parameters, output);
  }

  #runPlanned(statement: PreparedStatement, planned: PlannedQuery, parameters: readonly Datum[], output: UtilityOutput): Maybe<string> {
    const execution = this.#begin(planned, parameters, statement);
    const { fields, encoders } = statement.output(planned, output.resultFormats, this.typeContext);
    const { sink } = output;
    if (output.isSimple && returnsRows(planned)) sink.rowDescription(fields);
    return after(
      execution.fetch(0, (batch) => sink.rows(batch, fields, encoders)),
      () => {
        const rows = rowsOf(planned, execution);
        this.#noteRun(statement, execution, rows);
        return commandTag(planned, rows);
      },
    );
  }

  /** A simple query has no parameters: analyzed without any, it fails at the first one's place. */
  #refuseParameters(statement: PreparedStatement): void {
    if (statement.parsed !== undefined) analyzeQuery(statement.parsed, analyzerEnvironment(this.compilation, statement.text, undefined));
    throw new SqlError(sqlstate.undefinedParameter, 'there is no parameter $1');
  }

  /** Starts the operators of a plan, which run as their rows are fetched. */
  #begin(planned: PlannedQuery, parameters: readonly Datum[], statement: PreparedStatement): PlanExecution {
    const { bound } = planned;
    this.#latest = statement;
    if (!bound.isReadOnly) {
      this.#checkChange(bound.command, statement.parsed);
      this.#ledger.noteChange(statement.text);
    }
    this.block.startQuery(bound);
    const run = this.startRun(bound.currentOf === undefined ? parameters : this.#withCurrentRow(bound.currentOf, parameters));
    return new PlanExecution(execute(planned.plan, run), run, this.host.readPoint);
  }

  beginRoutineStatement(bound: BoundQuery): void {
    if (!bound.isReadOnly) {
      this.#checkChange(bound.command, undefined);
      this.#ledger.noteChange(this.query);
    }
    this.block.startQuery(bound);
  }

  /** WHERE CURRENT OF: the cursor's row is one more parameter. */
  #withCurrentRow({ cursorName, table }: CurrentOf, parameters: readonly Datum[]): readonly Datum[] {
    const given = [...parameters];
    given[currentRowParameter - 1] = this.cursors.get(cursorName).currentKey(table.oid, table.name);
    return given;
  }

  noteWork(readBytes: number, computeMs: number): void {
    this.#ledger.noteWork(readBytes, computeMs);
  }

  /** Hot: once a query. */
  #noteRun(statement: PreparedStatement, execution: PlanExecution, rows: number): void {
    const { observed } = execution.run;
    this.#ledger.noteWork(observed.bytes, execution.computeMs);
    const figures = statement.figuresIn(this.host.activity.statements);
    figures.calls++;
    figures.rows += rows;
    figures.totalMs += execution.elapsedMs;
    if (execution.elapsedMs > figures.maximumMs) figures.maximumMs = execution.elapsedMs;
    figures.computeMs += execution.computeMs;
    figures.readBytes += observed.bytes;
  }

  #checkChange(command: string, parsed: ParsedStatement | undefined): void {
    const isLocking =
      command === 'SELECT' &&
      parsed !== undefined &&
      'SelectStmt' in parsed.node &&
      (parsed.node.SelectStmt.lockingClause?.length ?? 0) > 0;
    this.block.throwIfReadOnly(isLocking ? 'SELECT FOR UPDATE' : command);
    if (!isLocking) this.block.noteRowChange();
  }

  startRun(parameters: readonly Datum[], view?: Transaction): StatementRun {
    const { transaction, catalog } = this.block;
    this.#queryStart = this.#clock();
    const context = new StatementContext({
      settings: this.settings.current,
      transactionTimestamp: transaction.startTimestamp,
      names: this.facts,
      remark: this.typeContext.remark,
      statementTimestamp: this.#queryStart,
      clock: this.#clock,
      random: this.#random,
      parameters,
      session: this.facts,
    });
    this.#cancellation ??= new Cancellation();
    const run = new StatementRun(
      this.host.world,
      this.host.storage,
      view ?? transaction,
      catalog,
      context,
      this.#cancellation,
      this.facts.sequences,
      this.settings.workMemory,
      this.host.temporaryDirectory,
    );
    run.activity = this.host.activity;
    run.lockWaits = this;
    run.routines = this.#routines.call;
    this.#run = run;
    return run;
  }

  waitForLock(name: string, args: readonly Datum[], cancellation: Cancellation): Promise<Datum> {
    const { block, host, settings } = this;
    return block.locks.lock(name, args, host.world.timers, settings.number('lock_timeout'), (wait) => cancellation.race(wait));
  }

  parse(name: string, text: string, parameterTypes: readonly number[]): Maybe<void> {
    const parserIsBusy = untilParser();
    if (parserIsBusy !== undefined) return parserIsBusy.then(() => this.parse(name, text, parameterTypes));
    this.#beginMessage();
    return this.#guarded(() => {
      // The unnamed statement is gone even if the new one fails.
      if (name === '') this.statements.delete('');
      const statement = this.#prepare(name, text, parameterTypes);
      if (name !== '' && this.statements.has(name))
        throw new SqlError(sqlstate.duplicatePreparedStatement, `prepared statement "${name}" already exists`);
      if (statement.parsed !== undefined && !isTransactionExit(statement.parsed.node)) this.block.throwIfFailed();
      this.#refuseForeign(statement.parsed);
      if (this.statements.size >= maximumPreparedStatements)
        throw new SqlError(sqlstate.configurationLimitExceeded, 'too many prepared statements in one session');
      if (!statement.isQuery) {
        this.statements.set(name, statement);
        return undefined;
      }
      return after(this.block.open(), () => {
        statement.planned(this.compilation);
        this.statements.set(name, statement);
      });
    });
  }

  #prepare(name: string, text: string, parameterTypes: readonly number[]): PreparedStatement {
    const isPlain = name === '' && parameterTypes.every((type) => type === 0);
    if (!isPlain) checkTypes(parameterTypes);
    const known = isPlain ? this.#texts.get(text) : undefined;
    const statements = known ?? parse(text).map((statement) => new PreparedStatement(text, statement, parameterTypes));
    if (statements.length > 1) throw new SqlError(sqlstate.syntaxError, 'cannot insert multiple commands into a prepared statement');
    if (statements.length === 0) return new PreparedStatement(text, undefined, parameterTypes);
    if (isPlain && known === undefined) this.#texts.set(text, statements);
    statements[0].forgetDescription();
    return statements[0];
  }

  describeStatement(name: string): Maybe<{ readonly parameterTypes: readonly number[]; readonly fields: readonly Field[] | undefined }> {
    return this.#guarded(() => {
      const statement = this.#statement(name);
      const { parsed } = statement;
      if (parsed === undefined) return { parameterTypes: [], fields: undefined };
      if (!isTransactionExit(parsed.node)) this.block.throwIfFailed();
      if (!statement.isQuery) {
        const describe = (): { readonly parameterTypes: readonly number[]; readonly fields: readonly Field[] | undefined } => ({
          parameterTypes: utilityParameterTypes(this, statement),
          fields: describeUtility(this, statement),
        });
        return needsSnapshot(parsed.node) ? after(this.block.open(), describe) : describe();
      }
      return after(this.block.open(), () => {
        const planned = statement.planned(this.compilation);
        const fields = statement.describe(planned);
        return { parameterTypes: planned.parameterTypes, fields: returnsRows(planned) ? fields : undefined };
      });
    });
  }

  bind(
    name: string,
    statementName: string,
    formats: readonly number[],
    values: readonly (Uint8Array | null)[],
    resultFormats: readonly number[],
  ): Maybe<void> {
    this.#beginMessage();
    return this.#guarded(() => {
      const statement = this.#statement(statementName);
      const { parsed } = statement;
      if (parsed !== undefined && !isTransactionExit(parsed.node)) this.block.throwIfFailed();
      if (formats.length > 1 && formats.length !== values.length)
        throw new SqlError(
          sqlstate.protocolViolation,
          `bind message has ${formats.length} parameter formats but ${values.length} parameters`,
        );
      if (parsed === undefined || (!statement.isQuery && !needsSnapshot(parsed.node))) {
        this.#checkParameterCount(statementName, values.length, 0);
        return this.#addPortal(name, statement, noParameters, resultFormats, undefined);
      }
      // The values are views of the message: when the transaction cannot begin at once they must outlive it.
      const opening = this.block.open();
      if (opening !== undefined) {
        const copies = values.map((value) => (value === null ? null : Uint8Array.from(value)));
        return opening.then(() => this.#bindOpened(name, statementName, statement, formats, copies, resultFormats));
      }
      return this.#bindOpened(name, statementName, statement, formats, values, resultFormats);
    });
  }

  // Hot.
  #bindOpened(
    name: string,
    statementName: string,
    statement: PreparedStatement,
    formats: readonly number[],
    values: readonly (Uint8Array | null)[],
    resultFormats: readonly number[],
  ): void {
    const planned = statement.isQuery ? statement.planned(this.compilation) : undefined;
    const types = planned === undefined ? utilityParameterTypes(this, statement) : planned.parameterTypes;
    this.#checkParameterCount(statementName, values.length, types.length);
    const parameters: Datum[] = new Array(values.length);
    const context = this.typeContext;
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      parameters[at] = value === null ? null : decodeParameter(value, types[at], formatAt(formats, at), at + 1, name, context);
    }
    if (planned !== undefined) {
      if (resultFormats.length > 1 && resultFormats.length !== planned.fields.length)
        throw new SqlError(
          sqlstate.protocolViolation,
          `bind message has ${resultFormats.length} result formats but query has ${planned.fields.length} columns`,
        );
    }
    this.#addPortal(name, statement, parameters, resultFormats, planned);
  }

  #checkParameterCount(statementName: string, given: number, wanted: number): void {
    if (given !== wanted)
      throw new SqlError(
        sqlstate.protocolViolation,
        `bind message supplies ${given} parameters, but prepared statement "${statementName}" requires ${wanted}`,
      );
  }

  #addPortal(
    name: string,
    statement: PreparedStatement,
    parameters: readonly Datum[],
    resultFormats: readonly number[],
    planned: PlannedQuery | undefined,
  ): void {
    if (name === '') this.closePortal('');
    else if (this.#portals.has(name) || this.cursors.has(name))
      throw new SqlError(sqlstate.duplicateCursor, `cursor "${name}" already exists`);
    if (this.#portals.size >= maximumPortals) throw new SqlError(sqlstate.configurationLimitExceeded, 'too many portals in one session');
    this.#portals.set(name, { name, statement, parameters, resultFormats, execution: undefined, planned, hasEnded: false });
  }

  describePortal(name: string): Maybe<readonly Field[] | undefined> {
    return this.#guarded(() => {
      const portal = this.#portal(name);
      const { statement } = portal;
      const { parsed } = statement;
      if (parsed === undefined) return undefined;
      if (!isTransactionExit(parsed.node)) this.block.throwIfFailed();
      if (!statement.isQuery) {
        const describe = (): readonly Field[] | undefined =>
          describeUtility(this, statement)?.map((field, at) => ({ ...field, format: formatAt(portal.resultFormats, at) }));
        return needsSnapshot(parsed.node) ? after(this.block.open(), describe) : describe();
      }
      return after(this.block.open(), () => {
        const planned = portal.planned ?? statement.planned(this.compilation);
        if (!returnsRows(planned)) return undefined;
        statement.describe(planned);
        return statement.output(planned, portal.resultFormats, this.typeContext).fields;
      });
    });
  }

  execute(name: string, maxRows: number, sink: ResultSink): Maybe<void> {
    this.#beginMessage();
    return this.#guarded(() => {
      const portal = this.#portal(name);
      const { statement } = portal;
      this.#text = statement.text;
      if (statement.parsed === undefined) return sink.emptyQuery();
      if (!isTransactionExit(statement.parsed.node)) this.block.throwIfFailed();
      if (statement.isQuery) return after(this.block.open(), () => this.#executePortal(portal, maxRows, sink));
      if (portal.hasEnded) throw new SqlError(sqlstate.objectNotInPrerequisiteState, `portal "${name}" cannot be run`);
      portal.hasEnded = true;
      const output: UtilityOutput = { sink, isSimple: false, resultFormats: portal.resultFormats };
      return after(this.runStatement(statement, portal.parameters, output), (tag) => this.#complete(tag, sink));
    });
  }

  /** Notices of a statement come before its command tag. */
  #complete(tag: string, sink: ResultSink): void {
    for (const notice of this.takeNotices()) sink.notice(notice);
    sink.commandComplete(tag);
  }

  #executePortal(portal: Portal, maxRows: number, sink: ResultSink): Maybe<void> {
    const { statement } = portal;
    if (portal.hasEnded) {
      if (portal.planned === undefined || !returnsRows(portal.planned))
        throw new SqlError(sqlstate.objectNotInPrerequisiteState, `portal "${portal.name}" cannot be run`);
      return sink.commandComplete(commandTag(portal.planned, 0));
    }
    const planned = portal.planned ?? statement.planned(this.compilation);
    portal.planned = planned;
    const output = statement.output(planned, portal.resultFormats, this.typeContext);
    let execution = portal.execution;
    if (execution === undefined) {
      this.#checkDialect(statement.parsed);
      execution = this.#begin(planned, portal.parameters, statement);
      portal.execution = execution;
      if (maxRows !== 0 && !planned.bound.isReadOnly) return this.#executeChange(portal, planned, execution, output, maxRows, sink);
    } else this.resume(execution);
    return this.#fetch(portal, planned, execution, output, maxRows, sink);
  }

  #fetch(
    portal: Portal,
    planned: PlannedQuery,
    execution: PlanExecution,
    { fields, encoders }: StatementOutput,
    maxRows: number,
    sink: ResultSink,
  ): Maybe<void> {
    return after(
      execution.fetch(maxRows, (batch) => sink.rows(batch, fields, encoders)),
      (hasEnded) => {
        if (!hasEnded) return sink.portalSuspended();
        portal.hasEnded = true;
        portal.execution = undefined;
        const rows = rowsOf(planned, execution);
        this.#noteRun(portal.statement, execution, rows);
        return this.#complete(commandTag(planned, rows), sink);
      },
    );
  }

  /** A change with RETURNING is made whole before its first row is handed on, however few rows the client asks for at a time. */
  #executeChange(
    portal: Portal,
    planned: PlannedQuery,
    change: PlanExecution,
    output: StatementOutput,
    maxRows: number,
    sink: ResultSink,
  ): Maybe<void> {
    const batches: Batch[] = [];
    return after(
      change.fetch(0, (batch) => {
        batches.push(batch);
      }),
      () => {
        const execution = new PlanExecution(batches, change.run, this.host.readPoint);
        portal.execution = execution;
        return this.#fetch(portal, planned, execution, output, maxRows, sink);
      },
    );
  }

  closeStatement(name: string): void {
    this.statements.delete(name);
  }

  closePortal(name: string): void {
    const portal = this.#portals.get(name);
    if (portal === undefined) return;
    portal.execution?.close();
    this.#portals.delete(name);
  }

  closeAllPortals(): void {
    if (this.#portals.size === 0) return;
    for (const portal of this.#portals.values()) portal.execution?.close();
    this.#portals.clear();
  }

  sync(): Maybe<void> {
    this.#beginMessage();
    return this.#guarded(() => {
      if (this.block.state !== 'implicit') {
        this.#endMessage();
        return undefined;
      }
      this.closeAllPortals();
      return this.block.commit();
    });
  }

  notice(notice: Notice): void {
    if (this.#isWorthSending(notice)) this.#notices.push(noticeWithTypeNames(notice, this.#nameOfType));
  }

  readonly #nameOfType = (typeOid: number): string | undefined => this.facts.nameOf('type', typeOid);

  #isWorthSending(notice: Notice): boolean {
    const least = this.settings.get('client_min_messages') ?? 'notice';
    if (notice.severity === 'INFO') return true;
    return severities.indexOf(notice.severity.toLowerCase()) >= severities.indexOf(least);
  }

  takeNotices(): readonly Notice[] {
    if (this.#notices.length === 0) return noNotices;
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  takeChangedParameters(): readonly (readonly [string, string])[] {
    if (this.settings.version === this.#reportedVersion) return noChanges;
    this.#reportedVersion = this.settings.version;
    return this.settings.takeChanges();
  }

  cancel(message = 'canceling statement due to user request'): void {
    this.#cancellation?.cancel(message);
  }

  terminate(): void {
    this.#terminate();
  }

  cancellable<T>(wait: Promise<T>): Promise<T> {
    return this.#startCancellation().race(wait);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancellation?.cancel('terminating connection due to administrator command');
    this.closeAllPortals();
    this.block.rollback();
    this.block.locks.releaseSession();
    this.statements.clear();
    this.#texts.clear();
    this.plans.clear();
    this.#onClose();
  }

  #statement(name: string): PreparedStatement {
    const statement = this.statements.get(name);
    if (statement !== undefined) return statement;
    throw new SqlError(
      sqlstate.invalidSqlStatementName,
      name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`,
    );
  }

  #portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new SqlError(sqlstate.invalidCursorName, `portal "${name}" does not exist`);
    return portal;
  }

  #beginMessage(): void {
    this.#cancellation = undefined;
    this.#run = undefined;
  }

  #startCancellation(): Cancellation {
    this.#cancellation ??= new Cancellation();
    return this.#cancellation;
  }

  #endMessage(): void {
    this.#isActive = false;
    this.#cancellation = undefined;
    this.#run = undefined;
  }

  /** Runs a message's work; on failure the block fails first, and the error is held until it may be told (N1, N2). */
  #guarded<T>(action: () => Maybe<T>): Maybe<T> {
    let result: Maybe<T>;
    const stopTimer = this.#startTimer();
    this.#isActive = true;
    try {
      result = action();
    } catch (error) {
      stopTimer?.();
      return this.#fail(error);
    }
    if (!(result instanceof Promise)) {
      stopTimer?.();
      this.#endMessage();
      return result;
    }
    return this.#guardedSlowly(result, stopTimer);
  }

  async #guardedSlowly<T>(result: Promise<T>, stopTimer: (() => void) | undefined): Promise<T> {
    try {
      const value = await result;
      this.#endMessage();
      return value;
    } catch (error) {
      return await this.#fail(error);
    } finally {
      stopTimer?.();
    }
  }

  #fail(error: unknown): never | Promise<never> {
    const run = this.#run;
    this.#endMessage();
    // The catalog that knows the names goes with the transaction.
    const named = withTypeNames(error, this.#nameOfType);
    this.#noteFailure(named);
    this.block.fail();
    this.closeAllPortals();
    const wait = run === undefined ? undefined : untilStable(this.host.readPoint, run.observed);
    if (wait === undefined) throw named;
    return wait.then(() => {
      throw named;
    });
  }

  #noteFailure(error: unknown): void {
    this.#ledger.noteFailure(error);
    const figures = this.#latest?.figuresIn(this.host.activity.statements);
    if (figures === undefined) return;
    figures.errors++;
    if (error instanceof SqlError && error.sqlstate === sqlstate.serializationFailure) figures.conflicts++;
  }

  #startTimer(): (() => void) | undefined {
    if (this.#timeout.settingsVersion !== this.settings.version)
      this.#timeout = { settingsVersion: this.settings.version, ms: this.settings.number('statement_timeout') };
    const { ms } = this.#timeout;
    if (ms <= 0) return undefined;
    const cancellation = this.#startCancellation();
    return this.host.world.timers.after(ms, () => cancellation.cancel('canceling statement due to statement timeout'));
  }
}

const severities = ['debug5', 'debug4', 'debug3', 'debug2', 'debug', 'debug1', 'log', 'notice', 'warning', 'error'];
const noNotices: readonly Notice[] = [];
const noChanges: readonly (readonly [string, string])[] = [];

const returnsRows = (planned: PlannedQuery): boolean =>
  planned.bound.command === 'SELECT' || planned.bound.command === 'VALUES' || planned.fields.length > 0;

/** What a command tag counts: the rows handed on by this Execute where there are any, else the rows changed. */
const rowsOf = (planned: PlannedQuery, execution: PlanExecution): number =>
  returnsRows(planned) ? execution.fetched : execution.run.changedRows;

function commandTag(planned: PlannedQuery, rows: number): string {
  switch (planned.bound.command) {
    case 'SELECT':
    case 'VALUES':
      return `SELECT ${rows}`;
    case 'INSERT':
      return `INSERT 0 ${rows}`;
    case 'UPDATE':
      return `UPDATE ${rows}`;
    case 'DELETE':
      return `DELETE ${rows}`;
    case 'MERGE':
      return `MERGE ${rows}`;
  }
}

function parametersOf({ literals }: PlannedQuery, { text, bounds }: ShapedText, context: TypeContext): readonly Datum[] {
  if (literals === undefined) throw new InvariantError('the plan of a shape has parameters');
  return literals.parametersOf(text, bounds, context);
}

/** Types that a client states: 0 and 705 (unknown) leave the type to be found out. */
function checkTypes(oids: readonly number[]): void {
  for (const oid of oids)
    if (oid !== 0 && findType(oid) === undefined) throw new SqlError(sqlstate.internalError, `cache lookup failed for type ${oid}`);
}
