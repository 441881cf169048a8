/**
 * WHERE CURRENT OF: the row that a cursor stands on. Where it stands is known when the statement runs, so the row's key is a parameter
 * that the session adds to those of the client.
 */
import type { CurrentOfExpr } from '@pgsql/types';
import { maximumParameters } from '#base/limits.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { Analysis } from './environment.ts';
import type { LogicalPlan } from './logical-plan.ts';

export type CurrentOf = { readonly cursorName: string; readonly table: TableDescriptor };

/** Behind those that a client may give. */
export const currentRowParameter = maximumParameters + 1;

/** The target's scan, narrowed to the cursor's row. */
export function currentRow(
  analysis: Analysis,
  scan: LogicalPlan,
  { cursor_name: cursorName }: CurrentOfExpr,
  table: TableDescriptor,
): LogicalPlan {
  if (scan.kind !== 'scan' || cursorName === undefined || analysis.currentOf !== undefined)
    throw analysis.notSupported('WHERE CURRENT OF is not supported here');
  analysis.currentOf = { cursorName, table };
  const rowKey: Expression = { kind: 'parameter', index: currentRowParameter, type: typeRef(oid.bytea) };
  return { ...scan, rowKey };
}
