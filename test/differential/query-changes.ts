/** Random INSERT, UPDATE and DELETE whose outcome is determined: no row is changed by two others. */
import { type Atom, type Context, condition, scalar } from './query-scalars.ts';
import { QueryMaker } from './query-select.ts';
import type { Table } from './query-tables.ts';
import { literal } from './query-values.ts';
import type { Random } from './random.ts';

export type Change = { readonly sql: string; readonly table: string };

export function randomChange(random: Random, tables: readonly Table[]): Change {
  const table = random.pick(tables);
  const maker = new QueryMaker(random, tables);
  const make = random.pick([insert, insert, update, update, remove]);
  let sql = make(maker, table, tables);
  if (random.chance(0.15)) {
    const query = maker.query(0, ['int4', 'text'], []);
    const named = query.columns.map((_, at) => `n${at}`).join(', ');
    sql = sql.includes(' RETURNING ')
      ? `WITH changed AS (${sql}), other(${named}) AS (${query.sql}) SELECT changed.*, (SELECT count(*) FROM other) FROM changed`
      : `WITH other(${named}) AS (${query.sql}) ${sql}`;
  }
  return { sql, table: table.name };
}

const own = (table: Table, alias: string): Atom[] => table.columns.map(({ name, type }) => ({ sql: `${alias}.${name}`, type }));

function returning(maker: QueryMaker, table: Table, alias: string, more: readonly Atom[]): string {
  const { random } = maker;
  if (random.chance(0.3)) return '';
  if (random.chance(0.3)) return ` RETURNING ${alias}.*`;
  const context: Context = { ...maker.context([], 1), atoms: [...own(table, alias), ...more] };
  const list = random.times(random.int(1, 3), (at) => `${scalar(context, random.pick(context.atoms).type, 1)} AS r${at}`);
  return ` RETURNING ${list.join(', ')}`;
}

function insert(maker: QueryMaker, table: Table): string {
  const { random } = maker;
  const columns = random.chance(0.5)
    ? table.columns
    : [table.columns[0], ...random.shuffled(table.columns.slice(1)).slice(0, random.int(1, 3))];
  const named = columns === table.columns && random.chance(0.5) ? '' : ` (${columns.map(({ name }) => name).join(', ')})`;
  const hasKey = table.keys.length > 0;
  const first = random.int(10, 40);
  const values = (): string =>
    `VALUES ${random
      .times(random.int(1, 3), (at) => {
        const cells = columns.map(({ name, type }) =>
          name === 'id' ? String(first + at * 7) : random.chance(0.1) ? 'DEFAULT' : literal(random, type),
        );
        return `(${cells.join(', ')})`;
      })
      .join(', ')}`;
  const select = (): string => {
    const types = columns.slice(1).map(({ type }) => type);
    const query = maker.query(random.int(0, 1), types, []);
    // Numbered from some start, in an order over all columns.
    const order = query.columns.map((_, at) => `q.n${at}`).join(', ');
    const names = query.columns.map((_, at) => `n${at}`).join(', ');
    if (query.columns.length === 0) return values();
    return `SELECT ${first} + row_number() OVER (ORDER BY ${order}), q.* FROM (${query.sql}) AS q(${names})`;
  };
  const source = random.chance(0.7) ? values() : `${select()}`;
  let conflict = '';
  if (random.chance(0.4)) {
    const target = hasKey || random.chance(0.05) ? ' (id)' : '';
    if (target === '' || random.chance(0.4)) conflict = ` ON CONFLICT${random.chance(0.5) ? target : ''} DO NOTHING`;
    else {
      const atoms = [...own(table, table.name), ...own(table, 'excluded')];
      const context: Context = { ...maker.context([], 1), atoms };
      const set = random.shuffled(table.columns.slice(1)).slice(0, random.int(1, 2));
      const assignments = set.map(
        ({ name, type }) => `${name} = ${random.chance(0.1) ? 'DEFAULT' : fitting(scalar(context, type, 1), type)}`,
      );
      const where = random.chance(0.3) ? ` WHERE ${condition(context, 1)}` : '';
      conflict = ` ON CONFLICT (id) DO UPDATE SET ${assignments.join(', ')}${where}`;
    }
  }
  return `INSERT INTO ${table.name}${named} ${source}${conflict}${returning(maker, table, table.name, [])}`;
}

/** Text of any length does not fit in VARCHAR(9). */
const fitting = (sql: string, type: string): string => (type === 'varchar' ? `(${sql})::varchar(9)` : sql);

function update(maker: QueryMaker, table: Table, tables: readonly Table[]): string {
  const { random } = maker;
  const from = random.chance(0.4) ? uniqueSource(maker, tables) : undefined;
  const alias = random.chance(0.5) ? 'u' : table.name;
  const atoms = [...own(table, alias), ...(from?.atoms ?? [])];
  const context: Context = { ...maker.context([], 1), atoms };
  const set = random.shuffled(table.columns.slice(1)).slice(0, random.int(1, 3));
  const values = set.map(({ type }) => (random.chance(0.1) ? 'DEFAULT' : fitting(scalar(context, type, 2), type)));
  const assignments =
    set.length > 1 && random.chance(0.3)
      ? `(${set.map(({ name }) => name).join(', ')}) = ${random.chance(0.5) ? `ROW(${values.join(', ')})` : `(SELECT ${values.map((value, at) => (value === 'DEFAULT' ? literal(random, set[at].type) : value)).join(', ')})`}`
      : set.map(({ name }, at) => `${name} = ${values[at]}`).join(', ');
  const where = [...(from === undefined ? [] : [`${alias}.id = ${from.key}`]), ...(random.chance(0.7) ? [condition(context, 2)] : [])];
  return `UPDATE ${table.name}${alias === table.name ? '' : ` AS ${alias}`} SET ${assignments}${from === undefined ? '' : ` FROM ${from.sql}`}${
    where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`
  }${returning(maker, table, alias, from?.atoms ?? [])}`;
}

function remove(maker: QueryMaker, table: Table, tables: readonly Table[]): string {
  const { random } = maker;
  const using = random.chance(0.4) ? uniqueSource(maker, tables) : undefined;
  const atoms = [...own(table, table.name), ...(using?.atoms ?? [])];
  const context: Context = { ...maker.context([], 1), atoms };
  const where = [...(using === undefined ? [] : [`${table.name}.id = ${using.key}`]), condition(context, 2)];
  return `DELETE FROM ${table.name}${using === undefined ? '' : ` USING ${using.sql}`} WHERE ${where.join(' AND ')}${returning(maker, table, table.name, using?.atoms ?? [])}`;
}

/** A FROM item with one row for each value of its key. */
function uniqueSource(
  maker: QueryMaker,
  tables: readonly Table[],
): { readonly sql: string; readonly key: string; readonly atoms: readonly Atom[] } {
  const table = maker.random.pick(tables);
  const column = maker.random.pick(table.columns);
  const isOrdered = !['bool', 'uuid', 'varchar'].includes(column.type);
  const value = isOrdered ? `max(${column.name})` : 'count(*)';
  const type = isOrdered ? column.type : 'int8';
  return {
    sql: `(SELECT id AS k, ${value} AS v FROM ${table.name} GROUP BY id) AS x`,
    key: 'x.k',
    atoms: [
      { sql: 'x.k', type: 'int4' },
      { sql: 'x.v', type },
    ],
  };
}
