import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '#base/assert.ts';
import { SqlError } from '#base/sql-error.ts';
import { type Batch, toDatums, type Vector, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import { oid } from '../oids.ts';
import { typeRef } from '../type.ts';
import { ArrayValue } from '../types/array-value.ts';
import { Jsonb } from '../types/jsonb-value.ts';
import { Numeric } from '../types/numeric-value.ts';
import { RecordValue } from '../types/record-value.ts';
import { branch, call, column, constant, operation, operatorOid } from './build-expression.ts';
import { compileExpression, compilePredicate, evaluateOnce } from './compile.ts';
import { fixedContext } from './fixed-context.ts';

const context = fixedContext();
const bool = typeRef(oid.bool);
const int = (value: number | null): Expression => constant(value, oid.int4);
const text = (value: string | null): Expression => constant(value, oid.text);
const a = column(1, oid.int4);
const b = column(2, oid.int4);

/** Rows of two int4 columns, ids 1 and 2. */
const batchOf = (...rows: readonly (readonly [Datum, Datum])[]): Batch => ({
  rowCount: rows.length,
  columns: [vectorOf(rows.map((row) => row[0])), vectorOf(rows.map((row) => row[1]))],
});
const run = (expression: Expression, batch: Batch, input = [1, 2]): readonly Datum[] =>
  toDatums(compileExpression(expression, input)(batch, context), batch.rowCount);
const once = (expression: Expression): Datum => evaluateOnce(expression, context);

function errorOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    if (error instanceof SqlError)
      return `${error.sqlstate} ${error.message}${error.fields.position === undefined ? '' : ` at ${error.fields.position}`}`;
    throw error;
  }
  return 'no error';
}

describe('leaves', () => {
  it('constants, parameters, columns and outer values', () => {
    const own = fixedContext({ parameters: [7, null], outerValues: new Map([[9, 'x']]) });
    expect(once(int(5))).toBe(5);
    expect(evaluateOnce({ kind: 'parameter', index: 1, type: typeRef(oid.int4) }, own)).toBe(7);
    expect(evaluateOnce({ kind: 'parameter', index: 2, type: typeRef(oid.int4) }, own)).toBe(null);
    expect(evaluateOnce({ kind: 'outerValue', id: 9, name: 'o', type: typeRef(oid.text) }, own)).toBe('x');
    expect(run(b, batchOf([1, 2], [3, 4]))).toEqual([2, 4]);
  });

  it('refuses what the planner should have lifted out', () => {
    expect(() => compileExpression(column(3, oid.int4), [1, 2])).toThrow(InvariantError);
    expect(() => once({ kind: 'caseOperand', type: typeRef(oid.int4) })).toThrow(InvariantError);
    const subquery: Expression = {
      kind: 'subquery',
      form: 'exists',
      negated: false,
      plan: undefined,
      output: [],
      comparison: undefined,
      type: bool,
    };
    expect(() => once(subquery)).toThrow(InvariantError);
  });

  it('SQL values', () => {
    const value = (name: Extract<Expression, { kind: 'sqlValue' }>['name'], type: number, typmod = -1): Datum =>
      once({ kind: 'sqlValue', name, type: typeRef(type, typmod) });
    expect(value('current_user', oid.name)).toBe('admin');
    expect(value('current_catalog', oid.name)).toBe('postgres');
    expect(value('current_schema', oid.name)).toBe('public');
    // 2024-02-29 12:34:56.789 UTC.
    expect(value('current_timestamp', oid.timestamptz)).toBe(1709210096789000 - 946684800000000);
    expect(value('current_timestamp', oid.timestamptz, 0)).toBe(1709210097000000 - 946684800000000);
    expect(value('current_date', oid.date)).toBe(8825);
    expect(value('localtime', oid.time)).toBe(45296789000);
  });
});

