/**
 * Skewed literals: a plan that serves all values of a column alike is a poor one where some are common and others rare (`status = 'open'`). Literals beside
 * such a column stay as they are written, so that each value has its own plan (PostgreSQL's custom plans) - where the values are so few that their plans are
 * all kept. Columns with more values keep their one plan: a plan for each would be made again and again, which costs more than it gains.
 */
import { cachedStatementsOfShape } from '#base/limits.ts';
import type { BoundQuery } from '../analyzer/logical-plan.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ColumnStatistics, PlannerEnvironment } from '../planner/environment.ts';
import { type LiftedLiteral, MustStay } from './literal-binding.ts';

/** So many times more frequent than the rarest is a common value. */
const leastSkew = 4;

/** Throws MustStay. */
export function checkSkew(
  bound: BoundQuery,
  literals: readonly LiftedLiteral[],
  catalog: Catalog,
  statistics: PlannerEnvironment['statistics'],
): void {
  const skewed = new Set<string>();
  for (const relationOid of bound.relations) {
    const known = statistics(relationOid)?.columns;
    if (known === undefined || known.size === 0) continue;
    const relation = catalog.relationByOid(relationOid);
    if (relation?.kind !== 'table') continue;
    for (const { name, attributeNumber } of relation.columns) {
      const column = known.get(attributeNumber);
      if (column !== undefined && isSkewed(column)) skewed.add(name);
    }
  }
  if (skewed.size === 0) return;
  const staying = literals.filter(({ beside }) => [...beside].some((column) => skewed.has(column)));
  if (staying.length > 0) throw new MustStay(staying.map(({ token }) => token));
}

function isSkewed({ distinct, common }: ColumnStatistics): boolean {
  const rarest = common.at(-1);
  return distinct <= cachedStatementsOfShape && rarest !== undefined && common[0].frequency >= leastSkew * rarest.frequency;
}
