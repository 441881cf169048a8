/**
 * Random queries. Their answers are determined as bags: LIMIT and DISTINCT ON stand behind an order over everything that is shown,
 * and what depends on the order of rows within an aggregate or a window is ordered by all that the level has.
 */
import { type Column, type From, fromClause, type Relation } from './query-from.ts';
import { type Atom, type Context, condition, scalar } from './query-scalars.ts';
import { literal, type ValueType, valueTypes } from './query-values.ts';
import { windowAtoms } from './query-windows.ts';
import type { Random } from './random.ts';

export type Query = {
  readonly sql: string;
  readonly columns: readonly Column[];
  /** ORDER BY names all columns. */
  readonly isOrdered: boolean;
};

type Body = { readonly sql: string; readonly columns: readonly Column[]; readonly isPlain: boolean };

export class QueryMaker {
  readonly random: Random;
  readonly relations: readonly Relation[];
  #aliases = 0;

  constructor(random: Random, relations: readonly Relation[]) {
    this.random = random;
    this.relations = relations;
  }

  newAlias(prefix: string): string {
    // Now and then a name again, which hides one further out or is ambiguous.
    return `${prefix}${this.random.chance(0.02) ? 1 : ++this.#aliases}`;
  }

  typesFor(count: number): ValueType[] {
    return this.random.times(count, () => this.random.pick(valueTypes));
  }

  /** Nothing of its own yet; subqueries as deep as `depth` allows. */
  context(outer: readonly Atom[], depth: number): Context {
    return {
      random: this.random,
      atoms: [],
      outer,
      subquery:
        depth <= 0
          ? undefined
          : (types, less, seen) => {
              const body = this.#body(Math.min(less, depth - 1), types, seen);
              return body.isPlain ? body.sql : `SELECT * FROM (${body.sql}) AS ${this.newAlias('q')}`;
            },
    };
  }

  /** A whole statement. */
  statement(): Query {
    return this.query(this.random.pick([0, 1, 1, 2, 2, 3]), this.typesFor(this.random.int(1, 5)), [], true);
  }

  query(depth: number, types: readonly ValueType[], outer: readonly Atom[], isTop = false): Query {
    const { random } = this;
    if (depth > 0 && random.chance(0.12)) return this.#withQuery(depth, types, outer);
    const body = this.#body(depth, types, outer);
    const positions = random.shuffled(types.map((_, at) => at + 1));
    const order = positions
      .map((position) => `${position}${random.pick(['', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST', ' ASC'])}`)
      .join(', ');
    if (!random.chance(0.5) || types.length === 0) return { ...body, isOrdered: false };
    const limit = random.chance(0.5)
      ? random.pick([
          () => ` LIMIT ${random.int(0, 7)}`,
          () => ` OFFSET ${random.int(0, 5)}`,
          () => ` LIMIT ${random.int(1, 7)} OFFSET ${random.int(0, 3)}`,
          () => ` FETCH FIRST ${random.int(1, 4)} ROWS ONLY`,
          () => ` LIMIT (SELECT ${random.int(0, 5)})`,
        ])()
      : '';
    if (isTop && random.chance(0.15)) {
      // Ties come too, so that part of the columns is order enough.
      const some = positions.slice(0, random.int(1, positions.length));
      return {
        sql: `${body.sql} ORDER BY ${some.join(', ')} FETCH FIRST ${random.int(1, 5)} ROWS WITH TIES`,
        columns: body.columns,
        isOrdered: false,
      };
    }
    return { sql: `${body.sql} ORDER BY ${order}${limit}`, columns: body.columns, isOrdered: true };
  }

