/**
 * Prepared: what an operator needs of its plan node beyond the node itself (compiled expressions, positions of columns), made once a
 * node and kept as long as the node lives. A cached plan is thus compiled once, and an inner plan that runs once a row is too.
 */
import { InvariantError } from '#base/assert.ts';
import type { Batch, Vector } from '#sql/batch.ts';
import type { ColumnId } from '#sql/expression.ts';
import type { OutputColumn } from '../analyzer/logical-plan.ts';

/** `make` with its answers remembered by node. What it makes may hold nothing of a running statement. */
export function prepared<Node extends object, Prepared>(make: (node: Node) => Prepared): (node: Node) => Prepared {
  const made = new WeakMap<Node, Prepared>();
  return (node) => {
    let known = made.get(node);
    if (known === undefined) {
      known = make(node);
      made.set(node, known);
    }
    return known;
  };
}

export const idsOf = (columns: readonly OutputColumn[]): readonly ColumnId[] => columns.map((column) => column.id);

export const typesOf = (columns: readonly OutputColumn[]): readonly number[] => columns.map((column) => column.type.oid);

/** Where each of `wanted` lies among `available`. */
export function positionsOf(wanted: readonly ColumnId[], available: readonly ColumnId[]): readonly number[] {
  return wanted.map((id) => {
    const position = available.indexOf(id);
    if (position < 0) throw new InvariantError(`column ${id} is not in the input`);
    return position;
  });
}

/** Hands on columns by position; `undefined` when all are handed on as they are. */
export function picker(wanted: readonly ColumnId[], available: readonly ColumnId[]): readonly number[] | undefined {
  if (wanted.length === available.length && wanted.every((id, at) => id === available[at])) return undefined;
  return positionsOf(wanted, available);
}

export function pick(batch: Batch, positions: readonly number[] | undefined): Batch {
  if (positions === undefined) return batch;
  const columns: Vector[] = new Array(positions.length);
  for (let i = 0; i < positions.length; i++) columns[i] = batch.columns[positions[i]];
  return { rowCount: batch.rowCount, columns };
}
