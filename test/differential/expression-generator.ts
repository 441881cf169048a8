/**
 * Random statements over the signature table: well-typed expressions of every function, operator and cast that is implemented, over the values
 * of literals.ts, and ill-typed ones. The same seed gives the same statements.
 *
 *   G1  A statement reads no table, the clock, or chance: its answer is one answer.
 *   G2  No value grows beyond a few kilobytes: counts and widths come from small pools.
 */
import type { SeededRandom } from '../../src/simulator/seeded-random.ts';
import { hasImplementation } from '../../src/sql/functions/registry.ts';
import { oid } from '../../src/sql/oids.ts';
import { pgAggregates } from '../../src/sql/postgres/pg-aggregate.ts';
import { pgOperators } from '../../src/sql/postgres/pg-operator.ts';
import { type PgProc, pgProcs } from '../../src/sql/postgres/pg-proc.ts';
import { pgTypes } from '../../src/sql/postgres/pg-type.ts';
import { isExcluded } from './exclusions.ts';
import { argumentNumbers, argumentTexts, oddities, values } from './literals.ts';

/** One call that can be written: an operator where `form` says so. */
type Call = {
  readonly name: string;
  readonly form: 'function' | 'infix' | 'prefix';
  readonly args: readonly number[];
  readonly result: number;
  readonly isVariadic: boolean;
};

export type Statement = {
  readonly sql: string;
  /** What it is about, to sort findings by. */
  readonly subject: string;
  /** Names of all functions and operators in it. */
  readonly uses: ReadonlySet<string>;
  /** Whether an error can have more than one origin, of which either engine may tell. */
  readonly hasManyOrigins: boolean;
};

const typesByOid = new Map(pgTypes.map((type) => [type.oid, type]));
const scalarTypes = Object.keys(values).map(Number);
const elementTypes = [
  oid.int4,
  oid.int8,
  oid.text,
  oid.numeric,
  oid.float8,
  oid.bool,
  oid.date,
  oid.timestamp,
  oid.interval,
  oid.uuid,
  oid.jsonb,
  oid.varchar,
  oid.bytea,
];
const polymorphicFamilies: readonly (readonly number[])[] = [
  [oid.anyelement, oid.anyarray, oid.anynonarray],
  [oid.anycompatible, oid.anycompatiblearray, oid.anycompatiblenonarray],
];
const polymorphic = new Set(polymorphicFamilies.flat());
const isArrayLike = (type: number) => type === oid.anyarray || type === oid.anycompatiblearray;

/** How a type is written in a cast. */
export function typeName(type: number): string {
  const row = typesByOid.get(type);
  if (row === undefined) return 'text';
  if (row.category === 'A' && row.elementOid !== 0) return `${typeName(row.elementOid)}[]`;
  return row.name === 'char' ? '"char"' : row.name;
}

const elementOf = (type: number): number | undefined => {
  const row = typesByOid.get(type);
  return row?.category === 'A' && elementTypes.includes(row.elementOid as never) ? row.elementOid : undefined;
};
const isKnown = (type: number): boolean => type in values || elementOf(type) !== undefined;
const isUsable = (type: number): boolean => isKnown(type) || polymorphic.has(type) || type === oid.any || type === oid.record;

const callOf = (proc: PgProc): Call => ({
  name: proc.name,
  form: 'function',
  args: proc.argTypes,
  result: proc.returnType,
  isVariadic: proc.variadic !== 0,
});

const callable = (proc: PgProc): boolean =>
  proc.schema === 'pg_catalog' &&
  proc.volatility !== 'v' &&
  hasImplementation(proc.oid) &&
  !isExcluded(proc.name) &&
  proc.argTypes.every(isUsable);

export class ExpressionGenerator {
  readonly #random: SeededRandom;
  readonly #calls: readonly Call[];
  readonly #byResult = new Map<number, Call[]>();
  readonly #aggregates: readonly { readonly call: Call; readonly kind: string; readonly directArgs: number }[];
  readonly #setReturning: readonly Call[];
  #uses = new Set<string>();

