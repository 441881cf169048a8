/**
 * MERGE, said in what the rest of the engine knows: the target joined with the source becomes a common table, in which each row carries
 * the number of the WHEN clause that applies to it; each clause is then an UPDATE, DELETE or INSERT over its rows, run as data-modifying
 * common tables are. So all of them see what was there when the statement began, and a row is changed once.
 *
 *     WITH joined AS MATERIALIZED (SELECT target.*, source.*, CASE WHEN ... THEN 1 ... END FROM source LEFT JOIN target ON ...),
 *          first AS (UPDATE ... FROM joined WHERE clause = 1), second AS (INSERT ... SELECT ... FROM joined WHERE clause = 2) ...
 */
import type { InsertStmt, MergeStmt, MergeWhenClause, RangeVar } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { rowKeyType } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { privilege } from '#sql/privilege.ts';
import { typeRef } from '#sql/type.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { ChangeTarget } from './change-target.ts';
import { bindChecks, bindGenerated } from './data-change.ts';
import { bindCondition, required } from './expression.ts';
import { bindFromItem, joinOf, setLateral } from './from-clause.ts';
import { bindTable, openRelation, tableColumns } from './from-relation.ts';
import { mergeValues } from './insert.ts';
import type { CommonTable, LogicalPlan, NamedExpression, OutputColumn } from './logical-plan.ts';
import type { RelationAccess } from './relation-access.ts';
import { type NamespaceEntry, type RangeItem, requireDistinctNames, Scope } from './scope.ts';
import type { BoundSelect } from './select.ts';
import { bindAssignments, withRecords } from './update.ts';
import { bindWith } from './with-clause.ts';

const int4 = typeRef(oid.int4);
const boolean = typeRef(oid.bool);

type Clause = { readonly number: number; readonly node: MergeWhenClause; readonly condition: Expression };

/** The joined rows: what each clause reads under columns of its own. */
type Joined = {
  readonly cte: number;
  readonly columns: readonly OutputColumn[];
  readonly target: RangeItem;
  readonly source: readonly NamespaceEntry[];
  /** The joined columns of target and source, by the ids that they have where the join is bound. */
  readonly places: ReadonlyMap<unknown, number>;
  readonly keyAt: number;
  readonly clauseAt: number;
};

export function bindMerge(parent: Scope, node: MergeStmt): BoundSelect {
  const { analysis } = parent;
  const scope = new Scope(analysis, parent);
  const wrap = bindWith(scope, node.withClause);
  const relation = required(node.relation);
  const clauses = clausesOf(node);
  refuseUnreachable(scope, clauses);
  const { table, access } = openMergeTarget(scope, relation, clauses);

  const { plan: scan, item } = bindTable(scope, table, relation.alias, access);
  scope.addItem(item);
  scope.target = item;
  const key = required(item.takeKeyColumn)();
  const target: NamespaceEntry = { item, isRelationVisible: true, areColumnsVisible: true, lateralOnly: false, lateralOk: true };
  const source = bindFromItem(scope, required(node.sourceRelation));
  requireDistinctNames(scope, [target], source.entries);
  setLateral(source.entries, false, true);
  scope.namespace = [target, ...source.entries];
  const on = required(node.joinCondition);
  const condition = scope.within('joinOn', () => bindCondition(scope, on, 'ON'));
  const inserts = clauses.some((clause) => clause.matched !== true && clause.commandType !== 'CMD_NOTHING');
  const join = joinOf(inserts ? 'left' : 'inner', source.plan, scan, condition, false);

  const numbered = clauses.map((clause, at): Clause => {
    scope.namespace = clause.matched === true ? [target, ...source.entries] : [...source.entries];
    return { number: at + 1, node: clause, condition: applies(scope, clause, key) };
  });
  const { joined, plan, projected } = joinedRows(scope, join, item, key, source.entries, numbered);
  let changes: LogicalPlan = { kind: 'values', columns: [], rows: [] };
  let references = 0;
  for (const clause of [...numbered].reverse()) {
    if (clause.node.commandType === 'CMD_NOTHING') continue;
    references++;
    const change = bindClause(parent, table, access, joined, clause);
    changes = { kind: 'with', cte: commonTable(analysis.newCteId(), [], change, [], 1, true), input: changes };
  }
  const cte = commonTable(joined.cte, joined.columns, plan, projected, references, false);
  return { plan: wrap({ kind: 'with', cte, input: changes }), output: [] };
}

