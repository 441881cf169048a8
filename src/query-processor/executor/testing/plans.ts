/** Plans: shorthand for building physical plans by hand in tests, beside build-expression.ts. */
import { InvariantError } from '#base/assert.ts';
import { procsByName } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import { column, constant, operation } from '#sql/evaluate/build-expression.ts';
import type { AggregateCall, ColumnId, Expression, SortKey } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { OutputColumn } from '../../analyzer/logical-plan.ts';
import type { ColumnDescriptor, IndexDescriptor, TableDescriptor } from '../../catalog/descriptors.ts';
import type { Estimate, IndexMaintenance, PhysicalPlan } from '../../planner/physical-plan.ts';

export const estimate: Estimate = { startupCost: 0, totalCost: 0, rows: 0, width: 0 };

export const out = (id: ColumnId, typeOid: number = oid.int4, attributeNumber = 0): OutputColumn => ({
  id,
  name: `c${id}`,
  type: typeRef(typeOid),
  tableOid: 0,
  attributeNumber,
});

export const outer = (id: ColumnId, typeOid: number = oid.int4): Expression => ({
  kind: 'outerValue',
  id,
  type: typeRef(typeOid),
  name: `c${id}`,
});

/** As operation(), in the order of infix. */
export const op = (left: Expression, name: string, right: Expression): Expression => operation(name, left, right);

export function procOid(name: string, argTypes: readonly number[]): number {
  const proc = procsByName(name).find((candidate) => candidate.argTypes.join() === argTypes.join());
  if (proc === undefined) throw new InvariantError(`no function ${name}`);
  return proc.oid;
}

export function aggregateCall(
  name: string,
  argTypes: readonly number[],
  args: readonly Expression[],
  resultType: number,
  more: Partial<AggregateCall> = {},
): AggregateCall {
  return {
    kind: 'aggregate',
    function: procOid(name, argTypes),
    args,
    directArgs: [],
    isStar: argTypes.length === 0,
    isDistinct: false,
    orderBy: [],
    filter: undefined,
    variadic: false,
    type: typeRef(resultType),
    ...more,
  };
}

export const key = (expression: Expression, descending = false, nullsFirst = descending): SortKey => ({
  expression,
  descending,
  nullsFirst,
});

/** In-memory input: columns with ids from `firstId`. */
export function valuesPlan(firstId: ColumnId, types: readonly number[], rows: readonly (readonly Datum[])[]): PhysicalPlan {
  return {
    kind: 'values',
    output: types.map((typeOid, at) => out(firstId + at, typeOid)),
    estimate,
    rows: rows.map((row) => row.map((value, at) => constant(value, types[at]))),
  };
}

export const columnDescriptor = (
  attributeNumber: number,
  name: string,
  typeOid: number,
  more: Partial<ColumnDescriptor> = {},
): ColumnDescriptor => ({
  attributeNumber,
  name,
  type: typeRef(typeOid),
  notNull: false,
  defaultText: undefined,
  generated: undefined,
  identity: undefined,
  isDropped: false,
  missingText: undefined,
  ...more,
});

export function indexDescriptor(
  oidOfIndex: number,
  name: string,
  columns: readonly (readonly [number, number])[],
  more: Partial<IndexDescriptor> = {},
): IndexDescriptor {
  return {
    oid: oidOfIndex,
    name,
    space: oidOfIndex,
    isUnique: false,
    nullsNotDistinct: false,
    keys: columns.map(([attributeNumber, typeOid]) => ({
      attributeNumber,
      expressionText: undefined,
      type: typeRef(typeOid),
      descending: false,
      nullsFirst: false,
    })),
    included: [],
    predicateText: undefined,
    constraintOid: undefined,
    state: 'valid',
    ...more,
  };
}

export function tableDescriptor(
  tableOid: number,
  columns: readonly ColumnDescriptor[],
  more: Partial<TableDescriptor> = {},
): TableDescriptor {
  return {
    kind: 'table',
    oid: tableOid,
    schemaOid: 2200,
    schemaName: 'public',
    name: 't',
    ownerOid: 10,
    space: tableOid,
    columns,
    primaryKey: undefined,
    indexes: [],
    checks: [],
    foreignKeys: [],
    ...more,
  };
}

/** Columns of a table under ids from `firstId` on. */
export const tableColumns = (table: TableDescriptor, firstId: ColumnId): OutputColumn[] =>
  table.columns
    .filter((item) => !item.isDropped)
    .map((item) => out(firstId + item.attributeNumber - 1, item.type.oid, item.attributeNumber));

/** Upkeep of all of a table's indexes (on plain columns). */
export function maintenanceOf(table: TableDescriptor, firstId: ColumnId): IndexMaintenance[] {
  return table.indexes.map((index) => ({
    indexOid: index.oid,
    columns: tableColumns(table, firstId),
    keys: index.keys.map((item) => column(firstId + item.attributeNumber - 1, item.type.oid)),
    predicate: undefined,
  }));
}
