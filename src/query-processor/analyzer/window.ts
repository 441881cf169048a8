/**
 * Windows: OVER clauses and the WINDOW clause. Equal specifications are one, so that they share a sort.
 */
import type { FuncCall, Node, WindowDef } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { btreeFamily, procByOid, procsByName } from '#sql/builtins.ts';
import type { Expression, SortKey, WindowCall } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { Proc } from '../catalog/function-proc.ts';
import { canCoerce } from './cast-path.ts';
import { coerceToSpecific, coerceType, resolveUnknown } from './coercion.ts';
import { bindExpression, required } from './expression.ts';
import { requireStarForNoArguments, usedLevels } from './expression-calls.ts';
import { expressionKey } from './expression-key.ts';
import { requireWindowsAllowed } from './expression-kind.ts';
import type { FrameBound, WindowFrame, WindowSpecification } from './logical-plan.ts';
import type { Scope } from './scope.ts';
import { makeSortKey } from './sort-key.ts';
import { typeDisplayName } from './type-facts.ts';

const bit = {
  nonDefault: 0x1,
  range: 0x2,
  rows: 0x4,
  groups: 0x8,
  startUnboundedPreceding: 0x20,
  endUnboundedPreceding: 0x40,
  startUnboundedFollowing: 0x80,
  endUnboundedFollowing: 0x100,
  startCurrentRow: 0x200,
  endCurrentRow: 0x400,
  startOffsetPreceding: 0x800,
  endOffsetPreceding: 0x1000,
  startOffsetFollowing: 0x2000,
  endOffsetFollowing: 0x4000,
  excludeCurrentRow: 0x8000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const;

const defaultFrame: WindowFrame = {
  mode: 'range',
  start: { kind: 'unboundedPreceding' },
  end: { kind: 'currentRow' },
  exclusion: 'none',
};

type BoundArguments = { readonly args: readonly Expression[]; readonly result: number };

export function placeWindowCall(
  scope: Scope,
  node: FuncCall,
  proc: Proc,
  bound: BoundArguments,
  filter: Expression | undefined,
  written: string,
): Expression {
  const analysis = scope.analysis;
  const { location } = node;
  if (node.agg_distinct === true) throw analysis.notSupported('DISTINCT is not implemented for window functions', location);
  if (proc.kind === 'a') requireStarForNoArguments(scope, node, written, bound.args.length);
  if ((node.agg_order?.length ?? 0) > 0)
    throw analysis.notSupported('aggregate ORDER BY is not implemented for window functions', location);
  if (filter !== undefined && proc.kind === 'w')
    throw analysis.notSupported('FILTER is not implemented for non-aggregate window functions', location);
  if (proc.returnsSet) throw analysis.error(sqlstate.invalidFunctionDefinition, 'window functions cannot return sets', location);
  for (const column of usedLevels(scope, [...bound.args, ...(filter === undefined ? [] : [filter])]).columns) {
    const owner = analysis.owners.get(column.id);
    if (owner?.scope === scope && owner.role === 'window')
      throw analysis.error(sqlstate.windowingError, 'window function calls cannot be nested', analysis.locationOf(column));
  }
  requireWindowsAllowed(scope, location);
  const call: WindowCall = {
    kind: 'window',
    function: proc.oid,
    args: bound.args,
    isStar: node.agg_star === true,
    isAggregate: proc.kind === 'a',
    filter,
    specification: specificationOf(scope, required(node.over)),
    type: typeRef(bound.result),
  };
  const id = analysis.newColumnId();
  const name = procByOid(proc.oid)?.name ?? '?column?';
  scope.windowCalls.push({ id, call });
  analysis.owners.set(id, { scope, role: 'window', item: undefined, name });
  return analysis.locate({ kind: 'column', id, type: call.type, name }, location);
}

/** Index of the specification that an OVER clause means. */
function specificationOf(scope: Scope, over: WindowDef): number {
  // OVER name is that window itself; OVER (name ...) copies it.
  if (over.name !== undefined) return namedWindow(scope, over.name, over.location);
  return addSpecification(scope, bindWindow(scope, over, undefined));
}

function addSpecification(scope: Scope, specification: WindowSpecification): number {
  const key = specificationKey(specification);
  const known = scope.windows.findIndex((other) => specificationKey(other) === key);
  if (known >= 0) return known;
  scope.windows.push(specification);
  return scope.windows.length - 1;
}

function specificationKey(specification: WindowSpecification): string {
  const sortKey = (key: SortKey): string => `${expressionKey(key.expression)}${key.descending}${key.nullsFirst}`;
  const boundKey = (frameBound: FrameBound): string =>
    'offset' in frameBound ? `${frameBound.kind}${expressionKey(frameBound.offset)}` : frameBound.kind;
  const { partitionBy, orderBy, frame } = specification;
  return [
    partitionBy.map(expressionKey).join(),
    orderBy.map(sortKey).join(),
    frame.mode,
    boundKey(frame.start),
    boundKey(frame.end),
    frame.exclusion,
  ].join('|');
}

export type NamedWindow = { readonly definition: WindowDef; index: number | undefined };

/** Notes the WINDOW clause; each window is bound when it is first used, or at the end. */
export function declareWindows(scope: Scope, nodes: readonly Node[] | undefined): void {
  const named = new Map<string, NamedWindow>();
  for (const node of nodes ?? []) {
    if (!('WindowDef' in node)) continue;
    const definition = node.WindowDef;
    const name = definition.name ?? '';
    if (named.has(name)) throw scope.analysis.error(sqlstate.windowingError, `window "${name}" is already defined`, definition.location);
    named.set(name, { definition, index: undefined });
  }
  scope.windowNames = named;
}

/** Binds the windows that no call has named, for their errors. */
export function bindUnusedWindows(scope: Scope): void {
  for (const [name, window] of scope.windowNames) if (window.index === undefined) bindWindow(scope, window.definition, name);
}

function namedWindow(scope: Scope, name: string, location: number | undefined): number {
  const window = scope.windowNames.get(name);
  if (window === undefined) throw scope.analysis.error(sqlstate.undefinedObject, `window "${name}" does not exist`, location);
  window.index ??= addSpecification(scope, bindWindow(scope, window.definition, name));
  return window.index;
}

function bindWindow(scope: Scope, node: WindowDef, ownName: string | undefined): WindowSpecification {
  const analysis = scope.analysis;
  const base = node.refname === undefined ? undefined : baseWindow(scope, node.refname, ownName, node.location);
  const partitionNodes = node.partitionClause ?? [];
  const orderNodes = (node.orderClause ?? []).flatMap((sort) => ('SortBy' in sort ? [sort.SortBy] : []));
  if (base !== undefined && partitionNodes.length > 0)
    throw analysis.error(sqlstate.windowingError, `cannot override PARTITION BY clause of window "${node.refname}"`, node.location);
  if (base !== undefined && orderNodes.length > 0 && base.orderBy.length > 0)
    throw analysis.error(sqlstate.windowingError, `cannot override ORDER BY clause of window "${node.refname}"`, node.location);
  if (base?.hasFrame)
    throw analysis.error(
      sqlstate.windowingError,
      `cannot copy window "${node.refname}" because it has a frame clause`,
      node.location,
      ownName === undefined && orderNodes.length === 0 && !isNonDefault(node) ? { hint: 'Omit the parentheses in this OVER clause.' } : {},
    );
  const partitionBy =
    base?.partitionBy ??
    scope.within('windowPartition', () =>
      partitionNodes.map(
        (partition) => makeSortKey(analysis, resolveUnknown(analysis, bindExpression(scope, partition)), undefined).expression,
      ),
    );
  const ownOrder = scope.within('windowOrder', () =>
    orderNodes.map((sort) => makeSortKey(analysis, resolveUnknown(analysis, bindExpression(scope, required(sort.node))), sort)),
  );
  const orderBy = ownOrder.length > 0 ? ownOrder : (base?.orderBy ?? []);
  const specification: WindowSpecification = { name: ownName, partitionBy, orderBy, frame: bindFrame(scope, node, orderBy) };
  analysis.stated?.noteWindow(specification, node, base === undefined || base.orderBy.length === 0);
  return specification;
}

const isNonDefault = (node: WindowDef): boolean => ((node.frameOptions ?? 0) & bit.nonDefault) !== 0;

function baseWindow(
  scope: Scope,
  name: string,
  ownName: string | undefined,
  location: number | undefined,
): { readonly partitionBy: readonly Expression[]; readonly orderBy: readonly SortKey[]; readonly hasFrame: boolean } {
  // A named window builds on those before it alone.
  const names = [...scope.windowNames.keys()];
  const isLater = ownName !== undefined && names.indexOf(name) >= names.indexOf(ownName);
  const window = isLater ? undefined : scope.windowNames.get(name);
  if (window === undefined) throw scope.analysis.error(sqlstate.undefinedObject, `window "${name}" does not exist`, location);
  const specification = bindWindow(scope, window.definition, name);
  return { ...specification, hasFrame: isNonDefault(window.definition) };
}

function bindFrame(scope: Scope, node: WindowDef, orderBy: readonly SortKey[]): WindowFrame {
  const analysis = scope.analysis;
  const options = node.frameOptions ?? 0;
  if ((options & bit.nonDefault) === 0) return defaultFrame;
  const mode = options & bit.rows ? 'rows' : options & bit.groups ? 'groups' : 'range';
  if (mode === 'groups' && orderBy.length === 0)
    throw analysis.error(sqlstate.windowingError, 'GROUPS mode requires an ORDER BY clause', node.location);
  const hasOffset =
    (options & (bit.startOffsetPreceding | bit.endOffsetPreceding | bit.startOffsetFollowing | bit.endOffsetFollowing)) !== 0;
  if (mode === 'range' && hasOffset && orderBy.length !== 1)
    throw analysis.error(
      sqlstate.windowingError,
      'RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column',
      node.location,
    );
  const bound = (kind: 'preceding' | 'following', offsetNode: Node | undefined): FrameBound =>
    bindOffset(scope, mode, kind, required(offsetNode), orderBy);
  const start: FrameBound =
    options & bit.startOffsetPreceding
      ? bound('preceding', node.startOffset)
      : options & bit.startOffsetFollowing
        ? bound('following', node.startOffset)
        : {
            kind:
              options & bit.startCurrentRow
                ? 'currentRow'
                : options & bit.startUnboundedFollowing
                  ? 'unboundedFollowing'
                  : 'unboundedPreceding',
          };
  const end: FrameBound =
    options & bit.endOffsetPreceding
      ? bound('preceding', node.endOffset)
      : options & bit.endOffsetFollowing
        ? bound('following', node.endOffset)
        : {
            kind:
              options & bit.endUnboundedFollowing
                ? 'unboundedFollowing'
                : options & bit.endUnboundedPreceding
                  ? 'unboundedPreceding'
                  : 'currentRow',
          };
  const exclusion =
    options & bit.excludeCurrentRow ? 'currentRow' : options & bit.excludeGroup ? 'group' : options & bit.excludeTies ? 'ties' : 'none';
  return { mode, start, end, exclusion };
}

function bindOffset(
  scope: Scope,
  mode: 'rows' | 'range' | 'groups',
  kind: 'preceding' | 'following',
  node: Node,
  orderBy: readonly SortKey[],
): FrameBound {
  const analysis = scope.analysis;
  const kinds = { rows: 'windowFrameRows', range: 'windowFrameRange', groups: 'windowFrameGroups' } as const;
  let offset = scope.within(kinds[mode], () => bindExpression(scope, node));
  let inRange: number | undefined;
  if (mode === 'range') {
    const sortType = orderBy[0].expression.type.oid;
    const chosen = inRangeFunction(scope, sortType, offset);
    inRange = chosen.function;
    offset = coerceType(analysis, offset, chosen.offsetType, 'implicit');
  } else offset = coerceToSpecific(analysis, offset, oid.int8, mode.toUpperCase());
  const [variable] = usedLevels(scope, [offset]).columns.filter((column) => analysis.owners.get(column.id)?.scope === scope);
  if (variable !== undefined)
    throw analysis.error(
      sqlstate.invalidColumnReference,
      `argument of ${mode.toUpperCase()} must not contain variables`,
      analysis.locationOf(variable),
    );
  return { kind, offset, inRange };
}

/** in_range(value, base, offset, sub, less) for the sort column's type. */
function inRangeFunction(scope: Scope, sortType: number, offset: Expression): { readonly function: number; readonly offsetType: number } {
  const analysis = scope.analysis;
  const location = analysis.locationOf(offset);
  const all = procsByName('in_range').filter((proc) => proc.argTypes[0] === sortType && proc.argTypes[1] === sortType);
  const offsetType = offset.type.oid;
  if (btreeFamily(sortType) === undefined || all.length === 0)
    throw analysis.error(
      sqlstate.featureNotSupported,
      `RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${typeDisplayName(sortType)}`,
      location,
    );
  const preferred = offsetType === oid.unknown ? sortType : offsetType;
  const exact = all.find((proc) => proc.argTypes[2] === preferred);
  if (exact !== undefined) return { function: exact.oid, offsetType: preferred };
  const fitting = all.filter((proc) => canCoerce([offsetType], [proc.argTypes[2]], 'implicit'));
  if (fitting.length === 1) return { function: fitting[0].oid, offsetType: fitting[0].argTypes[2] };
  const message = `RANGE with offset PRECEDING/FOLLOWING ${fitting.length === 0 ? 'is not supported' : 'has multiple interpretations'} for column type ${typeDisplayName(sortType)} and offset type ${typeDisplayName(offsetType)}`;
  throw analysis.error(sqlstate.featureNotSupported, message, location, {
    hint: fitting.length === 0 ? 'Cast the offset value to an appropriate type.' : 'Cast the offset value to the exact intended type.',
  });
}
