/** Which conditions of a join a hash table can decide, and by which keys. */
import { btreeOperator, btreeStrategy, castBetween, operatorByOid, procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { findType } from '#sql/types/registry.ts';
import { columnsOf, containsSubquery, isVolatile, overlaps } from '../expression-tree.ts';

export type HashKeys = {
  readonly left: readonly Expression[];
  readonly right: readonly Expression[];
  /** The conditions that the keys decide. */
  readonly decided: readonly Expression[];
};

export function hashKeysOf(conditions: readonly Expression[], leftIds: ReadonlySet<ColumnId>, rightIds: ReadonlySet<ColumnId>): HashKeys {
  const left: Expression[] = [];
  const right: Expression[] = [];
  const decided: Expression[] = [];
  for (const condition of conditions) {
    const pair = equalityAcross(condition, leftIds, rightIds);
    const fitted = pair === undefined ? undefined : fitPair(pair.left, pair.right);
    if (fitted === undefined) continue;
    left.push(fitted[0]);
    right.push(fitted[1]);
    decided.push(condition);
  }
  return { left, right, decided };
}

/** `a = b` with one side over the left's columns and the other over the right's. */
export function equalityAcross(
  condition: Expression,
  leftIds: ReadonlySet<ColumnId>,
  rightIds: ReadonlySet<ColumnId>,
): { readonly left: Expression; readonly right: Expression; readonly isSwapped: boolean } | undefined {
  if (condition.kind !== 'function' || condition.form.kind !== 'operator' || condition.args.length !== 2) return undefined;
  if (!isEquality(condition.form.operator) || isVolatile(condition) || containsSubquery(condition)) return undefined;
  const [a, b] = condition.args;
  const side = (e: Expression): 'left' | 'right' | undefined => {
    const ofLeft = overlaps(columnsOf(e), leftIds);
    const ofRight = overlaps(columnsOf(e), rightIds);
    if (ofLeft === ofRight) return undefined;
    return ofLeft ? 'left' : 'right';
  };
  if (side(a) === 'left' && side(b) === 'right') return { left: a, right: b, isSwapped: false };
  if (side(a) === 'right' && side(b) === 'left') return { left: b, right: a, isSwapped: true };
  return undefined;
}

/** An equality in the sense of its types' default order, so that equal values have equal hash keys. */
function isEquality(operatorOid: number): boolean {
  const operator = operatorByOid(operatorOid);
  if (operator === undefined) return false;
  if (btreeStrategy(operatorOid)?.strategy === 3) {
    const found = btreeOperator(operator.left, operator.right, 3);
    // text_pattern_ops and the like share the equality; polymorphic ones (arrays, records) are found under their pseudo-type.
    return found === operatorOid;
  }
  return operator.name === '=' && operator.canHash;
}

/** Both sides as one type, so that their hash keys agree. */
function fitPair(left: Expression, right: Expression): readonly [Expression, Expression] | undefined {
  if (left.type.oid === right.type.oid) return isHashable(left.type.oid) ? [left, right] : undefined;
  const widened = castWithoutLoss(left, right.type.oid);
  if (widened !== undefined) return isHashable(right.type.oid) ? [widened, right] : undefined;
  const other = castWithoutLoss(right, left.type.oid);
  if (other !== undefined) return isHashable(left.type.oid) ? [left, other] : undefined;
  return undefined;
}

const isHashable = (typeOid: number): boolean => findType(typeOid)?.hashKey !== undefined;

/** Widenings under which the types' common equality is that of the wider type. */
const widenings: ReadonlySet<string> = new Set([
  `${oid.int2}>${oid.int4}`,
  `${oid.int2}>${oid.int8}`,
  `${oid.int4}>${oid.int8}`,
  `${oid.float4}>${oid.float8}`,
  `${oid.date}>${oid.timestamp}`,
  `${oid.date}>${oid.timestamptz}`,
  `${oid.timestamp}>${oid.timestamptz}`,
  `${oid.name}>${oid.text}`,
  `${oid.varchar}>${oid.text}`,
]);

export function castWithoutLoss(e: Expression, target: number): Expression | undefined {
  if (e.type.oid === target) return e;
  if (!widenings.has(`${e.type.oid}>${target}`)) return undefined;
  const cast = castBetween(e.type.oid, target);
  if (cast === undefined) return undefined;
  const type = { oid: target, typmod: -1 };
  if (cast.method === 'b') return { kind: 'relabel', arg: e, type };
  if (procByOid(cast.function) === undefined) return undefined;
  return {
    kind: 'function',
    function: cast.function,
    args: [e],
    variadic: false,
    returnsSet: false,
    form: { kind: 'cast', explicit: false },
    type,
  };
}
