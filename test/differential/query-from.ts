/** Random FROM clauses: tables, subqueries, functions and VALUES under all kinds of joins, and the columns that they offer. */
import { type Atom, condition, scalar } from './query-scalars.ts';
import type { Query, QueryMaker } from './query-select.ts';
import { literal, type ValueType, valueTypes } from './query-values.ts';

export type Column = { readonly name: string; readonly type: ValueType };
export type Relation = { readonly name: string; readonly columns: readonly Column[]; readonly isStored?: boolean };
export type From = { readonly sql: string; readonly atoms: readonly Atom[] };

type Item = {
  readonly sql: string;
  /** How the rest names the columns. */
  readonly atoms: readonly Atom[];
  /** Plain names, for USING and NATURAL. */
  readonly columns: readonly Column[];
};

/** One to four items. `outer` are atoms that LATERAL items may read (and that subqueries may, anyway). */
export function fromClause(maker: QueryMaker, depth: number, outer: readonly Atom[]): From {
  const { random } = maker;
  const count = random.pick([1, 1, 2, 2, 3]);
  let all: Item | undefined;
  for (let at = 0; at < count; at++) {
    if (all === undefined) all = item(maker, depth, outer, []);
    else all = random.chance(0.8) ? join(maker, depth, all, outer) : comma(maker, depth, all, outer);
  }
  return all ?? item(maker, depth, outer, []);
}

function comma(maker: QueryMaker, depth: number, left: Item, outer: readonly Atom[]): Item {
  const right = item(maker, depth, outer, left.atoms);
  return { sql: `${left.sql}, ${right.sql}`, atoms: [...left.atoms, ...right.atoms], columns: [] };
}

function join(maker: QueryMaker, depth: number, left: Item, outer: readonly Atom[]): Item {
  const { random } = maker;
  const kind = random.pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'INNER JOIN', 'LEFT JOIN', 'CROSS JOIN']);
  const canReadLeft = !left.sql.includes(', ') && (kind === 'JOIN' || kind === 'LEFT JOIN');
  const right = item(maker, depth, outer, canReadLeft ? left.atoms : []);
  const atoms = [...left.atoms, ...right.atoms];
  // A comma binds less tightly than JOIN: then ON sees only the last item, so joins come first.
  const isCrossed = left.columns.length === 0;
  if (kind === 'CROSS JOIN' || isCrossed) return { sql: `${left.sql} CROSS JOIN ${right.sql}`, atoms, columns: [] };
  const common = left.columns.filter(
    ({ name, type }) =>
      left.columns.filter((column) => column.name === name).length === 1 &&
      right.columns.filter((column) => column.name === name).length === 1 &&
      right.columns.some((column) => column.name === name && column.type === type),
  );
  if (common.length > 0 && random.chance(0.4)) {
    const isNatural = random.chance(0.3);
    const sameNames = left.columns.filter(({ name }) => right.columns.some((column) => column.name === name));
    const using = isNatural ? sameNames : random.shuffled(common).slice(0, random.int(1, 2));
    const names = using.map(({ name }) => name);
    const rest = (columns: readonly Column[]): Column[] => columns.filter(({ name }) => !names.includes(name));
    const columns = [...using, ...rest(left.columns), ...rest(right.columns)];
    const written = isNatural ? `${left.sql} NATURAL ${kind} ${right.sql}` : `${left.sql} ${kind} ${right.sql} USING (${names.join(', ')})`;
    if (random.chance(0.4)) {
      const alias = maker.newAlias('j');
      return { sql: `(${written}) AS ${alias}`, atoms: atomsOf(alias, columns), columns };
    }
    const merged = using.map(({ name, type }) => ({ sql: name, type }));
    return { sql: written, atoms: [...atoms, ...merged], columns };
  }
  const context = { ...maker.context(outer, depth), atoms };
  const equal = equality(maker, left, right);
  const more = (): string => condition(context, random.int(0, 1));
  let on: string;
  if (kind === 'FULL JOIN')
    on = equal === undefined ? 'true' : random.chance(0.7) ? equal : `${equal} AND ${leftOrRight(maker, left, right)}`;
  else if (equal === undefined || random.chance(0.15)) on = more();
  else on = random.chance(0.6) ? equal : `${equal} ${random.pick(['AND', 'AND', 'OR'])} ${more()}`;
  return { sql: `${left.sql} ${kind} ${right.sql} ON ${on}`, atoms, columns: [...left.columns, ...right.columns] };
}

function leftOrRight(maker: QueryMaker, left: Item, right: Item): string {
  const { random } = maker;
  const { atoms } = random.pick([left, right]);
  return condition({ random, atoms, outer: [], subquery: undefined }, 1);
}

function equality(maker: QueryMaker, left: Item, right: Item): string | undefined {
  const { random } = maker;
  const pairs = left.atoms.flatMap((a) =>
    right.atoms.filter((b) => b.type === a.type && b.type !== 'bool').map((b) => `${a.sql} = ${b.sql}`),
  );
  return pairs.length === 0 ? undefined : random.pick(pairs);
}

