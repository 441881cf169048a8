/** Statistics objects as the catalogs show them: pg_statistic_ext, and what they are printed as. */
import { oid } from '#sql/oids.ts';
import type { StatisticsDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import type { LoadedCatalog } from '../loaded-catalog.ts';
import { expressionInList, parenthesized } from './definitions.ts';
import { arrayOf, int2vector, type RowMaker, type RowMakers } from './row-maker.ts';

const lettersOf = ({ kinds, expressions }: StatisticsDescriptor): readonly string[] => [...kinds, ...(expressions.length > 0 ? ['e'] : [])];

const statisticsRows: RowMaker = function* (run) {
  for (const entry of run.catalog.statistics())
    yield {
      oid: entry.oid,
      stxrelid: entry.tableOid,
      stxname: entry.name,
      stxnamespace: entry.schemaOid,
      stxowner: entry.ownerOid,
      stxstattarget: entry.target,
      stxkeys: int2vector(entry.attributeNumbers),
      stxkind: arrayOf(oid.char, lettersOf(entry)),
      stxexprs: entry.expressions.length === 0 ? null : entry.expressions.map(({ text }) => text).join(', '),
    };
};

export const statisticsObjectRows: RowMakers = { pg_statistic_ext: statisticsRows };

const find = (catalog: LoadedCatalog, statisticsOid: number): StatisticsDescriptor | undefined =>
  catalog.statistics().find((entry) => entry.oid === statisticsOid);

/** `a, b, (c + 1)`; null where there is no such object. */
export function statisticsColumns(catalog: LoadedCatalog, statisticsOid: number): string | null {
  const entry = find(catalog, statisticsOid);
  const table = entry === undefined ? undefined : catalog.relationByOid(entry.tableOid);
  if (entry === undefined || table?.kind !== 'table') return null;
  const columns = entry.attributeNumbers.map((number) => quoteIdentifier(table.columns[number - 1].name));
  return [...columns, ...entry.expressions.map(({ text }) => (text.startsWith('(') ? parenthesized(text) : expressionInList(text)))].join(
    ', ',
  );
}

export function statisticsExpressions(catalog: LoadedCatalog, statisticsOid: number): readonly string[] | null {
  const entry = find(catalog, statisticsOid);
  return entry === undefined || entry.expressions.length === 0 ? null : entry.expressions.map(({ text }) => text);
}

const kindWords = { d: 'ndistinct', f: 'dependencies', m: 'mcv' } as const;

export function statisticsDefinition(
  catalog: LoadedCatalog,
  statisticsOid: number,
  tableName: (tableOid: number) => string,
): string | null {
  const entry = find(catalog, statisticsOid);
  if (entry === undefined) return null;
  const isDefault = entry.kinds.length === 0 || entry.kinds.length === Object.keys(kindWords).length;
  const kinds = isDefault ? '' : ` (${entry.kinds.map((kind) => kindWords[kind]).join(', ')})`;
  const name = `${quoteIdentifier(entry.schemaName)}.${quoteIdentifier(entry.name)}`;
  return `CREATE STATISTICS ${name}${kinds} ON ${statisticsColumns(catalog, statisticsOid)} FROM ${tableName(entry.tableOid)}`;
}

/** undefined: there is no such object. */
export function statisticsAreVisible(catalog: LoadedCatalog, statisticsOid: number, path: readonly number[]): boolean | undefined {
  const entry = find(catalog, statisticsOid);
  if (entry === undefined) return undefined;
  const first = path.find((schemaOid) => catalog.statistics().some((other) => other.schemaOid === schemaOid && other.name === entry.name));
  return first === entry.schemaOid;
}
