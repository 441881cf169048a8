/** Target lists: SELECT's and RETURNING's expressions with their names, `*` expanded. */
import type { Node, ResTarget } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import { resolveUnknown } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { bindExpression, required } from './expression.ts';
import { fieldOf, qualification, recordShapeOf, stringOf } from './expression-names.ts';
import { figureName } from './figure-name.ts';
import type { NamedExpression, OutputColumn } from './logical-plan.ts';
import { findItem, missingRelation, type RangeItem, referToColumn, type Scope } from './scope.ts';
import { typeDisplayName } from './type-facts.ts';

/** PostgreSQL's limit, beyond which a tuple's header cannot count. */
const targetsMax = 1664;

export type Target = {
  expression: Expression;
  readonly name: string;
  /** Only there for ORDER BY, GROUP BY and the like: no column of the result. */
  readonly isJunk: boolean;
};

export function bindTargets(scope: Scope, nodes: readonly Node[] | undefined): Target[] {
  const targets: Target[] = [];
  for (const node of nodes ?? []) {
    if (!('ResTarget' in node)) continue;
    targets.push(...bindTarget(scope, node.ResTarget));
  }
  return targets;
}

function bindTarget(scope: Scope, node: ResTarget): Target[] {
  const value = required(node.val);
  const expanded = expandStar(scope, value);
  if (expanded !== undefined) return expanded.map(({ name, expression }) => ({ name, expression, isJunk: false }));
  return [{ expression: bindExpression(scope, value), name: node.name ?? figureName(value), isJunk: false }];
}

type NamedColumn = { readonly name: string; readonly expression: Expression };

/** The columns that `*`, `t.*` or `(record).*` stands for; undefined for every other node. */
export function expandStar(scope: Scope, node: Node): readonly NamedColumn[] | undefined {
  const analysis = scope.analysis;
  if ('ColumnRef' in node) {
    const { fields = [], location } = node.ColumnRef;
    const last = fields[fields.length - 1];
    if (last === undefined || !('A_Star' in last)) return undefined;
    if (fields.length === 1) return expandAll(scope, location);
    const names = fields.slice(0, -1).map(stringOf);
    const { schemaName, relationName } = qualification(analysis, names, true, location);
    const entry = findItem(scope, schemaName, relationName, location);
    if (entry === undefined) throw missingRelation(scope, schemaName, relationName, location);
    return columnsOf(analysis, entry.item, location);
  }
  if ('A_Indirection' in node) {
    const { indirection = [], arg } = node.A_Indirection;
    const last = indirection[indirection.length - 1];
    if (last === undefined || !('A_Star' in last)) return undefined;
    let record = bindExpression(
      scope,
      indirection.length === 1 ? required(arg) : { A_Indirection: { arg: required(arg), indirection: indirection.slice(0, -1) } },
    );
    const location = analysis.locationOf(record);
    if (!isComposite(record.type.oid))
      throw analysis.error(sqlstate.wrongObjectType, `type ${typeDisplayName(record.type.oid)} is not composite`, location);
    const shape = recordShapeOf(analysis, record);
    if (shape === undefined) throw analysis.error(sqlstate.datatypeMismatch, 'record type has not been registered', location);
    return shape.names.map((name, index) => {
      const expression = fieldOf(analysis, record, shape, index, location);
      // Each field has its own copy of the record expression.
      record = analysis.locate({ ...record }, location);
      return { name, expression };
    });
  }
  return undefined;
}

function expandAll(scope: Scope, location: number | undefined): readonly NamedColumn[] {
  const columns: NamedColumn[] = [];
  let found = false;
  for (const entry of scope.namespace) {
    if (!entry.areColumnsVisible || entry.lateralOnly) continue;
    found = true;
    columns.push(...columnsOf(scope.analysis, entry.item, location));
  }
  if (!found) throw scope.analysis.syntaxError('SELECT * with no tables specified is not valid', location);
  return columns;
}

const columnsOf = (analysis: Analysis, item: RangeItem, location: number | undefined): readonly NamedColumn[] =>
  item.columns
    .filter((column) => column.isLeftOutOfStar !== true)
    .map((column) => ({ name: column.name, expression: referToColumn(analysis, item, column, location) }));

export function resolveUnknownTargets(analysis: Analysis, targets: readonly Target[]): void {
  for (const target of targets) target.expression = resolveUnknown(analysis, target.expression);
}

/**
 * Ids for targets: a plain column keeps its own, so that it passes through; a second reference to it, a column of an outer query
 * and everything computed get new ones. `isInput` tells the columns that come from below.
 */
export function nameTargets(
  analysis: Analysis,
  targets: readonly Target[],
  isInput: (id: ColumnId) => boolean,
): { readonly named: readonly NamedExpression[]; readonly output: readonly OutputColumn[] } {
  if (targets.length > targetsMax) throw analysis.error(sqlstate.tooManyColumns, `target lists can have at most ${targetsMax} entries`);
  const used = new Set<ColumnId>();
  const named: NamedExpression[] = [];
  const output: OutputColumn[] = [];
  for (const { expression, name, isJunk } of targets) {
    const own = expression.kind === 'column' && isInput(expression.id) && !used.has(expression.id) ? expression.id : undefined;
    const id = own ?? analysis.newColumnId();
    used.add(id);
    named.push({ id, name, expression });
    noteShape(analysis, id, expression);
    if (!isJunk) output.push({ id, name, type: expression.type, ...originOf(analysis, expression) });
  }
  return { named, output };
}

/** Records keep their fields' names across a subquery's edge. */
export function noteShape(analysis: Analysis, id: ColumnId, expression: Expression): void {
  if (expression.type.oid !== oid.record || analysis.shapes.has(id)) return;
  const shape = recordShapeOf(analysis, expression);
  if (shape !== undefined) analysis.shapes.set(id, shape);
}

/** The table column that a result column is, for RowDescription. */
export function originOf(analysis: Analysis, expression: Expression): { readonly tableOid: number; readonly attributeNumber: number } {
  const owner = expression.kind === 'column' ? analysis.owners.get(expression.id) : undefined;
  return { tableOid: owner?.tableOid ?? 0, attributeNumber: owner?.attributeNumber ?? 0 };
}