const atomsOf = (alias: string, columns: readonly Column[]): Atom[] =>
  columns
    .filter(({ name }) => columns.filter((column) => column.name === name).length === 1)
    .map(({ name, type }) => ({ sql: `${alias}.${name}`, type }));

/** One FROM item; `left` are the atoms that LATERAL may read. */
function item(maker: QueryMaker, depth: number, outer: readonly Atom[], left: readonly Atom[]): Item {
  const { random } = maker;
  const roll = random.unit();
  if (depth > 0 && roll < 0.15) {
    const isLateral = left.length > 0 && random.chance(0.6);
    const query = maker.query(depth - 1, maker.typesFor(random.int(1, 3)), isLateral ? [...left, ...outer] : outer);
    return derived(maker, `${isLateral ? 'LATERAL ' : ''}(${query.sql})`, query);
  }
  if (roll < 0.22) return valuesItem(maker);
  if (roll < 0.32) return functionItem(maker, left);
  return tableItem(maker, random.pick(maker.relations));
}

function derived(maker: QueryMaker, sql: string, query: Query): Item {
  const alias = maker.newAlias('s');
  const renames = maker.random.chance(0.3);
  const columns = query.columns.map((column, at) => (renames ? { ...column, name: `${alias}_${at}` } : column));
  const names = renames ? `(${columns.map(({ name }) => name).join(', ')})` : '';
  return { sql: `${sql} AS ${alias}${names}`, atoms: atomsOf(alias, columns), columns };
}

function tableItem(maker: QueryMaker, relation: Relation): Item {
  const { random } = maker;
  const alias = maker.newAlias('a');
  if (random.chance(0.1)) {
    const columns = relation.columns.map((column, at) => (at === 0 ? { ...column, name: 'first_one' } : column));
    return { sql: `${relation.name} ${alias}(first_one)`, atoms: atomsOf(alias, columns), columns };
  }
  const atoms = atomsOf(alias, relation.columns);
  const hasRows = relation.isStored === true;
  if (hasRows && random.chance(0.1))
    atoms.push({ sql: `(row_to_json(${alias}))::text`, type: 'text' }, { sql: `(${alias} IS NULL)`, type: 'bool' });
  if (hasRows && random.chance(0.1)) {
    const { name, type } = random.pick(relation.columns);
    atoms.push({ sql: `(${alias}).${name}`, type }, { sql: `(${alias} IS NOT DISTINCT FROM ${alias})`, type: 'bool' });
  }
  const sample = hasRows && random.chance(0.05) ? ' TABLESAMPLE bernoulli (100)' : '';
  return { sql: `${relation.name} AS ${alias}${sample}`, atoms, columns: relation.columns };
}

function valuesItem(maker: QueryMaker): Item {
  const { random } = maker;
  const alias = maker.newAlias('v');
  const types = random.times(random.int(1, 3), () => random.pick(valueTypes));
  const rows = random.times(random.int(1, 4), () => `(${types.map((type) => literal(random, type)).join(', ')})`);
  const columns = types.map((type, at) => ({ name: `${alias}${at}`, type }));
  return {
    sql: `(VALUES ${rows.join(', ')}) AS ${alias}(${columns.map(({ name }) => name).join(', ')})`,
    atoms: atomsOf(alias, columns),
    columns,
  };
}

function functionItem(maker: QueryMaker, left: readonly Atom[]): Item {
  const { random } = maker;
  const alias = maker.newAlias('f');
  const context = { random, atoms: random.chance(0.5) ? left : [], outer: [], subquery: undefined };
  const series = (): string =>
    `generate_series(${random.int(-1, 1)}, ${random.chance(0.5) ? `least(${scalar(context, 'int4', 1)}, 6)` : random.int(0, 4)})`;
  const unnest = (type: ValueType): string => `unnest(ARRAY[${random.times(random.int(1, 3), () => scalar(context, type, 1)).join(', ')}])`;
  const type = random.pick<ValueType>(['text', 'int4', 'date', 'numeric']);
  const isOrdinal = random.chance(0.4);
  const written = random.pick<() => readonly [string, readonly ValueType[]]>([
    () => [series(), ['int4']],
    () => [unnest(type), [type]],
    () => [`ROWS FROM (${series()}, ${unnest(type)})`, ['int4', type]],
  ])();
  const types = isOrdinal ? [...written[1], 'int8' as const] : written[1];
  const columns = types.map((of, at) => ({ name: `${alias}${at}`, type: of }));
  return {
    sql: `${written[0]}${isOrdinal ? ' WITH ORDINALITY' : ''} AS ${alias}(${columns.map(({ name }) => name).join(', ')})`,
    atoms: atomsOf(alias, columns),
    columns,
  };
}
