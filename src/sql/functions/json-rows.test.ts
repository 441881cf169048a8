import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import { fixedContext } from '../evaluate/fixed-context.ts';
import type { CallTypes } from '../function.ts';
import { oid } from '../oids.ts';
import { ArrayValue } from '../types/array-value.ts';
import { parseJsonb } from '../types/jsonb.ts';
import { RecordValue } from '../types/record-value.ts';
import { typeByOid } from '../types/registry.ts';
import { implementationOf } from './registry.ts';

const context = fixedContext();
const columns = [
  { name: 'a', type: { oid: oid.int4, typmod: -1 } },
  { name: 'b', type: { oid: oid.text, typmod: -1 } },
  { name: 'c', type: { oid: oid.int4Array, typmod: -1 } },
  { name: 'd', type: { oid: oid.json, typmod: -1 } },
  { name: 'e', type: { oid: oid.bool, typmod: -1 } },
  { name: 'v', type: { oid: oid.varchar, typmod: 7 } },
];

function call(name: string, args: readonly Datum[], types: Partial<CallTypes> = {}): unknown {
  const proc = procsByName(name).find((candidate) => candidate.argTypes.length === args.length);
  if (proc === undefined) throw new Error(`no function ${name}`);
  const implementation = implementationOf(proc.oid);
  const whole = { args: [], result: 0, ...types };
  if (implementation.kind === 'aggregate') {
    const aggregate = implementation.forTypes(whole);
    return aggregate.final(aggregate.step(aggregate.step(aggregate.initial(), args, context), args, context), context);
  }
  if (implementation.kind === 'window') throw new Error('no window functions here');
  const answer = implementation.forTypes(whole)(...args, context);
  return implementation.kind === 'set' ? [...(answer as Iterable<unknown>)] : answer;
}

/** A row as PostgreSQL prints it, or the error with its detail and hint. */
function shown(run: () => unknown): unknown {
  try {
    const answer = run();
    return answer instanceof RecordValue ? typeByOid(oid.record).output(answer, context) : answer;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return [error.sqlstate, error.message, error.fields.detail ?? error.fields.hint ?? ''];
  }
}

describe('a document fills the columns of its members, as PostgreSQL has it', () => {
  const malformed = ['22P02', 'malformed JSON array', 'Multidimensional arrays must have sub-arrays with matching dimensions.'];
  it.each<[document: string, row: unknown]>([
    ['{"a":1,"b":"x","c":[1,2],"d":{"k": 1},"e":null}', '(1,x,"{1,2}","{""k"": 1}",,)'],
    ['{"a":"7","b":{"z":1},"c":"{3,4}","d":"s","e":true}', '(7,"{""z"":1}","{3,4}","""s""",t,)'],
    ['{"c":[[1,2],[3,4]]}', '(,,"{{1,2},{3,4}}",,,)'],
    ['{"c":[]}', '(,,{},,,)'],
    ['[1]', ['22023', 'cannot call populate_composite on an array', '']],
    ['1', ['22023', 'cannot call populate_composite on a scalar', '']],
    ['{"c":{"x":1}}', ['22P02', 'expected JSON array', 'See the value of key "c".']],
    ['{"c":[[1,2],3]}', ['22P02', 'expected JSON array', 'See the array element [1] of key "c".']],
    ['{"c":[[1,2],[3]]}', malformed],
    ['{"c":[1,[2]]}', ['22P02', 'invalid input syntax for type integer: "[2]"', '']],
    ['{"a":"x"}', ['22P02', 'invalid input syntax for type integer: "x"', '']],
    ['{"v":"abcdef"}', ['22001', 'value too long for type character varying(3)', '']],
  ])('%s', (document, row) => {
    expect(shown(() => call('json_to_record', [document], { columns }))).toEqual(row);
    const jsonb = typeof row === 'string' ? row.replace('{""z"":1}', '{""z"": 1}') : row;
    expect(shown(() => call('jsonb_to_record', [parseJsonb(document)], { columns }))).toEqual(jsonb);
  });

  it('without a shape', () => {
    expect(shown(() => call('json_to_record', ['{}']))).toEqual([
      '0A000',
      'could not determine row type for result of json_to_record',
      'Provide a non-null record argument, or call the function in the FROM clause using a column definition list.',
    ]);
  });

  it.each<[document: string, json: unknown, jsonb: unknown]>([
    [
      '[{"a":1},{"b":"y"}]',
      [
        [1, null],
        [null, 'y'],
      ],
      [
        [1, null],
        [null, 'y'],
      ],
    ],
    ['[]', [], []],
    [
      '{"a":1}',
      ['22023', 'cannot call json_to_recordset on an object', ''],
      ['22023', 'cannot call jsonb_to_recordset on a non-array', ''],
    ],
    ['1', ['22023', 'cannot call json_to_recordset on a scalar', ''], ['22023', 'cannot call jsonb_to_recordset on a non-array', '']],
    [
      '[{"a":1},[2]]',
      ['22023', 'argument of json_to_recordset must be an array of objects', ''],
      ['22023', 'argument of jsonb_to_recordset must be an array of objects', ''],
    ],
  ])('sets: %s', (document, json, jsonb) => {
    const types = { columns: columns.slice(0, 2) };
    expect(shown(() => call('json_to_recordset', [document], types))).toEqual(json);
    expect(shown(() => call('jsonb_to_recordset', [parseJsonb(document)], types))).toEqual(jsonb);
  });

  it('a base row keeps what the document does not name', () => {
    const base = new RecordValue([oid.int4, oid.text], ['a', 'b'], [1, 'z']);
    expect(shown(() => call('json_populate_record', [base, '{"a":5}', false]))).toBe('(5,z)');
    expect(shown(() => call('json_populate_record', [base, null, false]))).toBe('(1,z)');
    const rows = call('jsonb_populate_recordset', [base, parseJsonb('[{"a":5},{"b":"y"},{}]')]);
    expect((rows as RecordValue[]).map((row) => row.values)).toEqual([
      [5, 'z'],
      [1, 'y'],
      [1, 'z'],
    ]);
  });
});

describe('rows become objects, as PostgreSQL has it', () => {
  const inner = new RecordValue([oid.int4, oid.text], ['a', 'b'], [2, '3']);
  const types = { args: [oid.record] };

  it('row_to_json', () => {
    const row = new RecordValue(
      [oid.int4, oid.text, oid.text, oid.record, oid.int4Array],
      [],
      [1, 'a', null, inner, new ArrayValue(oid.int4, [1, 2])],
    );
    expect(call('row_to_json', [row], types)).toBe('{"f1":1,"f2":"a","f3":null,"f4":{"a":2,"b":"3"},"f5":[1,2]}');
    const nested = new RecordValue([oid.int4, oid.record], [], [1, inner]);
    expect(call('row_to_json', [nested, true], types)).toBe('{"f1":1,\n "f2":{"a":2,"b":"3"}}');
  });

  it('json_agg puts each on a line of its own', () => {
    expect(call('json_agg', [inner], types)).toBe('[{"a":2,"b":"3"}, \n {"a":2,"b":"3"}]');
  });

  it('array_to_json of rows', () => {
    const rows = new ArrayValue(oid.record, [inner, null]);
    expect(call('array_to_json', [rows, true], { args: [oid.recordArray] })).toBe('[{"a":2,"b":"3"},\n null]');
  });
});
