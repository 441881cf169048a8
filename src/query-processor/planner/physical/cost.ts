/**
 * Cost model, in PostgreSQL's unit (one sequential page read is 1), so that EXPLAIN's figures mean what its readers are used to.
 *
 *   rows read in key order   cpuTuple a row, and its bytes as a share of a page
 *   a look-up by key         seekCost: a descent of the tree and a binary search
 *   a row behind an index    fetchCost: a look-up that shares its batch
 *   an operator or function  cpuOperator
 *
 * The ratios are those of the store (look-ups about ten times a row in order); the absolute height follows PostgreSQL's defaults.
 */
import { procByOid } from '#sql/builtins.ts';
import type { Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { oid } from '#sql/oids.ts';
import { pgTypes } from '#sql/postgres/pg-type.ts';
import type { TypeRef } from '#sql/type.ts';
import type { OutputColumn } from '../../analyzer/logical-plan.ts';
import type { Estimate, PhysicalPlan } from '../physical-plan.ts';

export const cpuTuple = 0.01;
export const cpuIndexTuple = 0.005;
export const cpuOperator = 0.0025;
export const seekCost = 0.15;
export const fetchCost = 0.1;
export const pageBytes = 8192;
/** Added to what a switch (enable_*) forbids: taken only when there is no other way. */
export const disabledCost = 1e10;

let lengths: Map<number, number> | undefined;

/** Average bytes of a value, as PostgreSQL guesses them. */
export function widthOf(type: TypeRef): number {
  lengths ??= new Map(pgTypes.map((pgType) => [pgType.oid, pgType.length]));
  const length = lengths.get(type.oid) ?? -1;
  if (length > 0) return length;
  if ((type.oid === oid.varchar || type.oid === oid.bpchar) && type.typmod > 4) {
    const most = type.typmod - 4;
    if (type.oid === oid.bpchar || most <= 32) return most;
    return most < 1000 ? 32 + (most - 32) / 2 : 32 + 484;
  }
  return 32;
}

export const widthOfAll = (output: readonly OutputColumn[]): number =>
  Math.round(output.reduce((sum, column) => sum + widthOf(column.type), 0));

/** What evaluating an expression once costs. */
export function expressionCost(e: Expression | undefined): number {
  if (e === undefined) return 0;
  let operators = 0;
  someExpression(e, (inner) => {
    if (inner.kind === 'function') operators += procByOid(inner.function)?.language === 'sql' ? 10 : 1;
    else if (inner.kind === 'arrayComparison') operators += 5;
    else if (inner.kind === 'convertByText' || inner.kind === 'rowComparison' || inner.kind === 'distinct' || inner.kind === 'nullif')
      operators++;
    return false;
  });
  return operators * cpuOperator;
}

export const estimate = (startupCost: number, totalCost: number, rows: number, width: number): Estimate => ({
  startupCost,
  totalCost: Math.max(startupCost, totalCost),
  rows: Math.max(0, Math.round(rows)),
  width,
});

/** Comparing and moving for a sort of `rows`, of which `limit` are kept. */
export function sortCost(rows: number, limit: number | undefined): number {
  const kept = limit === undefined ? rows : Math.min(rows, Math.max(1, limit));
  return 2 * cpuOperator * rows * Math.log2(Math.max(2, kept));
}

/** An operator on top of `input` that costs `perRow` for each of its rows. */
export function streaming(input: PhysicalPlan, rows: number, perRow: number, output: readonly OutputColumn[]): Estimate {
  const { startupCost, totalCost, rows: inputRows } = input.estimate;
  return estimate(startupCost, totalCost + inputRows * perRow, rows, widthOfAll(output));
}
