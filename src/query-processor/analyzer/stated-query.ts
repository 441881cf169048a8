/**
 * Stated queries: what a query says, level by level, beside the algebra that the analyzer makes of it. Noted only when a text is to be
 * printed again (a view's or a function's definition), so that other statements pay nothing.
 *
 * The expressions are the bound ones as they stood before aggregation rewrote them. A query is found again by its plan, a FROM item by
 * the item that the analyzer made of it.
 */
import type { GroupingSet, Node, WindowDef } from '@pgsql/types';
import type { AggregateCall, ColumnId, Expression, WindowCall } from '#sql/expression.ts';
import type { FromItem } from './from-clause.ts';
import type { LogicalPlan, WindowSpecification } from './logical-plan.ts';
import type { RangeItem } from './scope.ts';

export type StatedQuery = {
  readonly commonTables: readonly StatedCommonTable[];
  readonly isRecursive: boolean;
  readonly body: StatedSelect | StatedSetOperation | StatedValues;
  readonly order: readonly StatedSort[];
  readonly count: Expression | undefined;
  readonly offset: Expression | undefined;
  readonly withTies: boolean;
  readonly locks: readonly StatedLock[];
};

export type StatedCommonTable = {
  readonly name: string;
  readonly columnNames: readonly string[];
  readonly materialized: boolean | undefined;
  readonly query: StatedQuery;
};

export type StatedTarget = { readonly name: string; readonly expression: Expression };

/** `position`: the place of the sorted column in the target list (1-based), for the set operations, which sort by number. */
export type StatedSort = {
  readonly expression: Expression;
  readonly position: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
};

export type StatedLock = { readonly strength: string; readonly waiting: string; readonly items: readonly RangeItem[] };

export type StatedSelect = {
  readonly kind: 'select';
  readonly distinct: { readonly on: readonly Expression[] | undefined } | undefined;
  readonly targets: readonly StatedTarget[];
  readonly from: readonly StatedFrom[];
  readonly rangeTable: readonly RangeItem[];
  readonly where: Expression | undefined;
  readonly grouping: readonly StatedGrouping[];
  readonly isGroupDistinct: boolean;
  readonly having: Expression | undefined;
  readonly windows: readonly WindowSpecification[];
  /** Aggregates, GROUPING and window calls by the column that stands for each. */
  readonly computed: ReadonlyMap<ColumnId, AggregateCall | WindowCall | readonly Expression[]>;
};

export type StatedGrouping =
  | { readonly kind: 'plain' | 'simple'; readonly expressions: readonly Expression[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'ROLLUP' | 'CUBE' | 'GROUPING SETS'; readonly content: readonly StatedGrouping[] };

export type StatedSetOperation = {
  readonly kind: 'setOperation';
  readonly operation: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  /** A side is an operation of the same tree, or a query of its own. */
  readonly left: StatedSetOperation | StatedQuery;
  readonly right: StatedSetOperation | StatedQuery;
  readonly names: readonly string[];
};

export type StatedValues = {
  readonly kind: 'values';
  readonly item: RangeItem;
  readonly rows: readonly (readonly Expression[])[];
};

export type StatedFrom =
  | {
      readonly kind: 'relation';
      readonly item: RangeItem;
      readonly relationOid: number;
      /** The relation's name when the text was written. */
      readonly writtenName: string;
      /** Names that the statement gives the columns. */
      readonly aliasNames: readonly string[];
      readonly isOnly: boolean;
    }
  | { readonly kind: 'commonTable'; readonly item: RangeItem; readonly name: string; readonly aliasNames: readonly string[] }
  | {
      readonly kind: 'subquery';
      readonly item: RangeItem;
      readonly query: StatedQuery;
      readonly aliasNames: readonly string[];
      readonly isLateral: boolean;
    }
  | {
      readonly kind: 'function';
      readonly item: RangeItem;
      readonly calls: readonly Expression[];
      readonly definitions: readonly (readonly { readonly name: string; readonly type: Expression['type'] }[])[];
      readonly withOrdinality: boolean;
      readonly isLateral: boolean;
    }
  | {
      readonly kind: 'join';
      readonly join: 'inner' | 'left' | 'right' | 'full';
      readonly left: StatedFrom;
      readonly right: StatedFrom;
      readonly using: readonly string[];
      readonly usingAlias: string | undefined;
      readonly condition: Expression | undefined;
      /** The join itself, which has a name only when one was given. */
      readonly item: RangeItem;
      readonly aliasNames: readonly string[];
    };

/** How a window was written, which its specification does not tell. */
export type StatedWindow = { readonly base: string | undefined; readonly isBetween: boolean; readonly ownsOrder: boolean };

export class StatedQueries {
  readonly #queries = new Map<LogicalPlan, StatedQuery>();
  readonly #fromItems = new WeakMap<FromItem, StatedFrom>();
  readonly #windows = new WeakMap<WindowSpecification, StatedWindow>();
  /** Columns that USING has merged of two sides, where they are named: the join and the name. */
  readonly merged = new WeakMap<Expression, { readonly item: RangeItem; readonly name: string }>();

  note(plan: LogicalPlan, query: StatedQuery): void {
    this.#queries.set(plan, query);
  }

  ofPlan(plan: LogicalPlan): StatedQuery {
    const found = this.#queries.get(plan);
    if (found === undefined) throw new TypeError('a query that was not noted cannot be printed');
    return found;
  }

  noteFrom(item: FromItem, stated: StatedFrom): void {
    this.#fromItems.set(item, stated);
  }

  ofFrom(item: FromItem): StatedFrom {
    const found = this.#fromItems.get(item);
    if (found === undefined) throw new TypeError('a FROM item that was not noted cannot be printed');
    return found;
  }

  noteWindow(specification: WindowSpecification, node: WindowDef, ownsOrder: boolean): void {
    this.#windows.set(specification, { base: node.refname, isBetween: ((node.frameOptions ?? 0) & between) !== 0, ownsOrder });
  }

  window(specification: WindowSpecification): StatedWindow {
    return this.#windows.get(specification) ?? { base: undefined, isBetween: true, ownsOrder: true };
  }
}

const between = 0x10;

/** GROUP BY's items as they were written; `expressionsOf` gives what an item means. */
export function statedGrouping(node: Node, expressionsOf: (node: Node) => readonly Expression[], isInSet = false): StatedGrouping {
  if (!('GroupingSet' in node)) return { kind: isInSet ? 'simple' : 'plain', expressions: expressionsOf(node) };
  const set: GroupingSet = node.GroupingSet;
  const content = (set.content ?? []).map((entry) => statedGrouping(entry, expressionsOf, true));
  switch (set.kind) {
    case 'GROUPING_SET_EMPTY':
      return { kind: 'empty' };
    case 'GROUPING_SET_ROLLUP':
      return { kind: 'ROLLUP', content };
    case 'GROUPING_SET_CUBE':
      return { kind: 'CUBE', content };
    default:
      return { kind: 'GROUPING SETS', content };
  }
}
