/**
 * SEARCH and CYCLE of a recursive common table, as PostgreSQL lays them out: each term becomes the subquery of another one, which adds the
 * columns. The non-recursive term begins them; the recursive one hands on what the row that it comes from had, and adds itself.
 *
 *   SEARCH DEPTH FIRST     the rows on the way here, as an array of records
 *   SEARCH BREADTH FIRST   how deep the row lies, then its columns
 *   CYCLE                  whether the row is on its own way here already, and that way; such a row is not followed
 */
import type { CommonTableExpr, Node, RangeVar, SelectStmt } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { quoteIdentifier } from '#sql/functions/quoting.ts';
import { parse } from '../parser/parse.ts';
import { stringOf } from './expression-names.ts';
import type { Scope } from './scope.ts';

/** The terms of the recursion with the columns that the clauses add at their end. */
export type ExtendedTerms = { readonly left: SelectStmt; readonly right: SelectStmt; readonly added: readonly string[] };

/** `columns`: names of the common table's own columns. */
export function extendTerms(
  scope: Scope,
  item: CommonTableExpr,
  left: SelectStmt,
  right: SelectStmt,
  columns: readonly string[],
): ExtendedTerms {
  checkLists(scope, item, columns);
  const { search_clause: search, cycle_clause: cycle } = item;
  const name = item.ctename ?? '';
  const reference = selfReference(scope, right, name);
  const source = reference.alias?.aliasname ?? name;
  const rowOf = (nodes: readonly Node[] | undefined, first: readonly string[] = []): string =>
    `ROW(${[...first, ...(nodes ?? []).map((node) => quoteIdentifier(stringOf(node)))].join(', ')})`;
  const added: string[] = [];
  const begin: string[] = [];
  const goOn: string[] = [];
  let condition = '';
  /** What the row that a new one comes from had in an added column. */
  const before = (at: number): string => quoteIdentifier(`*before ${at}*`);
  const add = (column: string | undefined, start: string, next: (previous: string) => string): void => {
    const previous = before(added.length);
    added.push(column ?? '');
    begin.push(start);
    goOn.push(next(previous));
  };
  if (search !== undefined) {
    const list = search.search_col_list;
    if (search.search_breadth_first === true)
      add(search.search_seq_column, rowOf(list, ['0::int8']), (previous) => rowOf(list, [`(${previous}).f1 + 1`]));
    else add(search.search_seq_column, `ARRAY[${rowOf(list)}]`, (previous) => `array_cat(${previous}, ARRAY[${rowOf(list)}])`);
  }
  if (cycle !== undefined) {
    const row = rowOf(cycle.cycle_col_list);
    const path = before(added.length + 1);
    condition = ` WHERE ${before(added.length)} <> "*value*"`;
    add(
      cycle.cycle_mark_column,
      'CASE WHEN false THEN "*value*" ELSE "*default*" END',
      () => `CASE WHEN ${row} = ANY (${path}) THEN "*value*" ELSE "*default*" END`,
    );
    add(cycle.cycle_path_column, `ARRAY[${row}]`, (previous) => `array_cat(${previous}, ARRAY[${row}])`);
  }
  const shown = columns.map(quoteIdentifier);
  const wrap = (term: SelectStmt, names: readonly string[], more: readonly string[], where: string): SelectStmt => {
    const text = `SELECT ${[...shown, ...more].join(', ')} FROM "*term*" AS "*term*"(${names.join(', ')})${where}`;
    return filled(text, term, cycle?.cycle_mark_value, cycle?.cycle_mark_default);
  };
  const handed: Node[] = added.map((column, at) => ({
    ResTarget: {
      name: `*before ${at}*`,
      val: { ColumnRef: { fields: [{ String: { sval: source } }, { String: { sval: column } }] } },
    },
  }));
  const follow: SelectStmt = { ...right, targetList: [...(right.targetList ?? []), ...handed] };
  return {
    added,
    left: wrap(left, shown, begin, ''),
    right: wrap(follow, [...shown, ...added.map((_, at) => before(at))], goOn, condition),
  };
}

