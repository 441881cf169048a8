/**
 * Liftable literals: which constants of a statement's tree may become parameters without changing what the statement means or how well it
 * is planned. The rule is syntactic, and what is not listed here stays as it is written:
 *
 *   WHERE, ON, ON CONFLICT ... WHERE   x op literal (=, <>, <, <=, >, >=), x IN (literals), x BETWEEN literals, rows of these; AND, OR, NOT
 *   SET                                column = literal, and operands of + - * / || beside a column
 *   VALUES of INSERT                   literal
 *
 * `x` reads a column or a subquery: comparisons of constants are the planner's to decide. A literal may wear a plain type: date '...',
 * '...'::uuid. Select lists, GROUP BY, ORDER BY, HAVING, LIMIT, LIKE, function arguments and type modifiers are not listed: there PostgreSQL
 * looks at the value, or compares one expression with another by it.
 */
import type { A_Const, A_Expr, Node, ResTarget, SelectStmt, TypeName, WithClause } from '@pgsql/types';

export type Liftable = {
  readonly constant: A_Const;
  /** Columns that the literal is compared with: a partial index on them may want to know it. */
  readonly beside: ReadonlySet<string>;
};

const comparisons = new Set(['=', '<>', '<', '<=', '>', '>=']);
const arithmetic = new Set(['+', '-', '*', '/', '||']);
/** Types whose input functions read text and settings, no catalog, and that are not decided upon by the planner. */
const plainTypes = new Set(
  'int2 int4 int8 numeric float4 float8 text varchar name bytea uuid date time timetz timestamp timestamptz json jsonb'.split(' '),
);

const noColumns: ReadonlySet<string> = new Set();

export function liftableLiterals(statement: Node): readonly Liftable[] {
  const found: Liftable[] = [];
  visitStatement(statement, found);
  return found;
}

function visitStatement(node: Node | undefined, found: Liftable[]): void {
  if (node === undefined) return;
  if ('SelectStmt' in node) visitSelect(node.SelectStmt, found);
  else if ('InsertStmt' in node) {
    const { selectStmt, withClause, onConflictClause } = node.InsertStmt;
    visitWith(withClause, found);
    if (selectStmt !== undefined && 'SelectStmt' in selectStmt) {
      for (const list of selectStmt.SelectStmt.valuesLists ?? [])
        if ('List' in list) for (const item of list.List.items ?? []) lift(item, noColumns, found);
      visitSelect(selectStmt.SelectStmt, found);
    }
    visitAssignments(onConflictClause?.targetList, found);
    visitCondition(onConflictClause?.whereClause, found);
  } else if ('UpdateStmt' in node) {
    const { targetList, whereClause, fromClause, withClause } = node.UpdateStmt;
    visitWith(withClause, found);
    visitAssignments(targetList, found);
    for (const item of fromClause ?? []) visitFrom(item, found);
    visitCondition(whereClause, found);
  } else if ('DeleteStmt' in node) {
    const { whereClause, usingClause, withClause } = node.DeleteStmt;
    visitWith(withClause, found);
    for (const item of usingClause ?? []) visitFrom(item, found);
    visitCondition(whereClause, found);
  }
}

function visitSelect(select: SelectStmt, found: Liftable[]): void {
  // Set operations in a chain lean to the left, as deep as the chain is long.
  const spine: SelectStmt[] = [];
  for (let part: SelectStmt | undefined = select; part !== undefined; part = part.larg) {
    visitWith(part.withClause, found);
    spine.push(part);
  }
  for (const part of spine.reverse()) {
    if (part.rarg !== undefined) visitSelect(part.rarg, found);
    for (const item of part.fromClause ?? []) visitFrom(item, found);
    visitCondition(part.whereClause, found);
  }
}

function visitWith(clause: WithClause | undefined, found: Liftable[]): void {
  for (const item of clause?.ctes ?? []) if ('CommonTableExpr' in item) visitStatement(item.CommonTableExpr.ctequery, found);
}

function visitFrom(node: Node | undefined, found: Liftable[]): void {
  if (node === undefined) return;
  if ('JoinExpr' in node) {
    visitFrom(node.JoinExpr.larg, found);
    visitFrom(node.JoinExpr.rarg, found);
    visitCondition(node.JoinExpr.quals, found);
  } else if ('RangeSubselect' in node) visitStatement(node.RangeSubselect.subquery, found);
}

function visitAssignments(targets: readonly Node[] | undefined, found: Liftable[]): void {
  for (const target of targets ?? []) if ('ResTarget' in target) visitAssignment(target.ResTarget, found);
}

function visitAssignment({ val }: ResTarget, found: Liftable[]): void {
  if (val === undefined) return;
  if ('SubLink' in val) visitStatement(val.SubLink.subselect, found);
  else if (!lift(val, noColumns, found)) visitArithmetic(val, found);
}

