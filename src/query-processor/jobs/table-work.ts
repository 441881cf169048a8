/** What the jobs that go over a table's rows have in common: where a slice begins, what it is run with, and how the table is changed at the end. */
import type { World } from '#base/world.ts';
import type { Expression } from '#sql/expression.ts';
import type { KeyRange } from '#sql/key.ts';
import { catalogVersionKey, descriptorKey } from '#sql/spaces.ts';
import type { Storage } from '#storage/storage.ts';
import { encodeCatalogVersion, encodeDescriptor } from '../catalog/catalog-rows.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { Job } from '../catalog/job-rows.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';

export type JobWorkHost = {
  readonly world: World;
  readonly storage: Storage;
  /** Binds a stored expression over a table's columns, under default settings. */
  readonly bindTableText: (catalog: LoadedCatalog, table: TableDescriptor, text: string) => Expression;
  /** Rows that one transaction of a job goes over. */
  readonly rowsPerSlice: number;
};

/** The rows that are left to do. TRUNCATE gives a table other keys: then all that had been done is gone, and it begins anew. */
export function rangeLeft({ progress }: Job, table: TableDescriptor): KeyRange {
  const { rowRange } = layoutOf(table);
  const isOfTable = progress !== undefined && progress >= rowRange.start && progress < rowRange.end;
  return { start: isOfTable ? progress : rowRange.start, end: rowRange.end };
}

/** A schema change of one table. */
export function writeTable(table: TableDescriptor, transaction: OpenTransaction, catalog: LoadedCatalog): void {
  transaction.write(descriptorKey(table.oid), encodeDescriptor(table), 'write');
  transaction.write(catalogVersionKey, encodeCatalogVersion({ nextOid: catalog.nextOid }), 'write');
}