describe('functions', () => {
  it('strict ones are not called with NULL', () => {
    expect(run(operation('+', a, b), batchOf([1, 2], [null, 2], [3, null]))).toEqual([3, null, null]);
    expect(run(call('lpad(text,int4,text)', [column(1, oid.text), int(3), text('x')]), batchOf(['a', 0], [null, 0]))).toEqual([
      'xxa',
      null,
    ]);
  });

  it('constants stay constant vectors; volatile functions are called for each row', () => {
    const vector = compileExpression(operation('+', int(1), int(2)), [])({ rowCount: 3, columns: [] }, context);
    expect(vector).toEqual({ values: [3], nulls: undefined, mask: 0 });
    const chance = run(call('random()', []), batchOf([1, 1], [1, 1]));
    expect(chance[0]).not.toBe(chance[1]);
  });

  it('errors carry no position: PostgreSQL gives run-time errors none', () => {
    expect(errorOf(() => once(operation('/', int(1), int(0))))).toBe('22012 division by zero');
  });

  it('VARIADIC "any" takes arrays apart', () => {
    const array = constant(new ArrayValue(oid.text, ['a', null, 'b']), oid.textArray);
    expect(once({ ...call('concat(any)', [array]), variadic: true })).toBe('ab');
    expect(once({ ...call('concat_ws(text,any)', [text('-'), array]), variadic: true })).toBe('a-b');
    expect(once({ ...call('concat(any)', [constant(null, oid.textArray)]), variadic: true })).toBe(null);
    expect(once({ ...call('num_nulls(any)', [array]), variadic: true })).toBe(1);
  });

  it('refuses functions that nothing implements with 0A000', () => {
    expect(errorOf(() => once(call('pg_current_wal_lsn()', [])))).toBe('0A000 function pg_current_wal_lsn() is not supported');
  });
});

describe('AND, OR, NOT', () => {
  const values = [true, false, null] as const;
  const all = values.flatMap((x) => values.map((y) => [x, y] as const));
  const p = column(1, oid.bool);
  const q = column(2, oid.bool);

  it('are three-valued', () => {
    const and = run({ kind: 'and', args: [p, q], type: bool }, batchOf(...all));
    expect(and).toEqual([true, false, null, false, false, false, null, false, null]);
    const or = run({ kind: 'or', args: [p, q], type: bool }, batchOf(...all));
    expect(or).toEqual([true, true, true, true, false, null, true, null, null]);
    expect(run({ kind: 'not', arg: p, type: bool }, batchOf([true, 0], [false, 0], [null, 0]))).toEqual([false, true, null]);
  });

  it('evaluate an argument only where it is needed', () => {
    // a <> 0 AND 1 / a > 2: never divides by zero.
    const guard = operation('<>', a, int(0));
    const division = operation('>', operation('/', int(10), a), int(2));
    const batch = batchOf([0, 0], [3, 0], [9, 0], [0, 0]);
    expect(run({ kind: 'and', args: [guard, division], type: bool }, batch)).toEqual([false, true, false, false]);
    expect(run({ kind: 'or', args: [operation('=', a, int(0)), division], type: bool }, batch)).toEqual([true, true, false, true]);
    expect(errorOf(() => run({ kind: 'and', args: [division, guard], type: bool }, batch))).toBe('22012 division by zero');
    // A NULL does not settle AND: the second argument is asked.
    expect(run({ kind: 'and', args: [guard, division], type: bool }, batchOf([null, 0], [0, 0]))).toEqual([null, false]);
  });

  it('reads the right columns when rows are gathered', () => {
    const guarded = { kind: 'and', args: [operation('<>', a, int(0)), operation('=', operation('/', b, a), int(2))], type: bool } as const;
    expect(run(guarded, batchOf([0, 1], [2, 4], [0, 0], [5, 10], [5, 11]))).toEqual([false, true, false, true, true]);
  });
});

