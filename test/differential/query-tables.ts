/** Random tables with random rows, for random queries. */
import type { Column, Relation } from './query-from.ts';
import { declaration, literal, valueTypes } from './query-values.ts';
import type { Random } from './random.ts';

export type Table = Relation & {
  /** Columns whose values are unique together. */
  readonly keys: readonly (readonly string[])[];
  readonly statements: readonly string[];
};

/** Some tables; columns of one type have one name everywhere, so that NATURAL and USING find partners. */
export function randomTables(random: Random, count: number): readonly Table[] {
  return random.times(count, (at) => randomTable(random, `t${at}`));
}

function randomTable(random: Random, name: string): Table {
  const others = random.shuffled(valueTypes).slice(0, random.int(2, 6));
  const more: Column[] = others.map((type) => ({ name: `c_${type}`, type }));
  const columns: readonly Column[] = [
    { name: 'id', type: 'int4' },
    ...more,
    ...(random.chance(0.3) ? [{ name: 'other', type: 'int4' } as const] : []),
  ];
  const keys: string[][] = [];
  const declarations = columns.map((column) => {
    const isKey = column.name === 'id' && random.chance(0.7);
    if (isKey) keys.push(['id']);
    return `${column.name} ${declaration(column.type)}${isKey ? ' PRIMARY KEY' : ''}`;
  });
  const statements = [`CREATE TABLE ${name} (${declarations.join(', ')})`];
  const wanted = random.pick([0, 3, 8, 8, 12, 12, 20]);
  const rows = random.times(wanted, (at) => {
    const cells = columns.map((column) => (column.name === 'id' ? String(at) : literal(random, column.type)));
    return `(${cells.join(', ')})`;
  });
  if (rows.length > 0) statements.push(`INSERT INTO ${name} VALUES ${rows.join(', ')}`);
  for (let index = random.int(0, 2); index > 0; index--) {
    const of = random
      .shuffled(columns)
      .slice(0, random.int(1, 2))
      .map((column) => column.name);
    statements.push(`CREATE INDEX ON ${name} (${of.join(', ')})`);
  }
  return { name, columns, keys, statements, isStored: true };
}
