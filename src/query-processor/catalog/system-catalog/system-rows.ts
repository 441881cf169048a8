/**
 * System rows: what the system catalogs and views hold, made from the catalog as of the snapshot. A relation that has no maker here
 * is empty: it exists, with PostgreSQL's columns, so that what clients ask of it finds nothing instead of failing.
 */
import type { Datum } from '#sql/datum.ts';
import type { Run } from '../../executor/operator.ts';
import { firstUserOid } from '../catalog.ts';
import type { TableDescriptor } from '../descriptors.ts';
import { activityRows } from './activity-rows.ts';
import { builtInRows } from './built-in-rows.ts';
import { dependencyRows } from './dependency-rows.ts';
import { informationSchemaRows } from './information-schema-rows.ts';
import { privilegeRows } from './privilege-rows.ts';
import { relationRows } from './relation-rows.ts';
import { roleRows } from './role-rows.ts';
import { routineRows } from './routine-rows.ts';
import type { RowMakers } from './row-maker.ts';
import { sequenceRow } from './sequence-table.ts';
import { serverRows } from './server-rows.ts';
import { statisticsObjectRows } from './statistics-objects.ts';

const makers: RowMakers = {
  ...builtInRows,
  ...relationRows,
  ...dependencyRows,
  ...serverRows,
  ...roleRows,
  ...activityRows,
  ...informationSchemaRows,
  ...privilegeRows,
  ...routineRows,
  ...statisticsObjectRows,
};

export function* systemRows(table: TableDescriptor, run: Run): Iterable<readonly Datum[]> {
  const names = table.columns.map((column) => column.name);
  const sequence = table.oid >= firstUserOid ? run.catalog.relationByOid(table.oid) : undefined;
  if (sequence?.kind === 'sequence') {
    const row = sequenceRow(sequence, run);
    yield names.map((name) => row[name] ?? null);
    return;
  }
  const make = makers[`${table.schemaName}.${table.name}`] ?? makers[table.name];
  if (make === undefined) return;
  for (const row of make(run)) yield names.map((name) => row[name] ?? null);
}