const clausesOf = (node: MergeStmt): readonly MergeWhenClause[] =>
  (node.mergeWhenClauses ?? []).flatMap((entry) => ('MergeWhenClause' in entry ? [entry.MergeWhenClause] : []));

function refuseUnreachable(scope: Scope, clauses: readonly MergeWhenClause[]): void {
  const ended = new Set<boolean>();
  for (const clause of clauses) {
    const isMatched = clause.matched === true;
    if (ended.has(isMatched)) throw scope.analysis.syntaxError('unreachable WHEN clause specified after unconditional WHEN clause');
    if (clause.condition === undefined) ended.add(isMatched);
  }
}

const privilegesOf: Readonly<Record<string, number>> = {
  CMD_INSERT: privilege.insert,
  CMD_UPDATE: privilege.update,
  CMD_DELETE: privilege.delete,
};

function openMergeTarget(
  scope: Scope,
  node: RangeVar,
  clauses: readonly MergeWhenClause[],
): { readonly table: TableDescriptor; readonly access: RelationAccess } {
  const { analysis } = scope;
  const relation = openRelation(scope, node);
  if (relation.kind !== 'table')
    throw analysis.error(sqlstate.wrongObjectType, `cannot execute MERGE on relation "${relation.name}"`, undefined, {
      detail: `This operation is not supported for ${relation.kind === 'system' ? 'system catalogs' : `${relation.kind}s`}.`,
    });
  const wanted = clauses.reduce((bits, clause) => bits | (privilegesOf[clause.commandType ?? ''] ?? 0), 0);
  const access = analysis.addAccess(relation, wanted);
  scope.targetAccess = access;
  return { table: relation, access };
}

/** Whether a joined row is one that the clause is for. */
function applies(scope: Scope, clause: MergeWhenClause, key: ColumnId): Expression {
  const isMatched: Expression = {
    kind: 'isNull',
    arg: { kind: 'column', id: key, name: 'key', type: rowKeyType },
    negated: clause.matched === true,
    type: boolean,
  };
  const { condition } = clause;
  if (condition === undefined) return isMatched;
  const bound = scope.within('mergeWhen', () => bindCondition(scope, condition, 'WHEN'));
  return { kind: 'and', args: [isMatched, bound], type: boolean };
}

function joinedRows(
  scope: Scope,
  join: LogicalPlan,
  target: RangeItem,
  key: ColumnId,
  source: readonly NamespaceEntry[],
  clauses: readonly Clause[],
): { readonly joined: Joined; readonly plan: LogicalPlan; readonly projected: readonly ColumnId[] } {
  const { analysis } = scope;
  const targets: NamedExpression[] = [];
  const places = new Map<unknown, number>();
  const add = (name: string, expression: Expression): number => {
    const id = analysis.newColumnId();
    const shape = expression.kind === 'column' ? analysis.shapes.get(expression.id) : undefined;
    if (shape !== undefined) analysis.shapes.set(id, shape);
    return targets.push({ id, name, expression }) - 1;
  };
  for (const item of [target, ...source.map((entry) => entry.item)])
    for (const column of item.columns) places.set(column, add(column.name, column.expression));
  const keyAt = add('key', { kind: 'column', id: key, name: 'key', type: rowKeyType });
  const clauseAt = add('clause', {
    kind: 'case',
    operand: undefined,
    // biome-ignore lint/suspicious/noThenProperty: a branch of CASE
    branches: clauses.map(({ number, condition }) => ({ when: condition, then: { kind: 'constant', value: number, type: int4 } })),
    otherwise: undefined,
    type: int4,
  });
  const columns = targets.map(
    ({ id, name, expression }): OutputColumn => ({ id, name, type: expression.type, tableOid: 0, attributeNumber: 0 }),
  );
  return {
    joined: { cte: analysis.newCteId(), columns, target, source, places, keyAt, clauseAt },
    plan: { kind: 'project', input: join, targets },
    projected: targets.map(({ id }) => id),
  };
}