describe('tests', () => {
  const p = column(1, oid.bool);
  const batch = batchOf([true, 0], [false, 0], [null, 0]);

  it('IS NULL', () => {
    expect(run({ kind: 'isNull', arg: a, negated: false, type: bool }, batchOf([1, 0], [null, 0]))).toEqual([false, true]);
    expect(run({ kind: 'isNull', arg: a, negated: true, type: bool }, batchOf([1, 0], [null, 0]))).toEqual([true, false]);
    const typed: Batch = { rowCount: 2, columns: [{ values: new Int32Array(2), nulls: Uint8Array.of(0, 1), mask: -1 }] };
    expect(run({ kind: 'isNull', arg: a, negated: false, type: bool }, typed, [1])).toEqual([false, true]);
  });

  it('IS NULL of records looks at the fields', () => {
    const row = (...fields: Datum[]): Expression =>
      constant(
        new RecordValue(
          fields.map(() => oid.int4),
          [],
          fields,
        ),
        oid.record,
      );
    const isNull = (arg: Expression, negated: boolean): Datum => once({ kind: 'isNull', arg, negated, type: bool });
    expect([isNull(row(null, null), false), isNull(row(1, null), false), isNull(row(1, 2), false)]).toEqual([true, false, false]);
    expect([isNull(row(null, null), true), isNull(row(1, null), true), isNull(row(1, 2), true)]).toEqual([false, false, true]);
  });

  it.each([
    ['true', false, [true, false, false]],
    ['true', true, [false, true, true]],
    ['false', false, [false, true, false]],
    ['unknown', false, [false, false, true]],
    ['unknown', true, [true, true, false]],
  ] as const)('IS %s, negated %s', (test, negated, answer) => {
    expect(run({ kind: 'booleanTest', arg: p, test, negated, type: bool }, batch)).toEqual(answer);
  });

  it('IS DISTINCT FROM and NULLIF', () => {
    const equals = operatorOid('=', oid.int4, oid.int4);
    const rows = batchOf([1, 1], [1, 2], [null, 1], [null, null]);
    expect(run({ kind: 'distinct', equals, left: a, right: b, negated: false, type: bool }, rows)).toEqual([false, true, true, false]);
    expect(run({ kind: 'distinct', equals, left: a, right: b, negated: true, type: bool }, rows)).toEqual([true, false, false, true]);
    expect(run({ kind: 'nullif', equals, left: a, right: b, type: typeRef(oid.int4) }, rows)).toEqual([null, 1, null, null]);
  });
});

describe('CASE, COALESCE, GREATEST', () => {
  const type = typeRef(oid.int4);

  it('searched CASE takes the first true branch and evaluates no other', () => {
    const expression: Expression = {
      kind: 'case',
      operand: undefined,
      branches: [
        branch(operation('=', a, int(0)), int(-1)),
        branch(operation('>', operation('/', int(10), a), int(4)), operation('/', int(100), a)),
      ],
      otherwise: operation('+', a, b),
      type,
    };
    expect(run(expression, batchOf([0, 1], [2, 1], [5, 1], [null, 3], [10, 2]))).toEqual([-1, 50, 6, null, 12]);
    expect(run({ ...expression, otherwise: undefined }, batchOf([5, 1], [0, 0]))).toEqual([null, -1]);
  });

  it('simple CASE evaluates its operand once, nested ones each their own', () => {
    const operand: Expression = { kind: 'caseOperand', type };
    const inner: Expression = {
      kind: 'case',
      operand: b,
      branches: [branch(operation('=', operand, int(7)), int(70))],
      otherwise: int(0),
      type,
    };
    const outer: Expression = {
      kind: 'case',
      operand: a,
      branches: [branch(operation('=', operand, int(1)), inner), branch(operation('=', operand, int(2)), b)],
      otherwise: undefined,
      type,
    };
    expect(run(outer, batchOf([1, 7], [1, 8], [2, 9], [3, 7], [null, 7]))).toEqual([70, 0, 9, null, null]);
    const chance: Expression = {
      kind: 'case',
      operand: call('random()', []),
      branches: [
        branch(
          operation('<>', { kind: 'caseOperand', type: typeRef(oid.float8) }, { kind: 'caseOperand', type: typeRef(oid.float8) }),
          int(1),
        ),
      ],
      otherwise: int(0),
      type,
    };
    expect(run(chance, batchOf([1, 1], [2, 2]))).toEqual([0, 0]);
  });

  it('COALESCE evaluates later arguments only for NULLs', () => {
    const expression: Expression = { kind: 'coalesce', args: [a, operation('/', int(6), b), int(9)], type };
    expect(run(expression, batchOf([1, 0], [null, 2], [null, null], [4, 0]))).toEqual([1, 3, 9, 4]);
  });

  it('GREATEST and LEAST leave NULLs out', () => {
    const greatest: Expression = { kind: 'minmax', which: 'greatest', args: [a, b, int(3)], type };
    expect(run(greatest, batchOf([1, 5], [null, 2], [4, null]))).toEqual([5, 3, 4]);
    const least: Expression = { kind: 'minmax', which: 'least', args: [a, b], type };
    expect(run(least, batchOf([1, 5], [null, 2], [null, null]))).toEqual([1, 2, null]);
  });
});

