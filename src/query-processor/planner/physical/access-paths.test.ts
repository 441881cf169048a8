import { describe, expect, it } from 'vitest';
import { operatorsByName } from '#sql/builtins.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import type { Scan } from '../../analyzer/logical-plan.ts';
import type { TableDescriptor } from '../../catalog/descriptors.ts';
import { defaultPlannerSettings, type PlannerEnvironment } from '../environment.ts';
import { Estimator } from '../estimate-rows.ts';
import { boolean } from '../expression-tree.ts';
import type { IndexScan, TableScan } from '../physical-plan.ts';
import { columnRef } from '../plan-tree.ts';
import { table, testCatalog } from '../testing/test-catalog.ts';
import { noWish, type Planning, type Wish } from './planning.ts';
import { planScan } from './scans.ts';

const t = table(
  20000,
  't',
  ['a int4', 'b int4', 'v text', 'w varchar', 'f float4', 'm text not null', 'flag bool not null'],
  ['a', 'b'],
  [
    { name: 't_v', keys: ['v'] },
    { name: 't_w', keys: ['w'] },
    { name: 't_f', keys: ['f'] },
    { name: 't_m_desc', keys: ['m desc', 'a'], included: ['f'] },
    { name: 't_flag', keys: ['flag', 'm'] },
    { name: 't_building', keys: ['m'], state: 'building' },
  ],
);

function scanOf(descriptor: TableDescriptor, names: readonly string[] = descriptor.columns.map((column) => column.name)): Scan {
  return {
    kind: 'scan',
    table: descriptor,
    alias: descriptor.name,
    columns: descriptor.columns
      .filter((column) => names.includes(column.name))
      .map((column) => ({
        id: column.attributeNumber,
        name: column.name,
        type: column.type,
        tableOid: descriptor.oid,
        attributeNumber: column.attributeNumber,
      })),
    keyColumn: undefined,
  };
}

const environment: PlannerEnvironment = {
  catalog: testCatalog([t]),
  settings: defaultPlannerSettings,
  statistics: () => ({ rows: 100_000, columns: new Map() }),
  bindTableExpression: () => {
    throw new Error('no expressions here');
  },
};

function planning(): Planning {
  const estimator = new Estimator(environment);
  estimator.learn(scanOf(t));
  let next = 1000;
  return {
    environment,
    estimator,
    newColumnId: () => next++,
    commonTableNames: new Map(),
    plan: () => {
      throw new Error('a scan plans nothing beneath');
    },
  };
}

function scan(conditions: readonly Expression[], wish: Wish = noWish, names?: readonly string[]): TableScan | IndexScan {
  const { plan } = planScan(scanOf(t, names), conditions, wish, planning());
  if (plan.kind !== 'tableScan' && plan.kind !== 'indexScan') throw new Error(plan.kind);
  return plan;
}

const column = (name: string): Expression => {
  const found = scanOf(t).columns.find((c) => c.name === name);
  if (found === undefined) throw new Error(name);
  return columnRef(found);
};
const int4 = (value: number): Expression => ({ kind: 'constant', value, type: { oid: oid.int4, typmod: -1 } });
const int8 = (value: number): Expression => ({ kind: 'constant', value, type: { oid: oid.int8, typmod: -1 } });
const text = (value: string): Expression => ({ kind: 'constant', value, type: { oid: oid.text, typmod: -1 } });

function op(left: Expression, name: string, right: Expression): Expression {
  const comparable = (type: number) => (type === oid.varchar ? oid.text : type);
  const operator = operatorsByName(name).find((o) => o.left === comparable(left.type.oid) && o.right === comparable(right.type.oid));
  if (operator === undefined) throw new Error(`${left.type.oid} ${name} ${right.type.oid}`);
  const relabelled = (e: Expression): Expression =>
    e.type.oid === oid.varchar ? { kind: 'relabel', arg: e, type: { oid: oid.text, typmod: -1 } } : e;
  return {
    kind: 'function',
    function: operator.function,
    args: [relabelled(left), relabelled(right)],
    variadic: false,
    returnsSet: false,
    form: { kind: 'operator', operator: operator.oid },
    type: boolean,
  };
}
const any = (left: Expression, items: readonly number[]): Expression => {
  const operator = operatorsByName('=').find((o) => o.left === oid.int4 && o.right === oid.int4);
  if (operator === undefined) throw new Error('=');
  return {
    kind: 'arrayComparison',
    quantifier: 'any',
    operator: operator.oid,
    function: operator.function,
    left,
    right: { kind: 'constant', value: new ArrayValue(oid.int4, items), type: { oid: oid.int4Array, typmod: -1 } },
    type: boolean,
  };
};
const or = (...args: Expression[]): Expression => ({ kind: 'or', args, type: boolean });
const and = (...args: Expression[]): Expression => ({ kind: 'and', args, type: boolean });