/** The statement of a text in which "*term*" stands for a subquery, and two columns for the values of the cycle mark. */
function filled(text: string, term: SelectStmt, value: Node | undefined, otherwise: Node | undefined): SelectStmt {
  const [statement] = parse(text);
  const { node } = statement;
  if (!('SelectStmt' in node)) throw new TypeError('the text is a SELECT');
  const replace = (tree: unknown): unknown => {
    if (Array.isArray(tree)) return tree.map(replace);
    if (typeof tree !== 'object' || tree === null) return tree;
    if ('ColumnRef' in tree) {
      const name = nameOf(tree.ColumnRef);
      if (name === '*value*') return value;
      if (name === '*default*') return otherwise;
    }
    // Places in this text mean nothing in the client's.
    return Object.fromEntries(Object.entries(tree).flatMap(([key, child]) => (key === 'location' ? [] : [[key, replace(child)] as const])));
  };
  const [from] = node.SelectStmt.fromClause ?? [];
  const alias = from !== undefined && 'RangeVar' in from ? from.RangeVar.alias : undefined;
  const targetList = node.SelectStmt.targetList?.map((target) => replaced(target, replace));
  const where = node.SelectStmt.whereClause;
  return {
    ...node.SelectStmt,
    ...(targetList === undefined ? {} : { targetList }),
    ...(where === undefined ? {} : { whereClause: replaced(where, replace) }),
    fromClause: [{ RangeSubselect: { subquery: { SelectStmt: term }, ...(alias === undefined ? {} : { alias }) } }],
  };
}

/** Replacing keeps a node a node. */
const replaced = (node: Node, replace: (tree: unknown) => unknown): Node => replace(node) as Node;

const nameOf = (reference: unknown): string | undefined => {
  if (typeof reference !== 'object' || reference === null || !('fields' in reference) || !Array.isArray(reference.fields)) return undefined;
  const fields: readonly Node[] = reference.fields;
  return fields.length === 1 ? stringOf(fields[0]) : undefined;
};

/** Where FROM of the recursive term names the common table itself. */
function selfReference(scope: Scope, right: SelectStmt, name: string): RangeVar {
  const { analysis } = scope;
  if (right.op !== undefined && right.op !== 'SETOP_NONE')
    throw analysis.syntaxError('with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT');
  const find = (nodes: readonly (Node | undefined)[]): RangeVar | undefined => {
    for (const node of nodes) {
      if (node === undefined) continue;
      if ('RangeVar' in node && node.RangeVar.relname === name && node.RangeVar.schemaname === undefined) return node.RangeVar;
      const inner = 'JoinExpr' in node ? find([node.JoinExpr.larg, node.JoinExpr.rarg]) : undefined;
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  const found = find(right.fromClause ?? []);
  if (found !== undefined) return found;
  throw analysis.notSupported(
    `with a SEARCH or CYCLE clause, the recursive reference to WITH query "${name}" must be at the top level of its right-hand SELECT`,
  );
}

function checkLists(scope: Scope, item: CommonTableExpr, columns: readonly string[]): void {
  const { analysis } = scope;
  const { search_clause: search, cycle_clause: cycle } = item;
  const checkList = (what: 'search' | 'cycle', list: readonly Node[] | undefined, location: number | undefined): void => {
    const seen = new Set<string>();
    for (const name of (list ?? []).map(stringOf)) {
      if (!columns.includes(name)) throw analysis.syntaxError(`${what} column "${name}" not in WITH query column list`, location);
      if (seen.has(name)) throw analysis.error(sqlstate.duplicateColumn, `${what} column "${name}" specified more than once`, location);
      seen.add(name);
    }
  };
  checkList('search', search?.search_col_list, search?.location);
  checkList('cycle', cycle?.cycle_col_list, cycle?.location);
  if (cycle === undefined) return;
  const requireOthers = (what: string, a: string | undefined, b: string | undefined, location: number | undefined): void => {
    if (a === b) throw analysis.syntaxError(`${what} are the same`, location);
  };
  const { cycle_mark_column: mark, cycle_path_column: path } = cycle;
  requireOthers('cycle mark column name and cycle path column name', mark, path, cycle.location);
  if (search === undefined) return;
  requireOthers('search sequence column name and cycle mark column name', search.search_seq_column, mark, search.location);
  requireOthers('search sequence column name and cycle path column name', search.search_seq_column, path, search.location);
}

/** Names of the added columns, which must be new; checked once the terms are bound. */
export function checkAddedNames(scope: Scope, item: CommonTableExpr, columns: readonly string[]): void {
  const { analysis } = scope;
  const { search_clause: search, cycle_clause: cycle } = item;
  const requireNew = (what: string, name: string | undefined, location: number | undefined): void => {
    if (columns.includes(name ?? ''))
      throw analysis.syntaxError(`${what} column name "${name}" already used in WITH query column list`, location);
  };
  if (search !== undefined) requireNew('search sequence', search.search_seq_column, search.location);
  if (cycle === undefined) return;
  const { cycle_mark_column: mark, cycle_path_column: path, location } = cycle;
  requireNew('cycle mark', mark, location);
  requireNew('cycle path', path, location);
}