describe('arrays and rows', () => {
  const array = (...items: Datum[]): Expression => constant(new ArrayValue(oid.int4, items), oid.int4Array);
  const any = (left: Expression, right: Expression, name = '=', quantifier: 'any' | 'all' = 'any'): Expression => ({
    kind: 'arrayComparison',
    quantifier,
    operator: operatorOid(name, oid.int4, oid.int4),
    function: 65,
    left,
    right,
    type: bool,
  });

  it('ANY and ALL', () => {
    const rows = batchOf([1, 0], [2, 0], [null, 0]);
    expect(run(any(a, array(1, 3)), rows)).toEqual([true, false, null]);
    expect(run(any(a, array(1, null)), rows)).toEqual([true, null, null]);
    expect(run(any(a, array()), rows)).toEqual([false, false, false]);
    expect(run(any(a, array(), '=', 'all'), rows)).toEqual([true, true, true]);
    expect(run(any(a, array(2, 2), '=', 'all'), rows)).toEqual([false, true, null]);
    expect(run(any(a, array(1, 3), '<>', 'all'), rows)).toEqual([false, true, null]);
    expect(run(any(a, array(2, null), '<'), rows)).toEqual([true, null, null]);
    expect(run(any(a, constant(null, oid.int4Array)), rows)).toEqual([null, null, null]);
  });

  it('long lists are looked up, with the same answers as short ones', () => {
    const items = Array.from({ length: 10000 }, (_, i) => i * 2);
    const rows = batchOf([2, 0], [3, 0], [null, 0], [19998, 0]);
    expect(run(any(a, array(...items)), rows)).toEqual([true, false, null, true]);
    expect(run(any(a, array(...items, null)), rows)).toEqual([true, null, null, true]);
    expect(run(any(a, array(...items), '<>', 'all'), rows)).toEqual([false, true, null, false]);
  });

  it('looking up agrees with looping', () => {
    const item = fc.option(fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(fc.array(item, { minLength: 9, maxLength: 14 }), fc.array(item, { minLength: 2, maxLength: 8 }), (list, values) => {
        const rows = batchOf(...values.map((value) => [value, 0] as const));
        for (const [name, quantifier] of [
          ['=', 'any'],
          ['<>', 'all'],
        ] as const) {
          const looped = values.map((value) => once(any(int(value), array(...list), name, quantifier)));
          expect(run(any(a, array(...list), name, quantifier), rows)).toEqual(looped);
        }
      }),
    );
  });

  it('ARRAY[...] and nested ones', () => {
    const made = run({ kind: 'array', items: [a, b], nested: false, type: typeRef(oid.int4Array) }, batchOf([1, 2], [null, 3]));
    expect(made).toEqual([new ArrayValue(oid.int4, [1, 2]), new ArrayValue(oid.int4, [null, 3])]);
    const nested = (...items: Expression[]): Datum => once({ kind: 'array', items, nested: true, type: typeRef(oid.int4Array) });
    expect(nested(array(1, 2), array(3, 4))).toEqual(new ArrayValue(oid.int4, [1, 2, 3, 4], [2, 2]));
    expect(errorOf(() => nested(array(1), array(1, 2)))).toBe(
      '2202E multidimensional arrays must have array expressions with matching dimensions',
    );
  });

  it('subscripts and slices', () => {
    const at = (
      container: Expression,
      isSlice: boolean,
      ...subscripts: (readonly [number | null | undefined, number | null | undefined])[]
    ): Datum =>
      once({
        kind: 'subscript',
        arg: container,
        isSlice,
        subscripts: subscripts.map(([lower, upper]) => ({
          lower: lower === undefined ? undefined : int(lower),
          upper: upper === undefined ? undefined : int(upper),
        })),
        type: typeRef(oid.int4),
      });
    const shifted = constant(new ArrayValue(oid.int4, [10, 20, 30], [3], [0]), oid.int4Array);
    const matrix = constant(new ArrayValue(oid.int4, [1, 2, 3, 4, 5, 6], [2, 3]), oid.int4Array);
    expect(at(array(10, 20), false, [undefined, 2])).toBe(20);
    expect(at(array(10, 20), false, [undefined, 3])).toBe(null);
    expect(at(array(10, 20), false, [undefined, null])).toBe(null);
    expect(at(shifted, false, [undefined, 0])).toBe(10);
    expect(at(matrix, false, [undefined, 2], [undefined, 1])).toBe(4);
    expect(at(matrix, false, [undefined, 2])).toBe(null);
    expect(at(array(1, 2, 3), true, [2, 3])).toEqual(new ArrayValue(oid.int4, [2, 3]));
    expect(at(array(1, 2, 3), true, [undefined, 2])).toEqual(new ArrayValue(oid.int4, [1, 2]));
    expect(at(array(1, 2, 3), true, [3, 9])).toEqual(new ArrayValue(oid.int4, [3]));
    expect(at(array(1, 2, 3), true, [5, 9])).toEqual(new ArrayValue(oid.int4, []));
    expect(at(matrix, true, [1, 2], [2, 3])).toEqual(new ArrayValue(oid.int4, [2, 3, 5, 6], [2, 2]));
    expect(at(matrix, true, [1, 1])).toEqual(new ArrayValue(oid.int4, [1, 2, 3], [1, 3]));
  });

  it('subscripts of jsonb', () => {
    const one = Numeric.of(1n, 0);
    const document = constant(new Jsonb(new Map([['a', [one, 'x']]])), oid.jsonb);
    const at = (...path: Expression[]): Datum =>
      once({
        kind: 'subscript',
        arg: document,
        isSlice: false,
        subscripts: path.map((upper) => ({ lower: undefined, upper })),
        type: typeRef(oid.jsonb),
      });
    expect(at(text('a'), int(1))).toEqual(new Jsonb('x'));
    expect(at(text('a'), int(-2))).toEqual(new Jsonb(one));
    expect(at(text('b'))).toBe(null);
    expect(at(text('a'), int(0), text('z'))).toBe(null);
  });

  it('rows and fields', () => {
    const row: Expression = { kind: 'row', fields: [a, b], names: ['f1', 'f2'], type: typeRef(oid.record) };
    expect(run(row, batchOf([1, null]))).toEqual([new RecordValue([oid.int4, oid.int4], ['f1', 'f2'], [1, null])]);
    expect(run({ kind: 'field', arg: row, index: 1, name: 'f2', type: typeRef(oid.int4) }, batchOf([1, 2], [3, null]))).toEqual([2, null]);
  });

  it.each(['<', '<=', '>', '>='] as const)('row comparison %s agrees with comparing lexicographically', (operator) => {
    const value = fc.integer({ min: 0, max: 2 });
    fc.assert(
      fc.property(value, value, value, value, (x1, x2, y1, y2) => {
        const sign = Math.sign(x1 - y1) || Math.sign(x2 - y2);
        const expected = { '<': sign < 0, '<=': sign <= 0, '>': sign > 0, '>=': sign >= 0 }[operator];
        expect(once({ kind: 'rowComparison', operator, left: [int(x1), int(x2)], right: [int(y1), int(y2)], type: bool })).toBe(expected);
      }),
    );
  });

  it('a row comparison stops at the first difference, and at a NULL', () => {
    const compare = (left: Expression[], right: Expression[]): Expression => ({
      kind: 'rowComparison',
      operator: '<',
      left,
      right,
      type: bool,
    });
    const lazy = compare([a, operation('/', int(1), b)], [int(5), int(1)]);
    expect(run(lazy, batchOf([1, 0], [9, 0], [null, 0], [5, 1], [5, 2]))).toEqual([true, false, null, false, true]);
    expect(once(compare([int(1), int(null)], [int(1), int(2)]))).toBe(null);
    expect(once(compare([constant(1, oid.int4), int(1)], [constant(9007199254740993n, oid.int8), int(0)]))).toBe(true);
  });
});