  constructor(random: SeededRandom) {
    this.#random = random;
    const scalars = pgProcs.filter((proc) => proc.kind === 'f' && !proc.returnsSet && callable(proc)).map(callOf);
    const operators = pgOperators.flatMap(({ name, kind, left, right, result, function: procOid }): Call[] =>
      hasImplementation(procOid) && (left === 0 || isUsable(left)) && isUsable(right)
        ? [{ name, form: kind === 'l' ? 'prefix' : 'infix', args: kind === 'l' ? [right] : [left, right], result, isVariadic: false }]
        : [],
    );
    this.#calls = [...scalars, ...operators];
    for (const call of this.#calls) {
      const listed = this.#byResult.get(call.result);
      if (listed === undefined) this.#byResult.set(call.result, [call]);
      else listed.push(call);
    }
    const aggregates = new Map(pgAggregates.map((aggregate) => [aggregate.function, aggregate]));
    this.#aggregates = pgProcs
      .filter((proc) => proc.kind === 'a' && callable(proc))
      .map((proc) => {
        const facts = aggregates.get(proc.oid);
        return { call: callOf(proc), kind: facts?.kind ?? 'n', directArgs: facts?.directArgs ?? 0 };
      });
    this.#setReturning = pgProcs
      .filter((proc) => proc.kind === 'f' && proc.returnsSet && proc.returnType !== oid.record && callable(proc))
      .map(callOf);
  }

  statement(): Statement {
    this.#uses = new Set();
    const dice = this.#random.integer(100);
    if (dice < 40) return this.#scalarStatement(1);
    if (dice < 55) return this.#scalarStatement(2);
    if (dice < 68) return this.#rowsStatement();
    if (dice < 76) return this.#aggregateStatement();
    if (dice < 80) return this.#setStatement();
    if (dice < 88) return this.#inputStatement();
    if (dice < 93) return this.#syntaxStatement();
    return this.#illTypedStatement();
  }

  #made(sql: string, subject: string, hasManyOrigins = false): Statement {
    return { sql, subject, uses: this.#uses, hasManyOrigins };
  }

