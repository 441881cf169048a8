/** Random scalar expressions over what a query level has to offer. */
import { literal, type ValueType } from './query-values.ts';
import type { Random } from './random.ts';

/** Something that an expression may be built of: a column, a grouped expression, an aggregate, a window call. */
export type Atom = { readonly sql: string; readonly type: ValueType };

export type Context = {
  readonly random: Random;
  readonly atoms: readonly Atom[];
  /** Of the queries around this one. */
  readonly outer: readonly Atom[];
  /** Makes a subquery with these column types; undefined where none may stand. */
  readonly subquery: ((types: readonly ValueType[], depth: number, outer: readonly Atom[]) => string) | undefined;
};

const comparisons = ['=', '<>', '<', '<=', '>', '>='] as const;

export function scalar(context: Context, type: ValueType, depth: number): string {
  const { random } = context;
  if (depth <= 0 || random.chance(0.25)) return leaf(context, type);
  if (random.chance(0.2)) return generic(context, type, depth);
  const of = (wanted: ValueType, less = 1): string => scalar(context, wanted, depth - less);
  switch (type) {
    case 'int4':
      return random.pick([
        () => `(${of('int4')} + ${of('int4')})`,
        () => `(${of('int4')} - ${of('int4')})`,
        () => `abs(${of('int4')})`,
        () => `length(${of('text')})`,
        () => `(${of('int2')} + ${of('int4')})`,
        () => `(${of('date')} - ${of('date')})`,
        () => `(ARRAY[${of('int4')}, ${of('int4')}])[${random.int(1, 3)}]`,
      ])();
    case 'int8':
      return random.pick([
        () => `(${of('int8')} + ${of('int4')})`,
        () => `(${of('int4')}::int8 * ${random.int(-2, 3)})`,
        () => `cardinality(ARRAY[${of('text')}])::int8`,
      ])();
    case 'int2':
      return leaf(context, type);
    case 'text':
      return random.pick([
        () => `(${of('text')} || ${of('text')})`,
        () => `upper(${of('text')})`,
        () => `substr(${of('text')}, ${random.int(1, 2)}, ${random.int(0, 2)})`,
        () => `(${of('int4')})::text`,
        () => `(${of('bool')})::text`,
        () => `concat(${of('text')}, ${of('int4')})`,
      ])();
    case 'varchar':
      return leaf(context, type);
    case 'numeric':
      return random.pick([
        () => `(${of('numeric')} + ${of('numeric')})`,
        () => `(${of('numeric')} - ${of('numeric')})`,
        () => `(${of('int4')})::numeric(12,2)`,
      ])();
    case 'float8':
      return random.pick([() => `(${of('float8')} + ${of('float8')})`, () => `(${of('int4')})::float8`])();
    case 'date':
      return random.pick([() => `(${of('date')} + ${of('int2')})`, () => `(${of('timestamp')})::date`])();
    case 'timestamp':
      return random.pick([() => `(${of('date')} + interval '${random.int(0, 3)} hours')`, () => `(${of('date')})::timestamp`])();
    case 'uuid':
      return leaf(context, type);
    case 'bool':
      return condition(context, depth);
  }
}

function leaf(context: Context, type: ValueType): string {
  const { random } = context;
  const own = context.atoms.filter((atom) => atom.type === type);
  const outer = context.outer.filter((atom) => atom.type === type);
  if (outer.length > 0 && random.chance(own.length > 0 ? 0.15 : 0.4)) return random.pick(outer).sql;
  if (own.length > 0 && random.chance(0.85)) return random.pick(own).sql;
  return literal(random, type);
}

/** Constructs that every type has. */
function generic(context: Context, type: ValueType, depth: number): string {
  const { random } = context;
  const of = (): string => scalar(context, type, depth - 1);
  const other = random.pick<ValueType>(['int4', 'text', 'date']);
  return random.pick([
    () => `CASE WHEN ${condition(context, depth - 1)} THEN ${of()} ELSE ${of()} END`,
    () => `CASE WHEN ${condition(context, depth - 1)} THEN ${of()} WHEN ${condition(context, depth - 1)} THEN ${of()} END`,
    () =>
      `CASE ${scalar(context, other, depth - 1)} WHEN ${scalar(context, other, 0)} THEN ${of()} WHEN ${scalar(context, other, 0)} THEN ${of()} END`,
    () => `coalesce(${of()}, ${of()})`,
    () => `nullif(${of()}, ${of()})`,
    () => `greatest(${of()}, ${of()})`,
    () => `least(${of()}, ${of()}, ${of()})`,
    () =>
      context.subquery === undefined
        ? of()
        : `(${context.subquery([type], depth - 1, [...context.atoms, ...context.outer])} ORDER BY 1 LIMIT 1)`,
  ])();
}

