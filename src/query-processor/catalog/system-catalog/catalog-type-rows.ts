/** What pg_type says of the types that the catalog makes: row types of relations, and arrays of these and of domains. */
import { rowArrayOf, rowTypeOf } from '#sql/types/catalog-types.ts';
import type { Run } from '../../executor/operator.ts';
import { everyRelation, type SystemRow } from './row-maker.ts';

/** `record` and `recordArray`: pg_type's rows of these, which row types and their arrays are like but for their names. */
export function* rowTypeRows(run: Run, record: SystemRow, recordArray: SystemRow): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog)) {
    if (relation.kind === 'sequence') continue;
    const row = rowTypeOf(relation.oid);
    const place = { typnamespace: relation.schemaOid, typowner: relation.ownerOid };
    yield {
      ...record,
      ...place,
      oid: row,
      typname: relation.name,
      typtype: 'c',
      typcategory: 'C',
      typrelid: relation.oid,
      typarray: rowArrayOf(row),
    };
    yield arrayRow(recordArray, { ...place, name: relation.name, oid: rowArrayOf(row), element: row });
  }
}

export function arrayRow(
  like: SystemRow,
  { name, oid, element, ...place }: SystemRow & { readonly name: string; readonly oid: number; readonly element: number },
): SystemRow {
  return { ...like, ...place, oid, typname: `_${name}`, typtype: 'b', typcategory: 'A', typelem: element, typarray: 0, typrelid: 0 };
}