  #scalarStatement(depth: number): Statement {
    const call = this.#random.pick(this.#calls);
    return this.#made(`SELECT ${this.#call(call, depth, undefined)}`, subjectOf(call), depth > 1);
  }

  /** The same call over several rows, so that whole vectors are computed and not one constant. */
  #rowsStatement(): Statement {
    const call = this.#random.pick(this.#calls);
    const types = this.#concrete(call);
    if (types.length === 0) return this.#scalarStatement(1);
    const columns = types.map((_, at) => `c${at}`);
    const rows = Array.from(
      { length: 1 + this.#random.integer(4) },
      () => `(${types.map((type, at) => this.#argument(call, at, type, 0)).join(', ')})`,
    );
    return this.#made(
      `SELECT ${this.#written(call, columns)} FROM (VALUES ${rows.join(', ')}) AS v(${columns.join(', ')})`,
      `rows ${subjectOf(call)}`,
    );
  }

  #aggregateStatement(): Statement {
    const { call, kind, directArgs } = this.#random.pick(this.#aggregates);
    const types = kind === 'h' ? this.#pairedTypes() : this.#concrete(call);
    const columns = types.map((_, at) => `c${at}`);
    const rowCount = this.#random.integer(6);
    const rows = Array.from(
      { length: rowCount + 1 },
      () => `(${[String(this.#random.integer(2)), ...types.map((type, at) => this.#argument(call, at, type, 0))].join(', ')})`,
    );
    const source = `FROM (VALUES ${rows.join(', ')}) AS v(${['g', ...columns].join(', ')})${rowCount === 0 ? ' WHERE false' : ''}`;
    this.#uses.add(call.name);
    if (kind !== 'n') {
      const direct = types.slice(0, kind === 'h' ? 1 : directArgs).map((type, at) => this.#argument(call, at, type, 0));
      const sorted = columns.slice(kind === 'h' ? 1 : directArgs);
      if (sorted.length === 0) return this.#scalarStatement(1);
      return this.#made(
        `SELECT ${call.name}(${direct.join(', ')}) WITHIN GROUP (ORDER BY ${sorted.join(', ')}) ${source}`,
        `aggregate ${subjectOf(call)}`,
      );
    }
    const distinct = this.#random.chance(0.2) && columns.length > 0;
    const inner =
      columns.length === 0
        ? '*'
        : `${distinct ? 'DISTINCT ' : ''}${columns.join(', ')}${distinct ? ` ORDER BY ${columns.join(', ')}` : ''}`;
    const filter = this.#random.chance(0.15) ? ' FILTER (WHERE g = 1)' : '';
    if (this.#random.chance(0.25) && !distinct)
      return this.#made(
        `SELECT ${call.name}(${inner})${filter} OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (SELECT *, row_number() OVER () AS n ${source}) AS w`,
        `window ${subjectOf(call)}`,
      );
    return this.#made(`SELECT ${call.name}(${inner})${filter} ${source}`, `aggregate ${subjectOf(call)}`);
  }

  /** A hypothetical row has the types of the real ones. */
  #pairedTypes(): readonly number[] {
    const type = this.#anyType();
    return [type, type];
  }

  #setStatement(): Statement {
    const call = this.#random.pick(this.#setReturning);
    const written = this.#call(call, 1, undefined);
    return this.#made(
      this.#random.chance(0.5) ? `SELECT * FROM ${written} LIMIT 50` : `SELECT ${written} LIMIT 50`,
      `set ${subjectOf(call)}`,
    );
  }

  /** Text input with and without a type modifier, through each way of writing it. */
  #inputStatement(): Statement {
    const type = this.#random.pick(scalarTypes);
    const text = quoted(
      this.#random.chance(0.4)
        ? this.#random.pick(oddities)
        : this.#random.pick(values[this.#random.chance(0.8) ? type : this.#random.pick(scalarTypes)]),
    );
    const name = typeName(type);
    const modifier = this.#modifier(type);
    const form = this.#random.integer(5);
    const withModifier = modifier === '' ? name : modifierName(type, modifier);
    if (form === 0) return this.#made(`SELECT ${text}::${withModifier}`, `input ${name}`);
    if (form === 1) return this.#made(`SELECT CAST(${text} AS ${withModifier})`, `input ${name}`);
    if (form === 2 && type !== oid.char) return this.#made(`SELECT ${withModifier} ${text}`, `input ${name}`);
    if (form === 3) return this.#made(`SELECT c::${withModifier} FROM (VALUES (${text}::text), (NULL)) AS v(c)`, `input rows ${name}`);
    return this.#made(
      `SELECT pg_input_is_valid(${text}, ${quoted(withModifier)}), * FROM pg_input_error_info(${text}, ${quoted(withModifier)})`,
      `input valid ${name}`,
    );
  }

  /** The forms of expression that are not calls. */
  #syntaxStatement(): Statement {
    const type = this.#random.pick(scalarTypes);
    const [a, b, c] = [this.#value(type, 1), this.#value(type, 1), this.#value(type, 1)];
    const other = this.#value(this.#random.pick(scalarTypes), 1);
    const condition = this.#value(oid.bool, 1);
    const name = typeName(type);
    const forms: readonly string[] = [
      `CASE WHEN ${condition} THEN ${a} ELSE ${b} END`,
      `CASE ${a} WHEN ${b} THEN 1 WHEN ${c} THEN 2 END`,
      `CASE WHEN ${condition} THEN ${a} ELSE ${other} END`,
      `coalesce(${a}, ${b}, ${c})`,
      `coalesce(${a}, ${other})`,
      `nullif(${a}, ${b})`,
      `greatest(${a}, ${b}, ${c})`,
      `least(${a}, ${b}, ${other})`,
      `${a} IN (${b}, ${c})`,
      `${a} NOT IN (${b}, NULL, ${c})`,
      `${a} BETWEEN ${b} AND ${c}`,
      `${a} BETWEEN SYMMETRIC ${b} AND ${c}`,
      `${a} IS DISTINCT FROM ${b}`,
      `${a} IS NOT DISTINCT FROM NULL`,
      `${a} IS NULL`,
      `ROW(${a}, 1) = ROW(${b}, 1)`,
      `ROW(${a}, ${other}) < ROW(${b}, ${other})`,
      `ROW(${a}, NULL) IS NOT NULL`,
      `ROW(${a}, ${other})`,
      `ARRAY[${a}, ${b}, NULL]`,
      `ARRAY[[${a}], [${b}]]`,
      `(ARRAY[${a}, ${b}, ${c}])[2]`,
      `(ARRAY[${a}, ${b}, ${c}])[2:]`,
      `${a} = ANY (ARRAY[${b}, ${c}])`,
      `${a} <> ALL (ARRAY[${b}, NULL])`,
      `${condition} AND ${this.#value(oid.bool, 1)} OR NOT ${this.#value(oid.bool, 1)}`,
      `${condition} IS NOT TRUE`,
      `${condition} IS UNKNOWN`,
      `${a}::${typeName(this.#random.pick(scalarTypes))}`,
      `${a} || ${b}`,
      `${a} || ${other}`,
      `concat(${a}, ${other})`,
      `to_jsonb(${a})`,
      `json_build_array(${a}, ${other})`,
      `JSON_OBJECT('k' : ${a}, 'l' VALUE ${other} ABSENT ON NULL)`,
      `JSON_ARRAY(${a}, ${other} NULL ON NULL)`,
      `${a} IS JSON`,
      `${this.#value(oid.text, 1)} IS JSON ${this.#random.pick(['VALUE', 'OBJECT', 'ARRAY', 'SCALAR', 'OBJECT WITH UNIQUE KEYS', 'ARRAY WITHOUT UNIQUE'])}`,
      `extract(${this.#random.pick(argumentTexts.extract[0].filter((field) => field !== ''))} FROM ${this.#value(this.#random.pick([oid.date, oid.timestamp, oid.timestamptz, oid.interval, oid.time, oid.timetz]), 1)})`,
      `${this.#value(this.#random.pick([oid.timestamp, oid.timestamptz, oid.timetz]), 1)} AT TIME ZONE ${quoted(this.#random.pick(argumentTexts.timezone[0]))}`,
      `substring(${this.#value(oid.text, 1)} FROM ${this.#random.pick(['2', '0', "'b+'", "'(b)(c)'"])})`,
      `substring(${this.#value(oid.text, 1)} SIMILAR ${quoted(this.#random.pick(['%#"b#"%', 'a%', '#"_#"%', '%']))} ESCAPE '#')`,
      `${this.#value(oid.text, 1)} SIMILAR TO ${quoted(this.#random.pick(['a%', '(a|b)*%', '_b_', '[a-c]+', 'x{2}', '%(b|ö)%', 'a', '%\\%']))}`,
      `${this.#value(oid.text, 1)} LIKE ${quoted(this.#random.pick(argumentTexts.like[1]))} ESCAPE ${quoted(this.#random.pick(['#', '', '\\', 'ab', '%']))}`,
      `trim(${this.#random.pick(['BOTH', 'LEADING', 'TRAILING'])} ${quoted(this.#random.pick(['a', ' ', '', 'xyzH']))} FROM ${this.#value(oid.text, 1)})`,
      `overlay(${this.#value(oid.text, 1)} PLACING 'ZZ' FROM ${this.#random.pick(['1', '3', '0', '50'])} FOR ${this.#random.pick(['0', '2', '-1'])})`,
      `position(${quoted(this.#random.pick(['b', '', 'ö', 'zz']))} IN ${this.#value(oid.text, 1)})`,
      `normalize(${this.#value(oid.text, 1)}, ${this.#random.pick(['NFC', 'NFD', 'NFKC', 'NFKD'])})`,
      `${this.#value(oid.text, 1)} IS ${this.#random.pick(['', 'NOT '])}${this.#random.pick(['', 'NFC ', 'NFD ', 'NFKC '])}NORMALIZED`,
      `(${this.#value(oid.timestamp, 1)}, ${this.#value(oid.timestamp, 1)}) OVERLAPS (${this.#value(oid.timestamp, 1)}, ${this.#value(oid.interval, 1)})`,
      `(${this.#value(oid.jsonb, 1)})[${this.#random.pick(["'a'", '0', '-1', "'b'"])}]`,
      `${a} COLLATE "C"`,
      `age(${this.#value(oid.timestamp, 1)}, ${this.#value(oid.timestamp, 1)})`,
      `age(${this.#value(oid.timestamptz, 1)}, ${this.#value(oid.timestamptz, 1)})`,
    ];
    const at = this.#random.integer(forms.length);
    return this.#made(`SELECT ${forms[at]}`, `syntax ${at} ${name}`, true);
  }

  /** A name with arguments that mostly do not fit it: what resolution refuses, and how. */
  #illTypedStatement(): Statement {
    const call = this.#random.pick(this.#calls);
    const count = Math.max(
      call.form === 'infix' ? 2 : 1,
      call.args.length + (call.form === 'function' && this.#random.chance(0.2) ? 1 : 0),
    );
    const args = Array.from({ length: count }, () =>
      this.#random.chance(0.3) ? quoted(this.#random.pick(values[oid.text])) : this.#value(this.#anyType(), 0),
    );
    return this.#made(`SELECT ${this.#written(call, args)}`, `ill-typed ${call.name}`, true);
  }

  #anyType(): number {
    return this.#random.pick(scalarTypes);
  }

  /** The argument types of a call with its polymorphic ones decided. */
  #concrete(call: Call): readonly number[] {
    const element = this.#random.pick(elementTypes);
    const decided = call.args.map((type) => {
      if (type === oid.any || type === oid.record) return type === oid.record ? type : this.#anyType();
      if (isArrayLike(type)) return typesByOid.get(element)?.arrayOid ?? oid.textArray;
      return polymorphic.has(type) ? element : type;
    });
    // A variadic function is given its elements one by one.
    if (!call.isVariadic || decided.length === 0) return decided;
    const last = decided[decided.length - 1];
    const each = elementOf(last) ?? last;
    return [
      ...decided.slice(0, -1),
      ...Array.from({ length: this.#random.integer(3) + 1 }, () => (call.args.at(-1) === oid.any ? this.#anyType() : each)),
    ];
  }

  #call(call: Call, depth: number, _result: number | undefined): string {
    const types = this.#concrete(call);
    return this.#written(
      call,
      types.map((type, at) => this.#argument(call, at, type, depth - 1)),
    );
  }

  #written(call: Call, args: readonly string[]): string {
    this.#uses.add(call.name);
    if (call.form === 'prefix') return `(${call.name} ${args[0]})`;
    if (call.form === 'infix') return `(${args[0]} ${call.name} ${args[1]})`;
    return `${/^[a-z_][a-z0-9_]*$/.test(call.name) && !reservedNames.has(call.name) ? call.name : `"${call.name}"`}(${args.join(', ')})`;
  }

  #argument(call: Call, at: number, type: number, depth: number): string {
    const number = argumentNumbers[call.name]?.[at];
    if (number !== undefined && typesByOid.get(type)?.category === 'N') return this.#typed(this.#random.pick(number), type);
    const texts = argumentTexts[call.name]?.[at];
    if (texts !== undefined && typesByOid.get(type)?.category === 'S' && this.#random.chance(readsZones.has(call.name) ? 1 : 0.93))
      return this.#typed(this.#random.pick(texts), type);
    return this.#value(type, depth);
  }

  /** An expression of a type. */
  #value(type: number, depth: number): string {
    if (type === oid.record) {
      // Literals without a type stay of type unknown in PostgreSQL's rows, and are text in ours.
      return `ROW(${this.#literal(this.#anyType())}, ${this.#literal(this.#anyType())})`;
    }
    if (depth > 0 && this.#random.chance(0.6)) {
      const makers = this.#byResult.get(type);
      if (makers !== undefined) {
        const call = this.#random.pick(makers);
        return this.#call(call, depth, type);
      }
    }
    if (this.#random.chance(0.06)) return `NULL::${typeName(type)}`;
    const element = elementOf(type);
    if (element !== undefined) return this.#array(element);
    return this.#typed(this.#random.pick(values[type] ?? values[oid.text]), type);
  }

  #typed(text: string, type: number): string {
    // Numbers are written bare at times: constants then take the type that they have, and are coerced.
    if (this.#random.chance(0.3) && /^-?\d+(\.\d+)?$/.test(text) && (type === oid.int4 || type === oid.numeric || type === oid.int8))
      return text.startsWith('-') ? `(${text})` : text;
    if (this.#random.chance(0.1)) return quoted(text);
    return `${quoted(text)}::${typeName(type)}`;
  }

  #literal(type: number): string {
    return `${quoted(this.#random.pick(values[type]))}::${typeName(type)}`;
  }

  #array(element: number): string {
    const name = typeName(element);
    const dice = this.#random.integer(10);
    if (dice === 0) return `'{}'::${name}[]`;
    const items = Array.from({ length: 1 + this.#random.integer(3) }, () => this.#value(element, 0));
    if (dice === 1) return `ARRAY[[${items.join(', ')}], [${items.join(', ')}]]::${name}[]`;
    if (dice === 2 && element !== oid.bytea) return `'[0:1]={NULL,NULL}'::${name}[]`;
    return `ARRAY[${items.join(', ')}]::${name}[]`;
  }

  #modifier(type: number): string {
    if (this.#random.chance(0.4)) return '';
    if (type === oid.varchar || type === oid.bpchar) return this.#random.pick(['(1)', '(3)', '(0)', '(10)']);
    if (type === oid.numeric) return this.#random.pick(['(4,2)', '(10)', '(3,-2)', '(2,5)', '(38,10)', '(0)', '(5,1001)']);
    if (type === oid.time || type === oid.timetz || type === oid.timestamp || type === oid.timestamptz)
      return this.#random.pick(['(0)', '(3)', '(6)', '(7)', '(-1)']);
    if (type === oid.interval)
      return this.#random.pick(['(0)', '(3)', '(7)', ' year', ' day to minute', ' second(2)', ' year to month', ' hour', ' month']);
    if (type === oid.int4 || type === oid.text) return this.#random.chance(0.05) ? '(3)' : '';
    return '';
  }
}

const modifierName = (type: number, modifier: string): string => {
  if (type === oid.timestamptz) return `timestamp${modifier} with time zone`;
  if (type === oid.timetz) return `time${modifier} with time zone`;
  return `${typeName(type)}${modifier}`;
};

/** What is no zone's name may still be read as POSIX has zones, which is not here. */
const readsZones = new Set(['timezone', 'make_timestamptz', 'date_add', 'date_subtract', 'date_trunc', 'generate_series']);

const quoted = (text: string): string =>
  text.includes('\\') ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;

const subjectOf = (call: Call): string => `${call.name}(${call.args.map(typeName).join(',')})`;

/** Names of functions that the grammar keeps for itself. */
const reservedNames = new Set([
  'position',
  'substring',
  'overlay',
  'overlaps',
  'timestamp',
  'timestamptz',
  'time',
  'timetz',
  'interval',
  'char',
  'bpchar',
  'varchar',
  'numeric',
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'bool',
  'text',
  'name',
  'extract',
  'normalize',
  'like',
  'xid',
  'left',
  'right',
  'is_normalized',
  'json',
  'json_array',
  'json_object',
  'trim',
  'bit',
  'date',
  'cidr',
  'timezone',
]);
