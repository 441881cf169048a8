/**
 * The plan of a cursor's query with the keys of its rows as further result columns, where a row of the result is one row of a table: it
 * is what WHERE CURRENT OF finds the row by.
 */
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { BoundQuery, LogicalPlan, NamedExpression, OutputColumn } from '../analyzer/logical-plan.ts';

type WithKeys = {
  readonly plan: LogicalPlan;
  readonly keys: readonly { readonly tableOid: number; readonly column: OutputColumn }[];
  readonly nextColumnId: number;
};

export function withRowKeys(bound: BoundQuery): { readonly bound: BoundQuery; readonly keyTables: readonly number[] } {
  const found = keysIn(bound.plan, bound.nextColumnId);
  if (found === undefined) return { bound, keyTables: [] };
  return {
    bound: {
      ...bound,
      plan: found.plan,
      output: [...bound.output, ...found.keys.map(({ column }) => column)],
      nextColumnId: found.nextColumnId,
    },
    keyTables: found.keys.map(({ tableOid }) => tableOid),
  };
}

const keyColumn = (id: number): OutputColumn => ({ id, name: 'key', type: typeRef(oid.bytea), tableOid: 0, attributeNumber: 0 });

/** undefined where rows are grouped, joined without being locked, or made by no table. */
function keysIn(plan: LogicalPlan, nextColumnId: number): WithKeys | undefined {
  switch (plan.kind) {
    case 'scan': {
      if (plan.table.kind !== 'table') return undefined;
      const column = keyColumn(plan.keyColumn ?? nextColumnId);
      const scan = plan.keyColumn === undefined ? { ...plan, keyColumn: nextColumnId } : plan;
      return { plan: scan, keys: [{ tableOid: plan.table.oid, column }], nextColumnId: nextColumnId + 1 };
    }
    case 'lockRows':
      return {
        plan,
        keys: plan.locks.map((lock) => ({ tableOid: lock.table.oid, column: keyColumn(lock.keyColumn) })),
        nextColumnId,
      };
    case 'filter':
    case 'sort':
    case 'limit': {
      const inner = keysIn(plan.input, nextColumnId);
      return inner === undefined ? undefined : { ...inner, plan: { ...plan, input: inner.plan } };
    }
    case 'project': {
      const inner = keysIn(plan.input, nextColumnId);
      if (inner === undefined) return undefined;
      const has = (id: number): boolean => plan.targets.some((target) => target.id === id);
      const passed = inner.keys.flatMap(({ column }): readonly NamedExpression[] =>
        has(column.id)
          ? []
          : [{ id: column.id, name: 'key', expression: { kind: 'column', id: column.id, name: 'key', type: column.type } }],
      );
      return { ...inner, plan: { ...plan, input: inner.plan, targets: [...plan.targets, ...passed] } };
    }
    default:
      return undefined;
  }
}
