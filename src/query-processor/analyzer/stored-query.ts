/** Queries that are kept: a view's or a function's, bound so that they can be printed, with what they depend on. */
import type { SelectStmt } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { TypeRef } from '#sql/type.ts';
import { domainOfArray, elementOfRowArray, relationOfRowType } from '#sql/types/catalog-types.ts';
import { formatType } from '#sql/types/registry.ts';
import type { Dependency } from '../catalog/descriptors.ts';
import { type PositionOf, parse } from '../parser/parse.ts';
import { deparseQuery, type QueryTextOptions } from './deparse-query.ts';
import { Analysis, type AnalyzerEnvironment } from './environment.ts';
import type { LogicalPlan, OutputColumn } from './logical-plan.ts';
import { bindSelect } from './select.ts';
import type { StatedQuery } from './stated-query.ts';

export type StoredQuery = {
  readonly analysis: Analysis;
  readonly query: StatedQuery;
  readonly plan: LogicalPlan;
  readonly output: readonly OutputColumn[];
};

export function bindStoredQuery(environment: AnalyzerEnvironment, select: SelectStmt, positionOf: PositionOf): StoredQuery {
  const analysis = new Analysis({ ...environment, parameterTypes: undefined }, positionOf);
  const stated = analysis.noteQueries();
  const { plan, output } = bindSelect(analysis, select, undefined, { resolveUnknowns: true });
  return { analysis, query: stated.ofPlan(plan), plan, output };
}

/** Trees of stored queries, which are met again with every statement that reads them. */
const parsedQueries = new Map<string, SelectStmt>();
const parsedQueriesMax = 500;

export function storedSelect(text: string): SelectStmt {
  const known = parsedQueries.get(text);
  if (known !== undefined) return known;
  const [statement] = parse(text);
  if (!('SelectStmt' in statement.node)) throw new SqlError(sqlstate.syntaxError, `not a query: ${text}`);
  if (parsedQueries.size >= parsedQueriesMax) parsedQueries.clear();
  parsedQueries.set(text, statement.node.SelectStmt);
  return statement.node.SelectStmt;
}

export const bindStoredText = (environment: AnalyzerEnvironment, text: string): StoredQuery =>
  bindStoredQuery(
    { ...environment, statementText: text, stored: environment.stored ?? { checkAs: undefined } },
    storedSelect(text),
    () => undefined,
  );

export type PrintedQuery = { readonly text: string; readonly dependencies: readonly Dependency[] };

/** The text, and what it names on the way. */
export function printStoredQuery({ analysis, query }: StoredQuery, options: QueryTextOptions): PrintedQuery {
  const used = new Map<number, Set<number>>();
  const use = (oid: number): Set<number> => {
    const known = used.get(oid);
    if (known !== undefined) return known;
    const made = new Set<number>();
    used.set(oid, made);
    return made;
  };
  const text = deparseQuery(analysis, query, {
    ...options,
    names: {
      ...options.names,
      relation: (oid) => {
        use(oid);
        return options.names.relation(oid);
      },
      type: (type) => {
        useType(type, use);
        return options.names.type?.(type) ?? formatType(type);
      },
      function: (oid) => {
        if (oid >= firstUserOid) use(oid);
        return options.names.function?.(oid);
      },
    },
    onColumn: (oid, attributeNumber) => use(oid).add(attributeNumber),
  });
  const dependencies = [...used]
    .filter(([oid]) => oid >= firstUserOid)
    .map(([oid, numbers]) => ({ oid, attributeNumbers: [...numbers].sort((a, b) => a - b) }));
  return { text, dependencies };
}

/** The domain, or the relation whose row type it is, that a type rests on. */
function useType({ oid, domain }: TypeRef, use: (oid: number) => void): void {
  if (domain !== undefined) use(domainOfArray(domain) ?? domain);
  const relationOid = relationOfRowType(elementOfRowArray(oid) ?? oid);
  if (relationOid !== undefined) use(relationOid);
}

const firstUserOid = 16384;