const indexName = (plan: TableScan | IndexScan) =>
  plan.kind === 'tableScan' ? 'primary' : t.indexes.find((index) => index.oid === plan.indexOid)?.name;

describe('primary key', () => {
  it('takes equalities on leading columns and a range on the next', () => {
    const plan = scan([op(column('a'), '=', int4(1)), op(column('b'), '>', int4(5)), op(column('b'), '<=', int4(9))]);
    expect(plan.access?.alternatives).toEqual([
      { equal: [int4(1)], lower: { value: int4(5), inclusive: false }, upper: { value: int4(9), inclusive: true } },
    ]);
    expect(plan.filter).toBeUndefined();
  });

  it('keeps a condition on a later column as a filter', () => {
    const plan = scan([op(column('b'), '=', int4(1))]);
    expect(plan.access).toBeUndefined();
    expect(plan.filter).toBeDefined();
  });

  it('turns a comparison around', () => {
    const plan = scan([op(int4(7), '>', column('a'))]);
    expect(plan.access?.alternatives[0].upper).toEqual({ value: int4(7), inclusive: false });
  });

  it('takes integers of another width as they are', () => {
    const plan = scan([op(column('a'), '=', int8(5_000_000_000))]);
    expect(plan.access?.alternatives[0].equal).toEqual([int8(5_000_000_000)]);
    expect(plan.filter).toBeUndefined();
  });

  it('takes a parameter', () => {
    const parameter: Expression = { kind: 'parameter', index: 1, type: { oid: oid.int4, typmod: -1 } };
    expect(scan([op(column('a'), '=', parameter)]).access?.alternatives[0].equal).toEqual([parameter]);
  });

  it('takes = ANY after equalities, and a range behind it', () => {
    const plan = scan([op(column('a'), '=', int4(1)), any(column('b'), [1, 2, 3])]);
    expect(plan.access?.anyOf).toBeDefined();
    expect(plan.access?.alternatives[0].equal).toHaveLength(1);
    expect(plan.filter).toBeUndefined();
    const ranged = scan([any(column('a'), [1, 2]), op(column('b'), '<', int4(4))]);
    expect(ranged.access?.alternatives[0].upper).toBeDefined();
  });

  it('makes alternatives of an OR whose branches all narrow the access', () => {
    const plan = scan([or(op(column('a'), '=', int4(1)), and(op(column('a'), '=', int4(2)), op(column('b'), '=', int4(3))))]);
    expect(plan.access?.alternatives.map((alternative) => alternative.equal.length)).toEqual([1, 2]);
    expect(plan.filter).toBeUndefined();
  });

  it('leaves an OR alone when one branch says nothing of the key', () => {
    const plan = scan([or(op(column('a'), '=', int4(1)), op(column('b'), '=', int4(2)))]);
    expect(plan.access).toBeUndefined();
    expect(plan.filter).toBeDefined();
  });

  it('reads the branches of an OR one after another where each has its own index, no row twice', () => {
    const first = op(column('v'), '=', text('x'));
    const { plan } = planScan(scanOf(t), [or(first, op(column('w'), '=', text('y')))], noWish, planning());
    expect(plan).toMatchObject({
      kind: 'setOperation',
      operation: 'union',
      all: true,
      left: { kind: 'indexScan', filter: undefined },
      right: { kind: 'indexScan', filter: { kind: 'booleanTest', arg: first, test: 'true', negated: true } },
    });
  });

  it('does not take a value that depends on the row', () => {
    expect(scan([op(column('a'), '=', column('b'))]).access).toBeUndefined();
  });

  it('reads exactly what a row comparison says', () => {
    const plan = scan([
      { kind: 'rowComparison', operator: '>', left: [column('a'), column('b')], right: [int4(1), int4(2)], type: boolean },
    ]);
    const above = (value: Expression) => ({ lower: { value, inclusive: false }, upper: undefined });
    expect(plan.access?.alternatives).toEqual([
      { equal: [], ...above(int4(1)) },
      { equal: [int4(1)], ...above(int4(2)) },
    ]);
    expect(plan.filter).toBeUndefined();
  });

  it('bounds the first column of a row comparison with others than key columns, and tests the rest', () => {
    const plan = scan([
      { kind: 'rowComparison', operator: '>', left: [column('a'), column('f')], right: [int4(1), column('f')], type: boolean },
    ]);
    expect(plan.access?.alternatives[0].lower).toEqual({ value: int4(1), inclusive: true });
    expect(plan.filter).toBeDefined();
  });
});