export function condition(context: Context, depth: number): string {
  const { random } = context;
  if (depth <= 0) {
    const bools = context.atoms.filter(({ type }) => type === 'bool');
    if (bools.length > 0 && random.chance(0.2)) return random.pick(bools).sql;
    const [type, text] = typeAtHand(context);
    return `${text} ${random.pick(comparisons)} ${leaf(context, type)}`;
  }
  const type = typeAtHand(context)[0];
  const of = (wanted: ValueType = type): string => scalar(context, wanted, depth - 1);
  const sub = (): string => condition(context, depth - 1);
  const plain = [
    () => `${of()} ${random.pick(comparisons)} ${of()}`,
    () => `(${sub()} AND ${sub()})`,
    () => `(${sub()} OR ${sub()})`,
    () => `NOT (${sub()})`,
    () => `(${of()} IS ${random.pick(['', 'NOT '])}NULL)`,
    () => `(${of()} IS ${random.pick(['', 'NOT '])}DISTINCT FROM ${of()})`,
    () => `(${sub()}) IS ${random.pick(['', 'NOT '])}${random.pick(['TRUE', 'FALSE', 'UNKNOWN'])}`,
    () => `${of()} ${random.pick(['', 'NOT '])}IN (${random.times(random.int(1, 4), () => scalar(context, type, 0)).join(', ')})`,
    () => `${of()} ${random.pick(['', 'NOT '])}BETWEEN ${random.pick(['', 'SYMMETRIC '])}${of()} AND ${of()}`,
    () => `${of('text')} ${random.pick(['', 'NOT '])}${random.pick(['LIKE', 'ILIKE'])} '${random.pick(['a%', '%b', '_', '%', 'a_c', ''])}'`,
    () => `${of()} ${random.pick(comparisons)} ${random.pick(['ANY', 'ALL'])} (ARRAY[${of()}, ${of()}])`,
    () => `(${of('int4')}, ${of()}) ${random.pick(comparisons)} (${of('int4')}, ${of()})`,
    () => `(${of('int4')}, ${of()}) IS ${random.pick(['', 'NOT '])}NULL`,
    () => `ROW(${of('int4')}, ${of()}) IS ${random.pick(['', 'NOT '])}DISTINCT FROM ROW(${of('int4')}, ${of()})`,
    () => `(${of('int4')}, ${of()}) IN ((${of('int4')}, ${of()}), (${of('int4')}, ${of()}))`,
  ];
  const { subquery } = context;
  if (subquery === undefined || random.chance(0.75)) return random.pick(plain)();
  const outer = [...context.atoms, ...context.outer];
  const query = (types: readonly ValueType[]): string => subquery(types, depth - 1, outer);
  return random.pick([
    () => `${random.pick(['', 'NOT '])}EXISTS (${query(random.pick([[], [type]]))})`,
    () => `${of()} ${random.pick(['', 'NOT '])}IN (${query([type])})`,
    () => `${of()} ${random.pick(comparisons)} ${random.pick(['ANY', 'ALL'])} (${query([type])})`,
    () => `(${of('int4')}, ${of()}) ${random.pick(['', 'NOT '])}IN (${query(['int4', type])})`,
    () => `(${of('int4')}, ${of()}) ${random.pick(comparisons)} (${query(['int4', type])} ORDER BY 1, 2 LIMIT 1)`,
    () => `(${of('int4')}, ${of()}) ${random.pick(comparisons)} ${random.pick(['ANY', 'ALL'])} (${query(['int4', type])})`,
    () => `${of()} = ANY (ARRAY(${query([type])}))`,
  ])();
}

/** A type that the level has an atom of, with one. */
function typeAtHand(context: Context): readonly [ValueType, string] {
  const { random, atoms, outer } = context;
  const all = atoms.length > 0 ? atoms : outer;
  if (all.length === 0) return ['int4', literal(random, 'int4')];
  const { type, sql } = random.pick(all);
  return [type, sql];
}