/** Operands beside a column; what is made of literals alone is a constant. */
function visitArithmetic(node: Node, found: Liftable[]): void {
  if (!('A_Expr' in node) || node.A_Expr.kind !== 'AEXPR_OP' || !arithmetic.has(operatorOf(node.A_Expr))) return;
  const { lexpr, rexpr } = node.A_Expr;
  if (lexpr === undefined || rexpr === undefined) return;
  for (const [operand, other] of [
    [lexpr, rexpr],
    [rexpr, lexpr],
  ]) {
    if (!readsData(other)) continue;
    if (!lift(operand, noColumns, found)) visitArithmetic(operand, found);
  }
}

function visitCondition(node: Node | undefined, found: Liftable[]): void {
  if (node === undefined) return;
  if ('BoolExpr' in node) for (const arg of node.BoolExpr.args ?? []) visitCondition(arg, found);
  else if ('SubLink' in node) visitStatement(node.SubLink.subselect, found);
  else if ('A_Expr' in node) visitComparison(node.A_Expr, found);
}

function visitComparison(node: A_Expr, found: Liftable[]): void {
  const { lexpr, rexpr } = node;
  if (lexpr === undefined || rexpr === undefined) return;
  visitSubquery(lexpr, found);
  visitSubquery(rexpr, found);
  const name = operatorOf(node);
  switch (node.kind) {
    case 'AEXPR_OP':
      if (!comparisons.has(name)) return;
      if ('RowExpr' in lexpr && 'RowExpr' in rexpr) liftRow(lexpr.RowExpr.args ?? [], rexpr.RowExpr.args ?? [], found);
      else {
        if (readsData(lexpr)) lift(rexpr, columnsOf(lexpr), found);
        if (readsData(rexpr)) lift(lexpr, columnsOf(rexpr), found);
      }
      return;
    case 'AEXPR_IN':
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN': {
      if (!('List' in rexpr) || !readsData(lexpr)) return;
      const columns = columnsOf(lexpr);
      for (const item of rexpr.List.items ?? []) {
        if ('RowExpr' in lexpr && 'RowExpr' in item) liftRow(lexpr.RowExpr.args ?? [], item.RowExpr.args ?? [], found);
        else lift(item, columns, found);
      }
      return;
    }
    default:
      return;
  }
}

function visitSubquery(node: Node, found: Liftable[]): void {
  if ('SubLink' in node) visitStatement(node.SubLink.subselect, found);
}

/** Literals of the right row, each beside the left row's field. */
function liftRow(left: readonly Node[], right: readonly Node[], found: Liftable[]): void {
  if (left.length !== right.length) return;
  right.forEach((item, at) => {
    if (readsData(left[at])) lift(item, columnsOf(left[at]), found);
  });
}

/** Notes the node if it is a literal, in a plain type or none. */
function lift(node: Node, beside: ReadonlySet<string>, found: Liftable[]): boolean {
  if ('TypeCast' in node) {
    const { arg, typeName } = node.TypeCast;
    return arg !== undefined && 'A_Const' in arg && isPlainType(typeName) && lift(arg, beside, found);
  }
  if (!('A_Const' in node)) return false;
  const constant = node.A_Const;
  if (constant.ival === undefined && constant.fval === undefined && constant.sval === undefined) return false;
  found.push({ constant, beside });
  return true;
}

function isPlainType(type: TypeName | undefined): boolean {
  if (type === undefined || type.setof === true || type.pct_type === true) return false;
  if ((type.typmods?.length ?? 0) > 0 || (type.arrayBounds?.length ?? 0) > 0) return false;
  const names = (type.names ?? []).map((part) => ('String' in part ? (part.String.sval ?? '') : ''));
  return plainTypes.has(names[names.length - 1] ?? '') && (names.length === 1 || names[0] === 'pg_catalog');
}

function operatorOf(node: A_Expr): string {
  const [name, ...more] = node.name ?? [];
  return more.length === 0 && name !== undefined && 'String' in name ? (name.String.sval ?? '') : '';
}

/** True for what the planner cannot know: a column or a subquery is in it. */
const readsData = (node: Node): boolean => holds(node, 'ColumnRef') || holds(node, 'SubLink');

function holds(tree: unknown, kind: string): boolean {
  for (const part of partsOf(tree)) if (kind in part) return true;
  return false;
}

/** Every object in the tree; without recursion, since a chain of operators is as deep as it is long. */
function* partsOf(tree: unknown): Generator<object, void, undefined> {
  const open = [tree];
  while (open.length > 0) {
    const part = open.pop();
    if (typeof part !== 'object' || part === null) continue;
    yield part;
    for (const inner of Object.values(part)) open.push(inner);
  }
}

/** Last parts of the names of the columns in it. */
function columnsOf(node: Node): ReadonlySet<string> {
  const names = new Set<string>();
  for (const part of partsOf(node)) {
    const text = 'String' in part ? part.String : undefined;
    if (typeof text === 'object' && text !== null && 'sval' in text && typeof text.sval === 'string') names.add(text.sval);
  }
  return names;
}