const commonTable = (
  id: number,
  columns: readonly OutputColumn[],
  plan: LogicalPlan,
  planColumns: readonly ColumnId[],
  referenceCount: number,
  modifies: boolean,
): CommonTable => ({
  id,
  name: 'merge',
  columns,
  plan,
  planColumns,
  recursive: undefined,
  materialized: modifies ? undefined : true,
  referenceCount,
  modifies,
});

/** One clause's change, over the joined rows that it applies to. */
function bindClause(parent: Scope, table: TableDescriptor, access: RelationAccess, joined: Joined, { number, node }: Clause): LogicalPlan {
  const { analysis } = parent;
  const scope = new Scope(analysis, parent);
  scope.targetAccess = access;
  const columns = joined.columns.map((column) => ({ ...column, id: analysis.newColumnId() }));
  for (const [at, column] of columns.entries()) {
    const shape = analysis.shapes.get(joined.columns[at].id);
    if (shape !== undefined) analysis.shapes.set(column.id, shape);
  }
  const read = (item: RangeItem): RangeItem => ({
    ...item,
    takeKeyColumn: undefined,
    columns: item.columns.map((column) => {
      const { id, name, type } = columns[joined.places.get(column) ?? 0];
      return { ...column, expression: { kind: 'column', id, name, type } };
    }),
  });
  const target = scope.addItem(read(joined.target));
  const source = joined.source.map((entry): NamespaceEntry => ({ ...entry, item: scope.addItem(read(entry.item)) }));
  const targetEntry: NamespaceEntry = {
    item: target,
    isRelationVisible: true,
    areColumnsVisible: true,
    lateralOnly: false,
    lateralOk: true,
  };
  scope.namespace = node.matched === true ? [targetEntry, ...source] : source;
  let input: LogicalPlan = {
    kind: 'filter',
    input: { kind: 'cteScan', cte: joined.cte, alias: 'merge', columns },
    condition: clauseIs(columns[joined.clauseAt], number),
  };
  const keyColumn = columns[joined.keyAt].id;
  const oldColumns = liveColumns(table, target);
  if (node.commandType === 'CMD_DELETE')
    return { kind: 'delete', table, input, keyColumn, oldColumns, returning: undefined, refusesRepeated: true };
  if (node.commandType === 'CMD_UPDATE') {
    const { assignments, records } = bindAssignments(
      scope,
      ChangeTarget.ofTable(scope, {}, table, 'update'),
      node.targetList ?? [],
      'update',
    );
    if (records.length > 0) input = withRecords(input, scope, records);
    const newColumns = tableColumns(scope, table);
    return {
      kind: 'update',
      table,
      input,
      keyColumn,
      oldColumns,
      assignments,
      newColumns,
      generated: bindGenerated(analysis, table, newColumns),
      checks: bindChecks(analysis, table, newColumns),
      returning: undefined,
      refusesRepeated: true,
    };
  }
  const values = mergeValues(scope, insertOf(node), node.values, table);
  const newColumns = tableColumns(scope, table);
  return {
    kind: 'insert',
    table,
    input,
    values,
    newColumns,
    generated: bindGenerated(analysis, table, newColumns),
    checks: bindChecks(analysis, table, newColumns),
    onConflict: undefined,
    returning: undefined,
  };
}

/** The clause in the words of INSERT. */
const insertOf = ({ targetList, override }: MergeWhenClause): InsertStmt => ({
  ...(targetList === undefined ? {} : { cols: targetList }),
  ...(override === undefined ? {} : { override }),
});

const liveColumns = (table: TableDescriptor, target: RangeItem): readonly OutputColumn[] =>
  target.columns.flatMap(({ name, expression, attributeNumber }) =>
    expression.kind === 'column' ? [{ id: expression.id, name, type: expression.type, tableOid: table.oid, attributeNumber }] : [],
  );

/** pg_operator and pg_proc oids of int4 = int4. */
const integerEquals = { operator: 96, proc: 65 };

const clauseIs = ({ id, name, type }: OutputColumn, number: number): Expression => ({
  kind: 'function',
  function: integerEquals.proc,
  args: [
    { kind: 'column', id, name, type },
    { kind: 'constant', value: number, type: int4 },
  ],
  variadic: false,
  returnsSet: false,
  form: { kind: 'operator', operator: integerEquals.operator },
  type: boolean,
});