describe('conversions', () => {
  it('through text, with the typmod of the target', () => {
    expect(once({ kind: 'convertByText', arg: text('42'), explicit: true, type: typeRef(oid.int4) })).toBe(42);
    expect(once({ kind: 'convertByText', arg: int(42), explicit: true, type: typeRef(oid.text) })).toBe('42');
    expect(errorOf(() => once({ kind: 'convertByText', arg: text('x'), explicit: true, type: typeRef(oid.int4) }))).toBe(
      '22P02 invalid input syntax for type integer: "x"',
    );
  });

  it('a relabelling to oid makes an int4 unsigned, and back', () => {
    const asOid: Expression = { kind: 'relabel', arg: int(-1), type: typeRef(oid.oid) };
    expect(once(asOid)).toBe(4294967295);
    expect(once({ kind: 'relabel', arg: asOid, type: typeRef(oid.int4) })).toBe(-1);
    expect(once({ kind: 'relabel', arg: text('a'), type: typeRef(oid.varchar) })).toBe('a');
  });

  it('arrays item by item', () => {
    const element = call('text(bool)', [{ kind: 'caseOperand', type: typeRef(oid.bool) }]);
    const expression: Expression = { kind: 'arrayConversion', arg: column(1, 1000), element, type: typeRef(oid.textArray) };
    const rows = batchOf([new ArrayValue(oid.bool, [true, null, false, true], [2, 2]), 0], [null, 0], [new ArrayValue(oid.bool, []), 0]);
    expect(run(expression, rows)).toEqual([
      new ArrayValue(oid.text, ['true', null, 'false', 'true'], [2, 2]),
      null,
      new ArrayValue(oid.text, []),
    ]);
  });

  it('to a typmod', () => {
    const toThree = (value: string, explicit: boolean): Datum =>
      once({ kind: 'applyTypmod', arg: constant(value, oid.varchar), explicit, type: typeRef(oid.varchar, 7) });
    expect(toThree('abcdef', true)).toBe('abc');
    expect(errorOf(() => toThree('abcdef', false))).toBe('22001 value too long for type character varying(3)');
    const array = constant(new ArrayValue(oid.varchar, ['abcdef', null]), 1015);
    expect(once({ kind: 'applyTypmod', arg: array, explicit: true, type: typeRef(1015, 7) })).toEqual(
      new ArrayValue(oid.varchar, ['abc', null]),
    );
  });
});