  /** A query without ORDER BY and LIMIT. */
  #body(depth: number, types: readonly ValueType[], outer: readonly Atom[]): Body {
    const { random } = this;
    if (types.length > 0 && random.chance(depth > 0 ? 0.12 : 0.02)) return this.#setOperation(depth, types, outer);
    if (types.length > 0 && random.chance(0.03)) {
      const rows = random.times(random.int(1, 4), () => `(${types.map((type) => literal(random, type)).join(', ')})`);
      return { sql: `VALUES ${rows.join(', ')}`, columns: types.map((type, at) => ({ name: `column${at + 1}`, type })), isPlain: true };
    }
    return this.#select(depth, types, outer);
  }

  #setOperation(depth: number, types: readonly ValueType[], outer: readonly Atom[]): Body {
    const { random } = this;
    const side = (): Query => this.query(depth - 1, types, outer);
    const sides = random.times(random.pick([2, 2, 2, 3]), side);
    const operations = ['UNION', 'UNION ALL', 'INTERSECT', 'INTERSECT ALL', 'EXCEPT', 'EXCEPT ALL', 'UNION ALL', 'UNION DISTINCT'];
    let sql = `(${sides[0].sql})`;
    for (const { sql: other } of sides.slice(1)) {
      sql = `${sql} ${random.pick(operations)} (${other})`;
      if (random.chance(0.3)) sql = `(${sql})`;
    }
    return { sql, columns: sides[0].columns, isPlain: true };
  }

  #withQuery(depth: number, types: readonly ValueType[], outer: readonly Atom[]): Query {
    const { random } = this;
    const relations: Relation[] = [];
    const definitions: string[] = [];
    let isRecursive = false;
    for (let at = random.int(1, 2); at > 0; at--) {
      const name = `w${++this.#aliases}`;
      const inner = new QueryMaker(random, [...this.relations, ...relations]);
      inner.#aliases = this.#aliases + 100;
      if (random.chance(0.3)) {
        isRecursive = true;
        const start = inner.query(0, ['int4', 'text'], outer);
        const all = random.pick(['UNION ALL', 'UNION']);
        const step = random.pick([
          `SELECT n + 1, x || 'r' FROM ${name} WHERE n < ${random.int(1, 5)} AND n > -5 AND length(x) < 8`,
          `SELECT least(n, 5) + 1, upper(x) FROM ${name} WHERE n BETWEEN 0 AND ${random.int(0, 4)}`,
        ]);
        const search = random.chance(0.3) ? ` SEARCH ${random.pick(['DEPTH', 'BREADTH'])} FIRST BY n, x SET searched` : '';
        const cycle = random.chance(0.3) ? ' CYCLE n SET again USING way' : '';
        definitions.push(`${name}(n, x) AS (SELECT * FROM (${start.sql}) AS ${inner.newAlias('b')} ${all} ${step})${search}${cycle}`);
        relations.push({
          name,
          columns: [
            { name: 'n', type: 'int4' },
            { name: 'x', type: 'text' },
            ...(cycle === '' ? [] : [{ name: 'again', type: 'bool' } as const]),
          ],
        });
      } else {
        const query = inner.query(depth - 1, this.typesFor(random.int(1, 3)), outer);
        const names = query.columns.map((_, column) => `${name}_${column}`);
        const materialized = random.pick(['', '', 'MATERIALIZED ', 'NOT MATERIALIZED ']);
        definitions.push(`${name}(${names.join(', ')}) AS ${materialized}(${query.sql})`);
        relations.push({ name, columns: query.columns.map(({ type }, column) => ({ name: names[column], type })) });
      }
      this.#aliases = inner.#aliases;
    }
    const main = new QueryMaker(random, [...random.some(this.relations), ...relations, ...relations]);
    main.#aliases = this.#aliases + 100;
    const query = main.query(depth - 1, types, outer);
    this.#aliases = main.#aliases;
    return { ...query, sql: `WITH ${isRecursive ? 'RECURSIVE ' : ''}${definitions.join(', ')} ${query.sql}` };
  }

  #select(depth: number, types: readonly ValueType[], outer: readonly Atom[]): Body {
    const { random } = this;
    const from: From = random.chance(0.04) ? { sql: '', atoms: [] } : fromClause(this, depth, outer);
    const context: Context = { ...this.context(outer, depth), atoms: from.atoms };
    const where = random.chance(0.5) ? ` WHERE ${condition(context, random.int(0, 2))}` : '';
    const source = `${from.sql === '' ? '' : ` FROM ${from.sql}`}${where}`;
    if (from.atoms.length > 0 && types.length > 0 && random.chance(0.25)) return this.#grouped(context, types, source);
    const withWindows = from.atoms.length > 0 && random.chance(0.15) ? windowAtoms(context, from.atoms, random.int(1, 3)) : [];
    const target: Context = { ...context, atoms: [...from.atoms, ...withWindows, ...withWindows] };
    const depthOfTargets = random.int(0, 2);
    if (types.length > 0 && withWindows.length === 0 && from.atoms.length > 0 && random.chance(0.06)) {
      const on = `${random.pick(from.atoms).sql}`;
      const targets = types.map((type) => this.#shown(scalar(context, type, depthOfTargets), type));
      const columns = this.#names(types);
      const list = targets.map((text, at) => `${text} AS ${columns[at].name}`).join(', ');
      const sql = `SELECT DISTINCT ON (${on}) ${list}${source} ORDER BY ${[on, ...types.map((_, at) => at + 1)].join(', ')}`;
      return { sql, columns, isPlain: false };
    }
    const distinct = types.length > 0 && random.chance(0.1) ? 'DISTINCT ' : '';
    const columns = this.#names(types);
    const list = types.map((type, at) => `${this.#shown(scalar(target, type, depthOfTargets), type)} AS ${columns[at].name}`).join(', ');
    return { sql: `SELECT ${distinct}${list}${source}`, columns, isPlain: true };
  }

  /** Equal numerics must look alike wherever one may stand for another; columns of VARCHAR(9) stay so. */
  #shown(text: string, type: ValueType): string {
    if (type === 'varchar') return `(${text})::varchar(9)`;
    return type === 'numeric' ? `(${text})::numeric(12,2)` : text;
  }

  #names(types: readonly ValueType[]): Column[] {
    const isCommon = this.random.chance(0.3);
    return types.map((type, at) => ({ name: isCommon ? `k${at}` : this.newAlias('r').concat(`_${at}`), type }));
  }

  #grouped(context: Context, types: readonly ValueType[], source: string): Body {
    const { random } = this;
    const wantsSets = random.chance(0.3);
    const keys: Atom[] = random.times(random.int(0, 3), () => {
      // PostgreSQL 16 folds an expression over constants before grouping sets make it NULL: there keys are columns.
      if (wantsSets || random.chance(0.8)) return random.pick(context.atoms);
      const type = random.pick<ValueType>(['int4', 'text', 'bool']);
      return { type, sql: `(${scalar({ ...context, outer: [], subquery: undefined }, type, 1)})` };
    });
    const isSets = keys.length > 0 && wantsSets;
    const written = keys.map(({ sql }) => sql);
    const groupBy =
      keys.length === 0 ? random.pick(['', '', ' GROUP BY ()']) : ` GROUP BY ${isSets ? this.#groupingSets(written) : written.join(', ')}`;
    // A literal among the keys would be a position.
    if (written.some((sql) => /^\(?-?\d+\)?$/.test(sql))) return this.#grouped(context, types, source);
    const atoms: Atom[] = [...keys, ...random.times(random.int(1, 3), () => aggregateAtom(context))];
    if (isSets)
      atoms.push({
        type: 'int4',
        sql: `GROUPING(${random
          .shuffled([...new Set(written)])
          .slice(0, 2)
          .join(', ')})`,
      });
    const level: Context = { ...context, atoms };
    const having = random.chance(0.3) ? ` HAVING ${condition(level, random.int(0, 2))}` : '';
    const windows = !isSets && keys.length > 0 && random.chance(0.15) ? windowAtoms(level, keys, 1) : [];
    const target: Context = { ...level, atoms: [...atoms, ...windows, ...windows] };
    const columns = this.#names(types);
    const list = types.map((type, at) => `${this.#shown(scalar(target, type, random.int(0, 2)), type)} AS ${columns[at].name}`).join(', ');
    return { sql: `SELECT ${list}${source}${groupBy}${having}`, columns, isPlain: true };
  }

  #groupingSets(keys: readonly string[]): string {
    const { random } = this;
    const some = (): string => `(${random.some(keys).join(', ')})`;
    return random.pick([
      () => `ROLLUP (${keys.join(', ')})`,
      () => `CUBE (${keys.join(', ')})`,
      () => `GROUPING SETS (${random.times(random.int(1, 3), some).join(', ')}, (${keys.join(', ')}))`,
      () => `GROUPING SETS (ROLLUP (${keys.join(', ')}), ${some()})`,
      () => `${keys[0]}, ROLLUP (${keys.join(', ')})`,
      () => `DISTINCT ROLLUP (${keys.join(', ')}), CUBE (${keys[0]})`,
    ])();
  }
}

