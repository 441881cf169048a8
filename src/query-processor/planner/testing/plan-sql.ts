/** From SQL text to a bound query and a plan over the test catalog: for the planner's tests. */
import { InvariantError } from '#base/assert.ts';
import { defaultSettings } from '#sql/settings.ts';
import { analyzeQuery } from '../../analyzer/analyze.ts';
import type { AnalyzerEnvironment } from '../../analyzer/environment.ts';
import type { BoundQuery } from '../../analyzer/logical-plan.ts';
import { ParameterTypes } from '../../analyzer/parameters.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { parse } from '../../parser/parse.ts';
import { defaultPlannerSettings, type PlannerEnvironment, type PlannerSettings } from '../environment.ts';
import { columnRef } from '../plan-tree.ts';
import { testCatalog, testRows } from './test-catalog.ts';

const analyzerEnvironment = (catalog: Catalog, statementText: string, parameterTypes: ParameterTypes | undefined): AnalyzerEnvironment => ({
  catalog,
  settings: { ...defaultSettings, searchPath: ['public'] },
  typeContext: { settings: defaultSettings, transactionTimestamp: 0, names: undefined },
  currentUser: 'admin',
  parameterTypes,
  statementText,
});

/** `loadParser()` must have resolved. */
export function bind(text: string, catalog: Catalog = testCatalog()): BoundQuery {
  const [statement, ...more] = parse(text);
  if (statement === undefined || more.length > 0) throw new InvariantError('one statement, please');
  return analyzeQuery(statement, analyzerEnvironment(catalog, text, new ParameterTypes()));
}

export function plannerEnvironment(
  settings: Partial<PlannerSettings> = {},
  rows: ReadonlyMap<string, number> = testRows,
  catalog: Catalog = testCatalog(),
): PlannerEnvironment {
  return {
    catalog,
    settings: { ...defaultPlannerSettings, ...settings },
    statistics: (tableOid) => {
      const known = rows.get(catalog.relationByOid(tableOid)?.name ?? '');
      return known === undefined ? undefined : { rows: known, columns: new Map() };
    },
    // The test tables' predicates are column names.
    bindTableExpression: (_, text, columns) => {
      const column = columns.find((candidate) => candidate.name === text);
      if (column === undefined) throw new InvariantError(`no column ${text}`);
      return columnRef(column);
    },
  };
}