describe('secondary index', () => {
  it('sees through the relabelling of varchar', () => {
    expect(indexName(scan([op(column('w'), '=', text('x'))]))).toBe('t_w');
  });

  it('finds NULLs, and leaves them out', () => {
    const isNull = (name: string, negated: boolean): Expression => ({ kind: 'isNull', arg: column(name), negated, type: boolean });
    const found = scan([isNull('v', false)]);
    expect(indexName(found)).toBe('t_v');
    expect(found.access?.alternatives).toEqual([{ equal: ['null'], lower: undefined, upper: undefined }]);
    expect(found.filter).toBeUndefined();
    const others = scan([isNull('v', true)], { order: [{ expression: column('v'), descending: false, nullsFirst: false }], rowLimit: 3 });
    expect(others.access?.alternatives).toEqual([{ equal: [], lower: undefined, upper: undefined, notNull: true }]);
    expect(others.filter).toBeUndefined();
  });

  it('makes a range of LIKE with a fixed beginning', () => {
    const plan = scan([op(column('v'), '~~', text('ab%'))]);
    expect(indexName(plan)).toBe('t_v');
    expect(plan.access?.alternatives[0]).toEqual({
      equal: [],
      lower: { value: text('ab'), inclusive: true },
      upper: { value: text('ac'), inclusive: false },
    });
    expect(plan.filter).toBeUndefined();
    expect(scan([op(column('v'), '~~', text('ab%c'))]).filter).toBeDefined();
    expect(scan([op(column('v'), '~~', text('%c'))]).access).toBeUndefined();
  });

  it('does not use a comparison that the key order does not know', () => {
    const wider: Expression = { kind: 'constant', value: 0.1, type: { oid: oid.float8, typmod: -1 } };
    expect(scan([op(column('f'), '=', wider)]).access).toBeUndefined();
    expect(scan([op(column('v'), '~<~', text('x'))]).access).toBeUndefined();
  });

  it('is not used while it is being built', () => {
    const plan = scan([op(column('m'), '=', text('x'))]);
    expect(indexName(plan)).toBe('t_m_desc');
  });

  it('takes a bare boolean column', () => {
    const plan = scan([column('flag'), op(column('m'), '=', text('x')), op(column('v'), '>', text(''))]);
    expect(plan.kind).toBe('indexScan');
    expect(
      indexName(
        scan(
          [{ kind: 'not', arg: column('flag'), type: boolean }, op(column('m'), '>', text('x')), op(column('m'), '<', text('y'))],
          noWish,
          ['m', 'flag'],
        ),
      ),
    ).toBe('t_flag');
  });

  it('is enough by itself when its entries hold all columns', () => {
    const covering = scan([op(column('m'), '=', text('x'))], noWish, ['m', 'a', 'b', 'f']);
    expect(covering).toMatchObject({ kind: 'indexScan', isIndexOnly: true });
    const fetching = scan([op(column('m'), '=', text('x'))], noWish, ['m', 'v']);
    expect(fetching).toMatchObject({ kind: 'indexScan', isIndexOnly: false });
  });
});

describe('order', () => {
  const by = (name: string, descending = false, nullsFirst = descending) => ({ expression: column(name), descending, nullsFirst });
  const ordered = (order: Wish['order'], conditions: readonly Expression[] = [], rowLimit?: number) =>
    planScan(scanOf(t), conditions, { order, rowLimit }, planning());

  it('reads the primary key forward or backward', () => {
    expect(ordered([by('a'), by('b')]).plan).toMatchObject({ kind: 'tableScan', descending: false });
    expect(ordered([by('a', true), by('b', true)]).plan).toMatchObject({ kind: 'tableScan', descending: true });
  });

  it('skips columns that an equality fixes', () => {
    const { plan, ordering } = ordered([by('b')], [op(column('a'), '=', int4(1))]);
    expect(plan.kind).toBe('tableScan');
    expect(ordering.constants.has(1)).toBe(true);
  });

  it('reads an index for the first rows, and not for all of them', () => {
    expect(ordered([by('v')], [], 10).plan).toMatchObject({ kind: 'indexScan' });
    expect(ordered([by('v')]).plan).toMatchObject({ kind: 'tableScan' });
  });

  it('minds where NULLs are', () => {
    expect(ordered([by('v', false, true)], [], 10).plan).toMatchObject({ kind: 'tableScan' });
    expect(ordered([by('v', true, true)], [], 10).plan).toMatchObject({ kind: 'indexScan', descending: true });
  });

  it('reads a descending key in its own direction', () => {
    expect(ordered([by('m', true)], [], 10).plan).toMatchObject({ kind: 'indexScan', descending: false });
    expect(ordered([by('m')], [], 10).plan).toMatchObject({ kind: 'indexScan', descending: true });
  });
});