/** An aggregate whose value does not depend on the order of the rows. */
export function aggregateAtom(context: Context): Atom {
  const { random } = context;
  const inner: Context = { ...context, outer: random.chance(0.2) ? context.outer : [] };
  const of = (type: ValueType): string => scalar(inner, type, 1);
  const any = random.pick(valueTypes);
  const ordered = random.pick<ValueType>(['int4', 'text', 'numeric', 'date', 'timestamp', 'float8', 'int8', 'int2', 'varchar']);
  const distinct = random.chance(0.2) ? 'DISTINCT ' : '';
  const made = random.pick<() => Atom>([
    () => ({ type: 'int8', sql: 'count(*)' }),
    () => ({ type: 'int8', sql: `count(${distinct}${of(any)})` }),
    () => ({ type: 'int8', sql: `sum(${distinct}${of('int4')})` }),
    () => ({ type: 'numeric', sql: `sum(${distinct}${of('numeric')})` }),
    () => ({ type: 'float8', sql: `sum(${of('float8')})` }),
    () => ({ type: ordered === 'varchar' ? 'text' : ordered, sql: `${random.pick(['min', 'max'])}(${of(ordered)})` }),
    () => ({ type: 'bool', sql: `${random.pick(['bool_and', 'bool_or', 'every'])}(${of('bool')})` }),
  ])();
  const filter = random.chance(0.2) ? ` FILTER (WHERE ${condition(inner, 1)})` : '';
  if (random.chance(0.75)) return { ...made, sql: `${made.sql}${filter}` };
  return random.pick<() => Atom>([
    () => ({ type: 'numeric', sql: `(avg(${distinct}${of('int4')})${filter})::numeric(12,2)` }),
    () => {
      const arg = of('text');
      return {
        type: 'text',
        sql: `string_agg(${distinct}${arg}, ',' ORDER BY ${arg}${distinct === '' && random.chance(0.3) ? ' DESC' : ''})${filter}`,
      };
    },
    () => {
      const arg = of(ordered);
      return { type: 'text', sql: `(array_agg(${distinct}${arg} ORDER BY ${arg}${random.pick(['', ' NULLS FIRST'])})${filter})::text` };
    },
    () => ({ type: 'text', sql: `(percentile_disc(0.5) WITHIN GROUP (ORDER BY ${of('int4')})${filter})::text` }),
    () => ({ type: 'int4', sql: `mode() WITHIN GROUP (ORDER BY ${of('int4')})${filter}` }),
    () => ({ type: 'text', sql: `(rank(${random.int(0, 3)}) WITHIN GROUP (ORDER BY ${of('int4')})${filter})::text` }),
    () => ({ type: 'int4', sql: `bit_or(${of('int4')})${filter}` }),
  ])();
}
