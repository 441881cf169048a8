/**
 * COPY ... FROM STDIN: lines become batches of rows, which go into the executor's insert as those of any INSERT do: the defaults, checks and
 * indexes are the ones of `INSERT INTO t (columns) VALUES (...)`.
 */
import type { Node } from '@pgsql/types';
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, BatchBuilder, gatherBatch } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { Type, TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { analyzeQuery } from '../../analyzer/analyze.ts';
import type { BoundQuery, Insert, LogicalPlan, OutputColumn } from '../../analyzer/logical-plan.ts';
import { ParameterTypes } from '../../analyzer/parameters.ts';
import type { ColumnDescriptor, TableDescriptor } from '../../catalog/descriptors.ts';
import { quoteIdentifier } from '../../catalog/identifiers.ts';
import { copyCondition } from '../../catalog/schema-change/table-expressions.ts';
import { insertBatches } from '../../executor/insert.ts';
import type { Rows } from '../../executor/operator.ts';
import { type ParsedStatement, parse } from '../../parser/parse.ts';
import type { PhysicalPlan } from '../../planner/physical-plan.ts';
import { planQuery } from '../../planner/plan.ts';
import { analyzerEnvironment, plannerEnvironment } from '../prepared-statement.ts';
import { PlanExecution } from '../run-plan.ts';
import type { StatementHost, UtilityOutput } from '../statement-host.ts';
import type { StatementRun } from '../statement-run.ts';
import { CopyBinaryReader } from './copy-binary-reader.ts';
import { type CopyOptions, isForced } from './copy-options.ts';
import { type CopyLine, CopyLineReader, splitCsvLine, splitTextLine } from './copy-reader.ts';
import { qualified } from './copy-statement.ts';

type InsertPlan = Extract<PhysicalPlan, { kind: 'insert' }>;

export async function copyFrom(
  session: StatementHost,
  table: TableDescriptor,
  columns: readonly ColumnDescriptor[],
  options: CopyOptions,
  where: Node | undefined,
  parsed: ParsedStatement,
  { sink }: UtilityOutput,
): Promise<string> {
  const { plan, bound } = insertPlan(session, table, columns);
  session.block.startQuery(bound);
  const run = session.startRun([]);
  const filter = where === undefined ? undefined : whereFilter(session, table, columns, where, parsed, run);
  const isBinary = options.format === 'binary';
  const data = sink.copyIn(columns.map(() => (isBinary ? 1 : 0)))[Symbol.asyncIterator]();
  const parser = isBinary
    ? new BinaryRowParser(table, columns, session.typeContext)
    : new CopyRowParser(table, columns, options, session.typeContext);
  const rows = insertBatches(plan, batches(data, parser, filter), run);
  try {
    await new PlanExecution(rows, run, session.host.readPoint).fetch(0, () => undefined);
  } catch (error) {
    await data.return?.();
    throw parser.withLine(error);
  }
  return `COPY ${run.changedRows}`;
}

/** The plan of an INSERT of these columns whose rows come from elsewhere. */
function insertPlan(
  session: StatementHost,
  table: TableDescriptor,
  columns: readonly ColumnDescriptor[],
): { readonly plan: InsertPlan; readonly bound: BoundQuery } {
  const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const parameters = columns.map((_, at) => `$${at + 1}`).join(', ');
  const text =
    columns.length === 0
      ? `INSERT INTO ${qualified(table)} DEFAULT VALUES`
      : `INSERT INTO ${qualified(table)} (${names}) OVERRIDING SYSTEM VALUE VALUES (${parameters})`;
  const [statement] = parse(text);
  const types = new ParameterTypes(columns.map((column) => column.type.oid));
  const bound = analyzeQuery(statement, analyzerEnvironment(session.compilation, text, types));
  const changed = withCopiedRows(bound, columns);
  const plan = planQuery(changed, plannerEnvironment(session.compilation));
  if (plan.kind !== 'insert') throw new InvariantError('COPY inserts');
  return { plan, bound };
}

/** Puts rows that come from outside in the place of the VALUES row: given columns are taken as they are, the others get their defaults. */
function withCopiedRows(bound: BoundQuery, columns: readonly ColumnDescriptor[]): BoundQuery {
  const insert: LogicalPlan = bound.plan;
  if (insert.kind !== 'insert') throw new InvariantError('COPY inserts');
  const first = bound.nextColumnId;
  const copied: OutputColumn[] = columns.map((column, at) => ({
    id: first + at,
    name: column.name,
    type: column.type,
    tableOid: 0,
    attributeNumber: 0,
  }));
  const values = insert.values.map((value) => {
    const at = columns.findIndex((column) => column.attributeNumber === value.attributeNumber);
    if (at < 0) return value;
    const { id, name, type } = copied[at];
    // What makes a value one of the column's domain stays around what is copied.
    const check = value.expression.kind === 'domainCheck' ? value.expression : undefined;
    const column = { kind: 'column' as const, id, name, type: check === undefined ? type : { oid: type.oid, typmod: type.typmod } };
    return { attributeNumber: value.attributeNumber, expression: check === undefined ? column : { ...check, arg: column } };
  });
  const plan: Insert = { ...insert, input: { kind: 'values', columns: copied, rows: [] }, values };
  return { ...bound, plan, nextColumnId: first + columns.length };
}

type Filter = (batch: Batch) => Batch | undefined;

/** COPY ... WHERE sees the row's columns; those that are not copied are NULL there. */
function whereFilter(
  session: StatementHost,
  table: TableDescriptor,
  columns: readonly ColumnDescriptor[],
  where: Node,
  parsed: ParsedStatement,
  run: StatementRun,
): Filter {
  const condition = copyCondition(analyzerEnvironment(session.compilation, parsed.text, undefined), parsed.positionOf, table, where);
  const predicate = compilePredicate(
    condition,
    table.columns.map((column) => column.attributeNumber),
  );
  const positions = table.columns.map((column) => columns.indexOf(column));
  const absent = { values: [null], nulls: undefined, mask: 0 as const };
  return (batch) => {
    const whole = { rowCount: batch.rowCount, columns: positions.map((at) => (at < 0 ? absent : batch.columns[at])) };
    const { rows, count } = predicate(whole, run.context);
    if (count === 0) return undefined;
    return count === batch.rowCount ? batch : gatherBatch(batch, rows, count);
  };
}

/** Rows as they arrive. A piece of data that is not here yet is a Wait. */
function* batches(data: AsyncIterator<Uint8Array>, parser: RowParser, filter: Filter | undefined): Rows {
  const hand = function* (batch: Batch): Generator<Batch, void, undefined> {
    const kept = filter === undefined ? batch : filter(batch);
    if (kept !== undefined) yield kept;
  };
  for (;;) {
    let piece: IteratorResult<Uint8Array> | undefined;
    yield data.next().then((result) => {
      piece = result;
    });
    if (piece === undefined || piece.done === true) break;
    for (const batch of parser.push(piece.value)) yield* hand(batch);
  }
  for (const batch of parser.end()) yield* hand(batch);
}

/** Data in, batches out; and what an error is told to be in. */
interface RowParser {
  push(piece: Uint8Array): Generator<Batch, void, undefined>;
  end(): Generator<Batch, void, undefined>;
  withLine(error: unknown): unknown;
}

class BinaryRowParser implements RowParser {
  readonly #table: TableDescriptor;
  readonly #reader: CopyBinaryReader;

  constructor(table: TableDescriptor, columns: readonly ColumnDescriptor[], context: TypeContext) {
    this.#table = table;
    this.#reader = new CopyBinaryReader(columns, context);
  }

  push(piece: Uint8Array): Generator<Batch, void, undefined> {
    return this.#reader.push(piece);
  }

  end(): Generator<Batch, void, undefined> {
    return this.#reader.end();
  }

  withLine(error: unknown): unknown {
    // In PostgreSQL the header is read before the COPY is under way: its errors have no place.
    if (!(error instanceof SqlError) || this.#reader.isInHeader) return error;
    return placed(error, this.#table, this.#reader.place ?? (isBrokenOff(error) ? this.#reader.nextPlace : undefined));
  }
}

class CopyRowParser implements RowParser {
  readonly #table: TableDescriptor;
  readonly #columns: readonly ColumnDescriptor[];
  readonly #types: readonly Type[];
  readonly #options: CopyOptions;
  readonly #context: TypeContext;
  readonly #lines: CopyLineReader;
  readonly #builder: BatchBuilder;
  readonly #forceNotNull: readonly boolean[];
  readonly #forceNull: readonly boolean[];
  #isHeaderDue: boolean;
  /**
   * Where in the data an error is, while its cause is still the parser's: a line that has been read, or the one about to be. Put into
   * words only when there is an error: words for each line would cost as much as reading it.
   */
  #where: CopyLine | string | undefined;

  constructor(table: TableDescriptor, columns: readonly ColumnDescriptor[], options: CopyOptions, context: TypeContext) {
    this.#table = table;
    this.#columns = columns;
    this.#options = options;
    this.#context = context;
    this.#types = columns.map((column) => typeByOid(column.type.oid));
    this.#lines = new CopyLineReader(options);
    this.#builder = new BatchBuilder(columns.length);
    this.#isHeaderDue = options.header !== 'none';
    this.#forceNotNull = this.#forced('FORCE_NOT_NULL', options.forceNotNull);
    this.#forceNull = this.#forced('FORCE_NULL', options.forceNull);
  }

  #forced(what: string, names: readonly string[]): readonly boolean[] {
    for (const name of names) {
      if (name === '*' || this.#columns.some((column) => column.name === name)) continue;
      const exists = this.#table.columns.some((column) => !column.isDropped && column.name === name);
      throw exists
        ? new SqlError(sqlstate.invalidColumnReference, `${what} column "${name}" not referenced by COPY`)
        : new SqlError(sqlstate.undefinedColumn, `column "${name}" of relation "${this.#table.name}" does not exist`);
    }
    return this.#columns.map((column) => isForced(names, column.name));
  }

  *push(piece: Uint8Array): Generator<Batch, void, undefined> {
    yield* this.#rows(this.#lines.push(piece));
  }

  *end(): Generator<Batch, void, undefined> {
    yield* this.#rows(this.#lines.end());
    if (this.#builder.rowCount > 0) yield this.#builder.take();
  }

  *#rows(lines: Generator<CopyLine, void, undefined>): Generator<Batch, void, undefined> {
    for (;;) {
      this.#where = nextLine;
      const next = lines.next();
      if (next.done === true) break;
      const line = next.value;
      this.#where = line;
      if (this.#isHeaderDue) {
        this.#isHeaderDue = false;
        if (this.#options.header === 'match') this.#checkHeader(line.text);
        continue;
      }
      this.#builder.addRow(this.#row(line));
      if (!this.#builder.isFull) continue;
      this.#where = undefined;
      yield this.#builder.take();
    }
    this.#where = undefined;
  }

  #fields(text: string): (string | null)[] {
    if (this.#options.format === 'text') return splitTextLine(text, this.#options);
    const { nullText } = this.#options;
    return splitCsvLine(text, this.#options).map((field, at) => {
      if (field.text !== nullText) return field.text;
      if (!field.isQuoted) return this.#forceNotNull[at] === true ? field.text : null;
      return this.#forceNull[at] === true ? null : field.text;
    });
  }

  #checkHeader(text: string): void {
    const fields = this.#fields(text);
    if (fields.length !== this.#columns.length)
      throw new SqlError(
        sqlstate.badCopyFileFormat,
        `wrong number of fields in header line: got ${fields.length}, expected ${this.#columns.length}`,
      );
    for (let at = 0; at < fields.length; at++) {
      const expected = this.#columns[at].name;
      const got = fields[at];
      if (got === null)
        throw new SqlError(
          sqlstate.badCopyFileFormat,
          `column name mismatch in header line field ${at + 1}: got null value ("${this.#options.nullText}"), expected "${expected}"`,
        );
      if (got !== expected)
        throw new SqlError(
          sqlstate.badCopyFileFormat,
          `column name mismatch in header line field ${at + 1}: got "${got}", expected "${expected}"`,
        );
    }
  }

  // Hot: once a row.
  #row(line: CopyLine): Datum[] {
    const columns = this.#columns;
    const row: Datum[] = new Array(columns.length);
    // A table without columns to copy: every line is an empty row.
    if (columns.length === 0 && line.text === '') return row;
    const fields = this.#fields(line.text);
    if (fields.length > columns.length) throw new SqlError(sqlstate.badCopyFileFormat, 'extra data after last expected column');
    for (let at = 0; at < columns.length; at++) {
      if (at >= fields.length) throw new SqlError(sqlstate.badCopyFileFormat, `missing data for column "${columns[at].name}"`);
      const field = fields[at];
      if (field === null) {
        row[at] = null;
        continue;
      }
      try {
        row[at] = this.#types[at].input(field, columns[at].type.typmod, this.#context);
      } catch (error) {
        this.#where = `line ${line.number}, column ${columns[at].name}: "${shortened(field)}"`;
        throw error;
      }
    }
    return row;
  }

  /** The error with its place in the data. Of an error in a whole batch only the last line read is known: it is not named. */
  withLine(error: unknown): unknown {
    if (!(error instanceof SqlError)) return error;
    const place = isBrokenOff(error) ? nextLine : this.#where;
    const words =
      place === undefined
        ? undefined
        : place === nextLine
          ? `line ${this.#lines.lineNumber}`
          : typeof place === 'string'
            ? place
            : `line ${place.number}: "${shortened(place.text)}"`;
    return placed(error, this.#table, words);
  }
}

/** Broken off from outside: by the client, or by a cancel request, at the line that would have come next. */
const isBrokenOff = (error: SqlError): boolean =>
  error.sqlstate === sqlstate.queryCanceled || error.sqlstate === sqlstate.protocolViolation;

function placed(error: SqlError, table: TableDescriptor, place: string | undefined): SqlError {
  const where = place === undefined ? `COPY ${table.name}` : `COPY ${table.name}, ${place}`;
  const inner = error.fields.where === undefined ? '' : `${error.fields.where}\n`;
  return new SqlError(error.sqlstate, error.message, { ...error.fields, where: `${inner}${where}` });
}

const nextLine = 'next line';

/** MAX_COPY_DATA_DISPLAY. */
const shownBytes = 100;

function shortened(text: string): string {
  return text.length <= shownBytes ? text : `${text.slice(0, shownBytes)}...`;
}