describe('predicates', () => {
  const rowsOf = (expression: Expression, batch: Batch): number[] => {
    const { rows, count } = compilePredicate(expression, [1, 2])(batch, context);
    return Array.from(rows.subarray(0, count));
  };

  it('are the rows where the expression is true', () => {
    const value = fc.option(fc.integer({ min: -3, max: 3 }));
    const comparison = fc.constantFrom('<', '<=', '=', '<>', '>=', '>');
    const simple = fc
      .tuple(comparison, fc.boolean(), value)
      .map(([name, withColumn, other]) => operation(name, a, withColumn ? b : int(other)));
    const guarded = simple.map(
      (test): Expression => ({
        kind: 'and',
        args: [operation('<>', b, int(0)), operation('>', operation('/', a, b), int(0)), test],
        type: bool,
      }),
    );
    const either = fc.tuple(simple, simple).map((args): Expression => ({ kind: 'or', args, type: bool }));
    fc.assert(
      fc.property(
        fc.oneof(simple, guarded, either),
        fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 20 }),
        (expression, rows) => {
          const batch = batchOf(...rows);
          const answers = run(expression, batch);
          expect(rowsOf(expression, batch)).toEqual(answers.flatMap((answer, row) => (answer === true ? [row] : [])));
        },
      ),
    );
  });

  it('over typed vectors with NULLs', () => {
    const typed: Vector = { values: Float64Array.of(1, 0, 5), nulls: Uint8Array.of(0, 1, 0), mask: -1 };
    const batch: Batch = { rowCount: 3, columns: [typed, vectorOf([3, 3, 3])] };
    expect(rowsOf(operation('<', a, b), batch)).toEqual([0]);
    expect(rowsOf(operation('<=', a, int(5)), batch)).toEqual([0, 2]);
    expect(rowsOf(operation('<>', a, int(1)), batch)).toEqual([2]);
    expect(rowsOf(operation('=', a, int(null)), batch)).toEqual([]);
  });
});
