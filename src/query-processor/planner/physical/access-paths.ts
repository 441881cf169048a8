/**
 * Access paths: the ways to read a table (by primary key, by each index), what part of the key space conditions leave of each, and
 * what it costs.
 *
 *   A1  A condition goes into the access only when the comparison is that of the key's own order: its operator belongs to the
 *       btree family of the key's type. What the access covers exactly is not tested again; what it only narrows (LIKE) is.
 *   A2  A partial index is used only when the conditions hold its predicate's conjuncts word for word.
 */
import { btreeFamily, btreeOperator, btreeStrategy, castBetween, operatorByOid, procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { OutputColumn, Scan } from '../../analyzer/logical-plan.ts';
import type { IndexDescriptor } from '../../catalog/descriptors.ts';
import {
  boolean,
  columnsOf,
  conjunction,
  conjunctsOf,
  constantFalse,
  constantTrue,
  containsSubquery,
  isVolatile,
  sameExpression,
} from '../expression-tree.ts';
import type { KeyAccess, KeyEquality } from '../physical-plan.ts';
import { columnRef } from '../plan-tree.ts';
import { simplify } from '../rules/simplify-expressions.ts';
import { castWithoutLoss } from './hash-keys.ts';
import { likeRange } from './like-prefix.ts';
import type { Ordering, OrderingKey, Planning } from './planning.ts';

/** One way to read a table. */
export type Path = {
  /** undefined: the primary key, or the hidden row id. */
  readonly index: IndexDescriptor | undefined;
  readonly parts: readonly KeyPart[];
  /** Attributes that an entry holds; undefined: all. */
  readonly held: ReadonlySet<number> | undefined;
  /** Conditions that every entry of a partial index meets. */
  readonly predicate: readonly Expression[];
  readonly isUnique: boolean;
};

export type KeyPart = {
  readonly expression: Expression;
  readonly typeOid: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly hasNulls: boolean;
};

export type Access = {
  readonly access: KeyAccess;
  /** Conditions that the access does not cover exactly. */
  readonly rest: readonly Expression[];
  /** Conditions that narrow the access (for its selectivity). */
  readonly used: readonly Expression[];
  readonly ordering: Ordering;
  /** At most one row, because all columns of a unique key are given. */
  readonly isSingleRow: boolean;
  /** How many separate places are read. */
  readonly seeks: number;
};

/** All usable paths over a scan; the first is the primary one. */
export function pathsOf(scan: Scan, conditions: readonly Expression[], planning: Planning): readonly Path[] {
  const { table } = scan;
  const columns = attributeColumns(scan, planning);
  // In the plain form that the query's own conditions have.
  const bind = (text: string) => simplify(planning.environment.bindTableExpression(table, text, columns));
  const keyAttributes = table.primaryKey?.attributeNumbers ?? [];
  const primary: Path = {
    index: undefined,
    parts: keyAttributes.map((attributeNumber) => ({
      expression: columnRef(columns[attributeNumber - 1]),
      typeOid: columns[attributeNumber - 1].type.oid,
      descending: false,
      nullsFirst: false,
      hasNulls: false,
    })),
    held: undefined,
    predicate: [],
    isUnique: table.primaryKey !== undefined,
  };
  const paths = [primary];
  if (!planning.environment.settings.enableIndexScan) return paths;
  for (const index of table.indexes) {
    if (index.state !== 'valid') continue;
    const predicate = index.predicateText === undefined ? [] : conjunctsOf(bind(index.predicateText));
    if (!predicate.every((c) => conditions.some((condition) => sameExpression(condition, c)))) continue; // A2
    paths.push({
      index,
      parts: index.keys.map((key) => ({
        expression: key.expressionText === undefined ? columnRef(columns[key.attributeNumber - 1]) : bind(key.expressionText),
        typeOid: key.type.oid,
        descending: key.descending,
        nullsFirst: key.nullsFirst,
        hasNulls: key.attributeNumber === 0 || !table.columns[key.attributeNumber - 1].notNull,
      })),
      held: new Set([...index.keys.map((key) => key.attributeNumber), ...index.included, ...keyAttributes].filter((n) => n > 0)),
      predicate,
      isUnique: index.isUnique,
    });
  }
  return paths;
}

/** A column for each attribute: the scan's own where it reads the attribute, else one that nobody names. */
function attributeColumns(scan: Scan, planning: Planning): readonly OutputColumn[] {
  const own = new Map(scan.columns.map((column) => [column.attributeNumber, column]));
  return scan.table.columns.map(
    (column) =>
      own.get(column.attributeNumber) ?? {
        id: planning.newColumnId(),
        name: column.name,
        type: column.type,
        tableOid: scan.table.oid,
        attributeNumber: column.attributeNumber,
      },
  );
}

/** A condition as a statement about one key part. */
type Bound =
  | { readonly kind: 'equal'; readonly value: KeyEquality; readonly isExact: boolean; readonly source: Expression }
  | { readonly kind: 'any'; readonly array: Expression; readonly source: Expression }
  | {
      readonly kind: 'range';
      readonly lower: { readonly value: Expression; readonly inclusive: boolean } | undefined;
      readonly upper: { readonly value: Expression; readonly inclusive: boolean } | undefined;
      readonly isExact: boolean;
      readonly source: Expression;
    }
  | { readonly kind: 'notNull'; readonly source: Expression };

type Alternative = NonNullable<KeyAccess>['alternatives'][number];

/** What the conditions leave of a path. */
export function accessOf(path: Path, conditions: readonly Expression[]): Access {
  const open = conditions.filter((c) => !path.predicate.some((p) => sameExpression(p, c)));
  const plain = matchPath(path, open);
  // One OR whose every branch narrows the access gives alternatives; worth it when it reaches further than the conditions without it. A row
  // comparison is an OR, too: without that it bounds its first column alone.
  if (plain.anyOf === undefined)
    for (const condition of open) {
      const args = condition.kind === 'or' ? condition.args.map(conjunctsOf) : rowComparisonBranches(condition, path);
      if (args === undefined) continue;
      const others = open.filter((c) => c !== condition);
      const branches = args.map((branch) => matchPath(path, [...branch, ...others]));
      const isExact = args.every((branch, i) => branch.every((c) => branches[i].covered.has(c)));
      const least = condition.kind === 'or' || !isExact ? plain.depth + 1 : plain.depth;
      const reaches = branches.every((b) => b.anyOf === undefined && b.depth >= least);
      if (!reaches) continue;
      const covered = others.filter((c) => branches.every((b) => b.covered.has(c)));
      return {
        access: {
          alternatives: branches.map((b) => b.alternative),
          anyOf: undefined,
          conditions: conjunction([...covered, condition]),
        },
        rest: open.filter((c) => !covered.includes(c) && !(c === condition && isExact)),
        used: [...covered, condition],
        ordering: orderingOf(path, path.parts.slice(0, sharedEqualities(branches))),
        isSingleRow: false,
        seeks: branches.length,
      };
    }
  const { alternative, anyOf, covered, narrowing } = plain;
  const { equal, lower, upper, notNull } = alternative;
  const isAll = equal.length === 0 && lower === undefined && upper === undefined && notNull !== true && anyOf === undefined;
  const isSingleRow = path.isUnique && path.parts.length > 0 && equal.length === path.parts.length && !equal.includes('null');
  return {
    access: isAll ? undefined : { alternatives: [alternative], anyOf, conditions: conjunction([...narrowing]) },
    rest: open.filter((c) => !covered.has(c)),
    used: [...narrowing],
    ordering: orderingOf(path, path.parts.slice(0, alternative.equal.length)),
    isSingleRow,
    seeks: anyOf?.kind === 'constant' ? Math.max(1, itemCount(anyOf)) : anyOf === undefined ? 1 : 10,
  };
}

const itemCount = (e: Extract<Expression, { kind: 'constant' }>): number =>
  typeof e.value === 'object' && e.value !== null && 'items' in e.value ? e.value.items.length : 1;

type Match = {
  readonly alternative: Alternative;
  readonly anyOf: Expression | undefined;
  /** Conditions that need no test any more. */
  readonly covered: ReadonlySet<Expression>;
  readonly narrowing: ReadonlySet<Expression>;
  /** Equalities count twice a range. */
  readonly depth: number;
};

function matchPath(path: Path, conditions: readonly Expression[]): Match {
  const equal: KeyEquality[] = [];
  const covered = new Set<Expression>();
  const narrowing = new Set<Expression>();
  let anyOf: Expression | undefined;
  let lower: Alternative['lower'];
  let upper: Alternative['upper'];
  let notNull = false;
  let depth = 0;
  for (const part of path.parts) {
    const bounds = conditions.flatMap((c) => boundsOn(part, c));
    const found = anyOf === undefined ? bounds.find((b) => b.kind === 'equal') : undefined;
    if (found !== undefined && found.kind === 'equal') {
      equal.push(found.value);
      narrowing.add(found.source);
      if (found.isExact) covered.add(found.source);
      depth += 2;
      continue;
    }
    const any = anyOf === undefined ? bounds.find((b) => b.kind === 'any') : undefined;
    if (any !== undefined && any.kind === 'any') {
      anyOf = any.array;
      narrowing.add(any.source);
      covered.add(any.source);
      depth += 2;
      continue;
    }
    for (const bound of bounds) {
      if (bound.kind === 'notNull' && part.hasNulls) {
        notNull = true;
        narrowing.add(bound.source);
        covered.add(bound.source);
        depth += 1;
      }
      if (bound.kind !== 'range') continue;
      const fits = (bound.lower === undefined || lower === undefined) && (bound.upper === undefined || upper === undefined);
      if (!fits) continue;
      lower ??= bound.lower;
      upper ??= bound.upper;
      narrowing.add(bound.source);
      if (bound.isExact) covered.add(bound.source);
      depth += 1;
    }
    break;
  }
  return { alternative: notNull ? { equal, lower, upper, notNull } : { equal, lower, upper }, anyOf, covered, narrowing, depth };
}

/** So many leading key columns have one value in all alternatives. */
function sharedEqualities(branches: readonly Match[]): number {
  const [first, ...others] = branches.map((branch) => branch.alternative.equal);
  const isShared = (value: KeyEquality, at: number): boolean =>
    others.every((equal) => {
      const other = equal[at];
      return other === value || (other !== undefined && other !== 'null' && value !== 'null' && sameExpression(other, value));
    });
  const end = first.findIndex((value, at) => !isShared(value, at));
  return end < 0 ? first.length : end;
}

function orderingOf(path: Path, fixed: readonly KeyPart[]): Ordering {
  const keys: OrderingKey[] = [];
  for (const part of path.parts) {
    if (part.expression.kind !== 'column') break;
    const { descending, nullsFirst, hasNulls } = part;
    keys.push({ id: part.expression.id, descending, nullsFirst, hasNulls });
  }
  const constants = new Set<ColumnId>();
  for (const part of fixed) if (part.expression.kind === 'column') constants.add(part.expression.id);
  return { keys, constants };
}

export const reversed = (ordering: Ordering): Ordering => ({
  ...ordering,
  keys: ordering.keys.map((key) => ({ ...key, descending: !key.descending, nullsFirst: !key.nullsFirst })),
});

function boundsOn(part: KeyPart, condition: Expression): readonly Bound[] {
  switch (condition.kind) {
    case 'column':
      return matchesKey(part, condition) && part.typeOid === oid.bool
        ? [{ kind: 'equal', value: constantTrue, isExact: true, source: condition }]
        : [];
    case 'not':
      return matchesKey(part, condition.arg) && part.typeOid === oid.bool
        ? [{ kind: 'equal', value: constantFalse, isExact: true, source: condition }]
        : [];
    case 'isNull':
      if (!matchesKey(part, condition.arg)) return [];
      return [
        condition.negated ? { kind: 'notNull', source: condition } : { kind: 'equal', value: 'null', isExact: true, source: condition },
      ];
    case 'arrayComparison': {
      if (condition.quantifier !== 'any' || !matchesKey(part, condition.left) || !isFixed(condition.right)) return [];
      const comparison = keyComparison(part, condition.operator, false);
      const elementFits =
        comparison?.strategy === 3 && (comparison.valueOid === comparison.keyOid || bothIntegers(comparison.valueOid, comparison.keyOid));
      return elementFits ? [{ kind: 'any', array: condition.right, source: condition }] : [];
    }
    case 'rowComparison':
      return rowComparisonBound(part, condition);
    case 'function':
      return comparisonBound(part, condition);
    default:
      return [];
  }
}

/** Known before the scan begins: no column of its own (those of others are outer values by now), no subquery, nothing volatile. */
const isFixed = (e: Expression): boolean => columnsOf(e).size === 0 && !isVolatile(e) && !containsSubquery(e);

function comparisonBound(part: KeyPart, call: Extract<Expression, { kind: 'function' }>): readonly Bound[] {
  if (call.form.kind !== 'operator' || call.args.length !== 2) return [];
  const [left, right] = call.args;
  const isFlipped = !matchesKey(part, left);
  const [key, value] = isFlipped ? [right, left] : [left, right];
  if (!matchesKey(part, key) || !isFixed(value)) return [];
  const pattern = isFlipped ? undefined : likeRange(call, part.typeOid, value);
  if (pattern !== undefined) return [{ ...pattern, source: call }];
  const comparison = keyComparison(part, call.form.operator, isFlipped);
  if (comparison === undefined) return [];
  const fitted = fitValue(value, comparison.valueOid, comparison.keyOid);
  if (fitted === undefined) return [];
  const base = { isExact: true, source: call };
  switch (comparison.strategy) {
    case 3:
      return [{ kind: 'equal', value: fitted, ...base }];
    case 1:
    case 2:
      return [{ kind: 'range', lower: undefined, upper: { value: fitted, inclusive: comparison.strategy === 2 }, ...base }];
    case 4:
    case 5:
      return [{ kind: 'range', lower: { value: fitted, inclusive: comparison.strategy === 4 }, upper: undefined, ...base }];
  }
}

/** For a look-up: the value, of exactly the key's type, that an equality gives a key part; it may name columns. */
export function keyEquality(part: KeyPart, condition: Expression): Expression | undefined {
  if (condition.kind !== 'function' || condition.form.kind !== 'operator' || condition.args.length !== 2) return undefined;
  const [left, right] = condition.args;
  const isFlipped = !matchesKey(part, left);
  const [key, value] = isFlipped ? [right, left] : [left, right];
  if (!matchesKey(part, key) || isVolatile(value) || containsSubquery(value)) return undefined;
  const comparison = keyComparison(part, condition.form.operator, isFlipped);
  if (comparison?.strategy !== 3) return undefined;
  return castWithoutLoss(value, comparison.keyOid);
}

/** (a, b) > (x, y) has a >= x: a bound on the first column, and the whole condition still to test. */
function rowComparisonBound(part: KeyPart, condition: Extract<Expression, { kind: 'rowComparison' }>): readonly Bound[] {
  const isFlipped = !matchesKey(part, condition.left[0]);
  const [key, value] = isFlipped ? [condition.right[0], condition.left[0]] : [condition.left[0], condition.right[0]];
  if (!matchesKey(part, key) || !isFixed(value)) return [];
  const fitted = fitValue(value, value.type.oid, key.type.oid);
  if (fitted === undefined) return [];
  const isLower = condition.operator.startsWith('>') !== isFlipped;
  const bound = { value: fitted, inclusive: true };
  return [{ kind: 'range', lower: isLower ? bound : undefined, upper: isLower ? undefined : bound, isExact: false, source: condition }];
}

/**
 * (a, b) > (x, y) as what it means: a > x, or a = x and b > y; each branch its conjuncts. undefined for everything else, and where the first column
 * is not one of the path's.
 */
function rowComparisonBranches(condition: Expression, path: Path): readonly (readonly Expression[])[] | undefined {
  if (condition.kind !== 'rowComparison') return undefined;
  const { left, right, operator } = condition;
  if (!path.parts.some((part) => matchesKey(part, left[0]) || matchesKey(part, right[0]))) return undefined;
  const strict = operator.startsWith('<') ? 1 : 5;
  const branches: Expression[][] = [];
  const equalities: Expression[] = [];
  for (const [i, value] of left.entries()) {
    const isLast = i === left.length - 1;
    const strategy = isLast && operator === '<=' ? 2 : isLast && operator === '>=' ? 4 : strict;
    const compared = comparisonOf(value, right[i], strategy);
    const equal = comparisonOf(value, right[i], 3);
    if (compared === undefined || equal === undefined) return undefined;
    branches.push([...equalities, compared]);
    equalities.push(equal);
  }
  return branches;
}

function comparisonOf(left: Expression, right: Expression, strategy: 1 | 2 | 3 | 4 | 5): Expression | undefined {
  const operator = btreeOperator(comparedAs(left.type.oid), comparedAs(right.type.oid), strategy);
  const proc = operator === undefined ? undefined : operatorByOid(operator)?.function;
  if (operator === undefined || proc === undefined) return undefined;
  return {
    kind: 'function',
    function: proc,
    args: [left, right],
    variadic: false,
    returnsSet: false,
    form: { kind: 'operator', operator },
    type: boolean,
  };
}

/** varchar compares through text, which changes nothing; no more does a cast that takes a length away. */
const bare = (e: Expression): Expression =>
  e.kind === 'relabel' && (e.type.oid === e.arg.type.oid || (e.type.oid === oid.text && e.arg.type.oid === oid.varchar)) ? bare(e.arg) : e;

const matchesKey = (part: KeyPart, e: Expression): boolean => sameExpression(bare(e), bare(part.expression));

const comparedAs = (typeOid: number) => (typeOid === oid.varchar ? oid.text : typeOid);

/** What an operator says of a key: strategy seen from the key, and the operand types. undefined: nothing that the key's order knows. */
function keyComparison(part: KeyPart, operatorOid: number, isFlipped: boolean) {
  const meaning = btreeStrategy(operatorOid);
  const operator = operatorByOid(operatorOid);
  if (meaning === undefined || operator === undefined) return undefined;
  const [keyOid, valueOid] = isFlipped ? [operator.right, operator.left] : [operator.left, operator.right];
  if (keyOid !== comparedAs(part.typeOid)) return undefined;
  // A1: `~<~` and its like belong to other families.
  if (btreeOperator(operator.left, operator.right, meaning.strategy) !== operatorOid || btreeFamily(keyOid) === undefined) return undefined;
  const strategy = isFlipped ? ((6 - meaning.strategy) as 1 | 2 | 3 | 4 | 5) : meaning.strategy;
  return { strategy, keyOid, valueOid };
}

const integers: ReadonlySet<number> = new Set([oid.int2, oid.int4, oid.int8]);
const bothIntegers = (a: number, b: number) => integers.has(a) && integers.has(b);

/** The value as the key's encoding takes it; undefined when that would lose something. */
function fitValue(value: Expression, valueOid: number, keyOid: number): Expression | undefined {
  // Integers of any width: the executor knows what a value beyond the key's range means.
  if (valueOid === keyOid || bothIntegers(valueOid, keyOid)) return value;
  const isWidening = (valueOid === oid.float4 && keyOid === oid.float8) || (valueOid === oid.date && keyOid === oid.timestamp);
  const cast = castBetween(valueOid, keyOid);
  if (!isWidening || cast === undefined || procByOid(cast.function)?.volatility !== 'i') return undefined;
  return {
    kind: 'function',
    function: cast.function,
    args: [value],
    variadic: false,
    returnsSet: false,
    form: { kind: 'cast', explicit: false },
    type: { oid: keyOid, typmod: -1 },
  };
}
