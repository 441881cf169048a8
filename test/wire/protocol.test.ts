/** Messages of the simple and the extended protocol, answered as PostgreSQL 16 answers them: message by message, field by field. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Both, comparable } from './both.ts';
import {
  bind,
  closePortal,
  closeStatement,
  copyData,
  copyDone,
  copyFail,
  describePortal,
  describeStatement,
  execute,
  flush,
  parse,
  prepared,
  query,
  show,
  sync,
} from './raw-client.ts';

let both: Both;
beforeAll(async () => {
  both = await Both.start();
  await both.run(
    query(
      'CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) CHECK (price >= 0), code varchar(5), short char(3))',
    ),
    query('CREATE TABLE log (n int)'),
    query("INSERT INTO item VALUES (1, 'one', 1.50, 'a', 'x'), (2, 'two', 2.50, NULL, 'yy'), (3, 'three', NULL, 'c', NULL)"),
  );
});
afterAll(() => both?.stop());

type Case = readonly [name: string, ...bursts: readonly (readonly Uint8Array[])[]];

/** Each burst is sent in one piece and ends with what asks for ReadyForQuery. */
const extended: readonly Case[] = [
  ['the unnamed statement and portal', [parse('SELECT 1 AS a'), bind(), describePortal(), execute(), sync]],
  [
    'a named statement, bound twice',
    [parse('SELECT $1::int + 1', 's'), describeStatement('s'), sync],
    [bind({ statement: 's', values: ['41'] }), execute(), bind({ statement: 's', values: [null] }), execute(), sync],
  ],
  [
    'named portals side by side, with row limits',
    [query('BEGIN')],
    [parse('SELECT n FROM generate_series(1, $1::int) AS n', 's'), bind({ portal: 'p', statement: 's', values: ['5'] }), sync],
    [bind({ portal: 'q', statement: 's', values: ['3'] }), execute('p', 2), execute('q', 2), execute('p', 2), sync],
    [execute('p', 2), execute('q', 0), execute('p', 2), execute('q', 1), sync],
    [closePortal('p'), execute('p'), sync],
    [query('ROLLBACK')],
  ],
  [
    'a row limit that is met exactly',
    [parse('SELECT n FROM generate_series(1, 4) n'), bind(), execute('', 4), execute('', 4), execute(), sync],
  ],
  [
    'a portal that ends with its transaction',
    [parse('SELECT n FROM generate_series(1, 5) n'), bind({ portal: 'p' }), execute('p', 2), sync],
    [execute('p', 2), sync],
  ],
  [
    'a portal that ends with its block',
    [query('BEGIN')],
    [parse('SELECT n FROM generate_series(1, 5) n'), bind({ portal: 'p' }), execute('p', 2), sync],
    [query('COMMIT')],
    [execute('p', 2), sync],
  ],
  ['the unnamed portal after Sync', [parse('SELECT 1'), bind(), sync], [execute(), sync]],
  ['the unnamed portal is replaced', [parse('SELECT 1'), bind(), parse('SELECT 2'), bind(), execute(), sync]],
  ['a simple query drops the unnamed statement', [parse('SELECT 1'), sync], [query('SELECT 2')], [bind(), execute(), sync]],
  ['a parse error drops the unnamed statement', [parse('SELECT 1'), sync], [parse('SELEC'), sync], [bind(), execute(), sync]],
  ['a named statement that exists', [parse('SELECT 1', 's'), parse('SELECT 2', 's'), sync], [bind({ statement: 's' }), execute(), sync]],
  ['a named portal that exists', [parse('SELECT 1'), bind({ portal: 'p' }), bind({ portal: 'p' }), sync]],
  [
    'closing and making again',
    [parse('SELECT 1', 's'), bind({ portal: 'p', statement: 's' }), closeStatement('s'), parse('SELECT 2', 's'), sync],
    [closeStatement('s'), closeStatement('s'), closePortal('none'), bind({ statement: 's' }), sync],
  ],
  [
    'a portal does not outlive its statement',
    [parse('SELECT 1', 's'), bind({ portal: 'p', statement: 's' }), closeStatement('s'), execute('p'), sync],
  ],
  [
    'what does not exist',
    [bind({ statement: 'none' }), sync],
    [describeStatement('none'), sync],
    [describePortal('none'), sync],
    [execute('none'), sync],
    [bind(), sync],
    [describeStatement(), sync],
  ],
  [
    'an error skips to Sync',
    [parse('SELECT (n || chr(120))::int FROM generate_series(1, 1) n'), bind(), execute(), parse('SELECT 2'), bind(), execute(), sync],
    [prepared('SELECT 3'), sync],
  ],
  ['an error skips Flush, Close and wrong types', [parse('nonsense'), flush, closeStatement('x'), parse('SELECT $1', '', [999999]), sync]],
  [
    'an error rolls back all since the last Sync',
    [
      prepared('INSERT INTO log VALUES (1)'),
      prepared('INSERT INTO log VALUES (2)'),
      prepared('SELECT (n || chr(120))::int FROM generate_series(1, 1) n'),
      prepared('INSERT INTO log VALUES (3)'),
      sync,
    ],
    [query('SELECT count(*) FROM log')],
  ],
  [
    'what is before Sync commits together',
    [prepared('INSERT INTO log VALUES (10)'), prepared('INSERT INTO log VALUES (11)'), prepared('SELECT count(*) FROM log'), sync],
    [query('SELECT n FROM log ORDER BY n')],
    [query('DELETE FROM log')],
  ],
  ['Sync after Sync, and Sync alone', [sync, sync], [prepared('SELECT 1'), sync, sync]],
  [
    'BEGIN and COMMIT within a pipeline',
    [
      prepared('BEGIN'),
      prepared('INSERT INTO log VALUES (1)'),
      prepared('COMMIT'),
      prepared('INSERT INTO log VALUES (2)'),
      prepared('SELECT (n || chr(120))::int FROM generate_series(1, 1) n'),
      sync,
    ],
    [query('SELECT n FROM log')],
    [query('DELETE FROM log')],
  ],
  [
    'a block that failed',
    [prepared('BEGIN'), sync],
    [prepared('SELECT (n || chr(120))::int FROM generate_series(1, 1) n'), sync],
    [prepared('SELECT 1'), sync],
    [parse('COMMIT'), bind(), sync],
    [bind(), describePortal(), execute(), sync],
    [prepared('SELECT 1'), sync],
  ],
  [
    'a failed block refuses to bind and describe',
    [parse('SELECT 1', 's'), sync],
    [query('BEGIN')],
    [query('x')],
    [bind({ statement: 's' }), sync],
    [describeStatement('s'), sync],
    [parse('SELECT 2'), sync],
    [parse('ROLLBACK'), sync],
    [query('ROLLBACK')],
    [bind({ statement: 's' }), execute(), sync],
  ],
  [
    'an empty statement',
    [parse(''), describeStatement(), bind(), describePortal(), execute(), sync],
    [parse(' ; '), bind(), execute(), sync],
    [parse('-- only a comment'), bind(), execute(), sync],
  ],
  ['two statements in one Parse', [parse('SELECT 1; SELECT 2'), sync]],
  [
    'describing what has no rows',
    [
      parse('INSERT INTO log VALUES ($1)', 's'),
      describeStatement('s'),
      bind({ portal: 'p', statement: 's', values: ['1'] }),
      describePortal('p'),
      sync,
    ],
    [parse('SET application_name = x', 'set'), describeStatement('set'), sync],
    [parse('BEGIN', 'b'), describeStatement('b'), sync],
    [parse('UPDATE item SET name = $1 WHERE id = $2 AND price > $3', 'u'), describeStatement('u'), sync],
    [parse('DELETE FROM item WHERE name LIKE $1', 'd'), describeStatement('d'), sync],
  ],
  [
    'describing what has rows',
    [parse('INSERT INTO log VALUES ($1) RETURNING n, n + 1 AS next', 's'), describeStatement('s'), sync],
    [parse('SHOW server_encoding'), describeStatement(), bind(), describePortal(), execute(), sync],
    [parse('SELECT * FROM item'), describeStatement(), sync],
    [parse('VALUES (1, $1), (2, $2)'), describeStatement(), sync],
    [parse('SELECT id AS i, name::varchar(3), price * 2, now(), NULL, count(*) OVER () FROM item'), describeStatement(), sync],
    [parse('SELECT'), describeStatement(), bind(), execute(), sync],
  ],
  [
    'parameters whose types follow from use',
    [parse('SELECT $1'), describeStatement(), sync],
    [parse("SELECT $1 + 1, $2 || 'x', $3::date, $4 IS NULL"), describeStatement(), sync],
    [parse('SELECT id FROM item WHERE id = $2 AND name = $1 LIMIT $3'), describeStatement(), sync],
    [parse('SELECT $1 = ANY ($2::int[])'), describeStatement(), sync],
    [parse('SELECT CASE WHEN $1 THEN $2 ELSE 1.5 END'), describeStatement(), sync],
    [parse('INSERT INTO item VALUES ($1, $2, $3, $4, $5)'), describeStatement(), sync],
  ],
  [
    'parameters whose types are given',
    [parse('SELECT $1, $2, $3', '', [23, 0, 1700]), describeStatement(), sync],
    [parse('SELECT $1', '', [20]), bind({ values: ['9007199254740993'] }), describePortal(), execute(), sync],
    [parse('SELECT $1 + $2', '', [21, 20]), bind({ values: ['1', '2'] }), describePortal(), execute(), sync],
    [parse('SELECT 1', '', [23, 23]), describeStatement(), sync],
    [parse('SELECT 1', '', [23]), bind({ values: ['1'] }), execute(), sync],
  ],
  [
    'parameters that cannot be',
    [parse('SELECT $2::int'), sync],
    [parse('SELECT $1 IS NULL'), sync],
    [parse('SELECT $1, $1::int + $1::date'), sync],
    [parse('SELECT $0'), sync],
    [parse('SELECT $1', '', [999999]), sync],
  ],
  [
    'wrong bindings',
    [parse('SELECT $1::int', 's'), sync],
    [bind({ statement: 's' }), sync],
    [bind({ statement: 's', values: ['1', '2'] }), sync],
    [bind({ statement: 's', values: ['x'] }), sync],
    [bind({ portal: 'p', statement: 's', values: ['99999999999'] }), sync],
    [bind({ statement: 's', values: [''] }), sync],
    [bind({ statement: 's', formats: [1], values: ['abc'] }), sync],
    [bind({ statement: 's', formats: [1], values: ['abcde'] }), sync],
    [bind({ statement: 's', formats: [0, 0], values: ['1'] }), sync],
    [bind({ statement: 's', values: ['1'], resultFormats: [0, 1] }), sync],
    [bind({ statement: 's', values: ['1'], resultFormats: [7] }), execute(), sync],
    [parse('SELECT $1::text'), bind({ values: [Buffer.from([0xff])] }), sync],
    [parse('SELECT $1::text'), bind({ values: [Buffer.from('a\0b')] }), sync],
    [parse('SELECT $1::text'), bind({ formats: [1], values: [Buffer.from([0xc3, 0x28])] }), sync],
  ],
  [
    'text and binary mixed',
    [
      parse('SELECT $1::int + $2::int, $3::text, $1::int'),
      bind({ formats: [0, 1, 0], values: ['1', Buffer.from([0, 0, 0, 2]), 'é'], resultFormats: [1, 0, 1] }),
      describePortal(),
      execute(),
      sync,
    ],
    [
      parse('SELECT $1::bool, $2::bool', 's'),
      bind({ statement: 's', formats: [1], values: [Buffer.from([1]), Buffer.from([0])], resultFormats: [1] }),
      describePortal(),
      execute(),
      sync,
    ],
  ],
  [
    'a change with RETURNING and a row limit',
    [query('BEGIN')],
    [parse('INSERT INTO log SELECT n FROM generate_series(1, 5) n RETURNING n'), bind({ portal: 'p' }), execute('p', 2), sync],
    [prepared('SELECT count(*) FROM log'), sync],
    [execute('p', 2), execute('p', 2), execute('p', 2), sync],
    [query('ROLLBACK')],
  ],
  [
    'executing a finished change again',
    [parse('INSERT INTO log VALUES (1)'), bind(), execute(), execute(), sync],
    [query('SELECT * FROM log')],
  ],
  [
    'a statement whose table changed',
    [query('CREATE TABLE shape (a int)')],
    [parse('SELECT * FROM shape', 's'), describeStatement('s'), bind({ statement: 's' }), execute(), sync],
    [query('ALTER TABLE shape ADD COLUMN b int')],
    [bind({ statement: 's' }), execute(), sync],
    [query('DROP TABLE shape')],
    [bind({ statement: 's' }), execute(), sync],
  ],
  ['row locks and NULL parameters', [prepared('SELECT $1::int, $2::text', { values: [null, null] }), sync]],
  ['many columns and a long value', [prepared(`SELECT ${Array.from({ length: 300 }, (_, i) => i).join(', ')}, repeat('é', 5000)`), sync]],
  ['a utility statement runs once a portal', [parse('SET application_name = y'), bind(), execute(), execute(), sync]],
  ['EXPLAIN takes parameters', [parse('EXPLAIN (COSTS OFF) SELECT $1::int', 's'), describeStatement('s'), sync]],
];

const simple: readonly Case[] = [
  ['several results', [query("SELECT 1 AS a; SELECT 'x' AS b, NULL AS c; SELECT n FROM generate_series(1, 3) n")]],
  ['empty queries', [query('')], [query(';')], [query(' ; ; ')], [query('-- nothing')], [query('SELECT 1;;')]],
  [
    'a failure rolls back the statements before it',
    [
      query(
        'INSERT INTO log VALUES (1); INSERT INTO log VALUES (2); SELECT (n || chr(120))::int FROM generate_series(1, 1) n; INSERT INTO log VALUES (3)',
      ),
    ],
    [query('SELECT count(*) FROM log')],
  ],
  ['a syntax error runs nothing', [query('INSERT INTO log VALUES (1); SELEC 2')], [query('SELECT count(*) FROM log')]],
  [
    'BEGIN inside',
    [query('INSERT INTO log VALUES (1); BEGIN; INSERT INTO log VALUES (2)')],
    [query('SELECT count(*) FROM log')],
    [query('ROLLBACK')],
    [query('SELECT count(*) FROM log')],
  ],
  [
    'COMMIT inside',
    [query('INSERT INTO log VALUES (1); COMMIT; INSERT INTO log VALUES (2); SELECT (n || chr(120))::int FROM generate_series(1, 1) n')],
    [query('SELECT n FROM log')],
    [query('DELETE FROM log')],
  ],
  [
    'BEGIN and COMMIT inside',
    [query('BEGIN; INSERT INTO log VALUES (1); COMMIT; BEGIN; INSERT INTO log VALUES (2); ROLLBACK; INSERT INTO log VALUES (3)')],
    [query('SELECT n FROM log ORDER BY n')],
    [query('DELETE FROM log')],
  ],
  ['ROLLBACK inside', [query('INSERT INTO log VALUES (1); ROLLBACK; SELECT count(*) FROM log')]],
  [
    'a block opened before',
    [query('BEGIN')],
    [query('INSERT INTO log VALUES (1); SELECT (n || chr(120))::int FROM generate_series(1, 1) n')],
    [query('SELECT 1')],
    [query('COMMIT')],
    [query('SELECT count(*) FROM log')],
  ],
  [
    'a failed block ends within a query',
    [query('BEGIN; SELECT (n || chr(120))::int FROM generate_series(1, 1) n; SELECT 2')],
    [query('SELECT 1; ROLLBACK')],
    [query('ROLLBACK; SELECT 1')],
  ],
  [
    'warnings',
    [query('COMMIT')],
    [query('ROLLBACK')],
    [query('BEGIN; BEGIN')],
    [query('COMMIT')],
    [query('SET LOCAL application_name = x')],
  ],
  [
    'notices',
    [query('DROP TABLE IF EXISTS nowhere')],
    [query('CREATE TABLE IF NOT EXISTS log (n int)')],
    [query('CREATE SCHEMA IF NOT EXISTS public')],
  ],
  [
    'notices not asked for',
    [query("SET client_min_messages = 'warning'")],
    [query('DROP TABLE IF EXISTS nowhere')],
    [query('COMMIT')],
    [query("SET client_min_messages = 'error'")],
    [query('COMMIT')],
  ],
  [
    'parameters that change',
    [query("SET application_name = 'me'")],
    [query("SET DateStyle = 'SQL, DMY'")],
    [query("SET TIME ZONE 'Europe/Berlin'; SET IntervalStyle = 'iso_8601'")],
    [query("BEGIN; SET application_name = 'inner'")],
    [query('ROLLBACK')],
    [query("BEGIN; SET LOCAL application_name = 'local'")],
    [query('COMMIT')],
    [query('RESET application_name')],
    [query("SET application_name = 'a'; SET application_name = 'b'")],
    [query("SET client_encoding = 'UTF8'")],
    [query('SET standard_conforming_strings = off')],
  ],
  [
    'parameters in the extended protocol',
    [prepared("SET application_name = 'me'"), prepared('SELECT 1'), sync],
    [prepared("SET TimeZone = 'UTC'"), sync],
  ],
  [
    'command tags',
    [query('SELECT')],
    [query('VALUES (1), (2)')],
    [query('INSERT INTO log VALUES (1), (2)')],
    [query('UPDATE log SET n = 3')],
    [query('DELETE FROM log')],
    [query('CREATE TABLE tag (n int)')],
    [query('CREATE INDEX ON tag (n)')],
    [query('ALTER TABLE tag ADD COLUMN m int')],
    [query('DROP TABLE tag')],
    [query('SET application_name = x')],
    [query('RESET ALL')],
    [query('SHOW server_encoding')],
    [query('BEGIN')],
    [query('END')],
    [query('START TRANSACTION')],
    [query('ABORT')],
    [query('EXPLAIN (COSTS OFF) SELECT 1')],
  ],
  [
    'PREPARE and EXECUTE',
    [query('PREPARE p AS SELECT $1::int + 1')],
    [query('EXECUTE p(1)')],
    [bind({ statement: 'p', values: ['2'] }), execute(), sync],
    [query('DEALLOCATE p')],
    [query('EXECUTE p(1)')],
    [query('DEALLOCATE ALL')],
  ],
  [
    'savepoints',
    [query('BEGIN; SAVEPOINT a; SELECT (n || chr(120))::int FROM generate_series(1, 1) n')],
    [query('ROLLBACK TO a')],
    [query('SELECT 1; RELEASE a; COMMIT')],
  ],
];

const copy: readonly Case[] = [
  [
    'out',
    [query('COPY item TO STDOUT')],
    [query('COPY item (id, name) TO STDOUT CSV HEADER')],
    [query("COPY (SELECT n, 'x' FROM generate_series(1, 2) n) TO STDOUT")],
    [query('COPY log TO STDOUT')],
  ],
  ['out, in the extended protocol', [parse('COPY item (id) TO STDOUT'), describeStatement(), bind(), describePortal(), execute(), sync]],
  ['out among other statements', [query('SELECT 1; COPY item (id) TO STDOUT; SELECT 2')]],
  ['out that fails', [query('COPY (SELECT (n || chr(120))::int FROM generate_series(1, 5) n) TO STDOUT'), query('SELECT 1')]],
  [
    'out in binary format',
    [query('COPY item TO STDOUT BINARY')],
    [query('COPY log TO STDOUT (FORMAT binary)')],
    [
      query(
        "COPY (SELECT n, n::float8, n % 2 = 0, NULL::int, 'é', DATE '2024-02-29', ARRAY[n], 1.50 FROM generate_series(1, 3) n) TO STDOUT BINARY",
      ),
    ],
    [query("COPY item TO STDOUT (FORMAT binary, DELIMITER ',')")],
    [query("COPY item TO STDOUT (FORMAT binary, NULL '')")],
    [query('COPY item TO STDOUT (FORMAT binary, HEADER)')],
    [query('COPY item TO STDOUT (FORMAT binary, HEADER match)')],
    [query("COPY item TO STDOUT (FORMAT binary, QUOTE 'x')")],
  ],
  [
    'in what cannot be',
    [query('COPY nowhere FROM STDIN')],
    [query('COPY log (x) FROM STDIN')],
    [query('COPY log FROM STDIN (FORMAT xml)')],
    [query("COPY log FROM STDIN (DELIMITER 'ab')")],
  ],
];

describe.each([
  ['extended protocol', extended],
  ['simple protocol', simple],
  ['COPY', copy],
])('%s', (_, cases) => {
  it.each(cases.map(([name, ...bursts]) => ({ name, bursts })))('$name', async ({ bursts }) => {
    const { ours, theirs } = await both.connect();
    for (const burst of bursts) {
      const expected = await theirs.talk(...burst);
      expect(comparable(await ours.talk(...burst))).toEqual(expected);
    }
    ours.close();
    theirs.close();
  });
});

const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value)]);
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const binaryHeader = Buffer.concat([signature, int32(0), int32(0)]);
const trailer = int16(-1);
const binaryRow = (...values: readonly (string | Uint8Array | null)[]): Buffer =>
  Buffer.concat([
    int16(values.length),
    ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)])),
  ]);
const binaryLog = (...parts: readonly Uint8Array[]): readonly Uint8Array[] => [
  query('COPY log FROM STDIN BINARY'),
  copyData(Buffer.concat(parts)),
  copyDone,
];
const oneRow = binaryRow(int32(7));

/** COPY FROM STDIN: the data follow the statement; ReadyForQuery comes once for all. */
const copyIn: readonly (readonly [name: string, ...messages: readonly Uint8Array[]])[] = [
  ['rows', query('COPY log FROM STDIN'), copyData('1\n2\n'), copyData('3'), copyData('0\n'), copyDone],
  ['no rows', query('COPY log FROM STDIN'), copyDone],
  ['a row cut at every byte', query('COPY log FROM STDIN'), ...[...'12\n\\N\n7\n'].map((byte) => copyData(byte)), copyDone],
  ['the end marker', query('COPY log FROM STDIN'), copyData('1\n\\.\n'), copyDone],
  ['CopyFail', query('COPY log FROM STDIN'), copyData('1\n'), copyFail('no more')],
  ['a bad value', query('COPY log FROM STDIN'), copyData('1\nx\n3\n'), copyData('4\n'), copyDone],
  ['too many columns', query('COPY log FROM STDIN'), copyData('1\t2\n'), copyDone],
  ['too few columns', query('COPY item FROM STDIN'), copyData('9\n'), copyDone],
  ['a null where none may be', query('COPY item (id, name) FROM STDIN'), copyData('9\t\\N\n'), copyDone],
  ['a check that fails', query('COPY item (id, name, price) FROM STDIN'), copyData('9\tn\t-1\n'), copyDone],
  ['a key twice', query('COPY item (id, name) FROM STDIN'), copyData('1\tn\n'), copyDone],
  ['a value too long', query('COPY item (id, name, code) FROM STDIN CSV'), copyData('9,n,abcdefg\n'), copyDone],
  ['bytes that are not UTF-8', query('COPY item (id, name) FROM STDIN'), copyData(Buffer.from([0x39, 0x09, 0xff, 0x0a])), copyDone],
  ['Flush and Sync within the data', query('COPY log FROM STDIN'), copyData('1\n'), flush, sync, copyData('2\n'), copyDone],
  ['another message within the data', query('COPY log FROM STDIN'), copyData('1\n'), query('SELECT 1')],
  ['a query with more statements', query('COPY log FROM STDIN; SELECT count(*) FROM log; SELECT 1'), copyData('1\n'), copyDone],
  [
    'a failure after the data',
    query('COPY log FROM STDIN; SELECT (n || chr(120))::int FROM generate_series(1, 1) n'),
    copyData('1\n'),
    copyDone,
  ],
  ['two COPYs in one query', query('COPY log FROM STDIN; COPY log FROM STDIN'), copyData('1\n'), copyDone, copyData('2\n'), copyDone],
  ['the extended protocol', parse('COPY log FROM STDIN'), bind(), describePortal(), execute(), copyData('1\n'), copyDone, sync],
  [
    'the extended protocol with Sync before the data',
    parse('COPY log FROM STDIN'),
    bind(),
    execute(),
    sync,
    copyData('1\n'),
    copyDone,
    sync,
  ],
  ['an error in the extended protocol', parse('COPY log FROM STDIN'), bind(), execute(), copyData('x\n'), copyData('1\n'), copyDone, sync],
  ['binary rows', ...binaryLog(binaryHeader, oneRow, binaryRow(null), binaryRow(int32(-5)), trailer)],
  ['binary without a trailer', ...binaryLog(binaryHeader, oneRow)],
  [
    'binary cut at every byte',
    query('COPY log FROM STDIN BINARY'),
    ...[...Buffer.concat([signature, int32(1), int32(3), Buffer.from('abc'), oneRow, oneRow, binaryRow(null), trailer])].map((byte) =>
      copyData(Buffer.from([byte])),
    ),
    copyDone,
  ],
  [
    'binary text',
    query('COPY item (id, name) FROM STDIN BINARY'),
    copyData(Buffer.concat([binaryHeader, binaryRow(int32(9), 'é')])),
    copyDone,
  ],
  [
    'binary, a value too long',
    query('COPY item (id, name, code) FROM STDIN BINARY'),
    copyData(Buffer.concat([binaryHeader, binaryRow(int32(9), 'n', 'abcdefg')])),
    copyDone,
  ],
  [
    'binary, bytes that are not UTF-8',
    query('COPY item (id, name) FROM STDIN BINARY'),
    copyData(Buffer.concat([binaryHeader, binaryRow(int32(8), 'n'), binaryRow(int32(9), Buffer.from([0xff]))])),
    copyDone,
  ],
  ['binary, data after the trailer', ...binaryLog(binaryHeader, oneRow, trailer, trailer)],
  ['binary, with oids', ...binaryLog(signature, int32(65536), int32(0), trailer)],
  ['binary, unknown flags', ...binaryLog(signature, int32(131072), int32(0), trailer)],
  ['binary, a cut extension', ...binaryLog(signature, int32(0), int32(30), Buffer.from('abc'))],
  ['binary, a negative extension', ...binaryLog(signature, int32(0), int32(-3))],
  ['binary, no extension', ...binaryLog(signature, int32(0))],
  ['binary, no flags', ...binaryLog(signature)],
  ['binary, text instead', ...binaryLog(Buffer.from('1\n'))],
  ['binary, no data', query('COPY log FROM STDIN BINARY'), copyDone],
  ['binary, too many fields', ...binaryLog(binaryHeader, oneRow, binaryRow(int32(1), int32(2)))],
  ['binary, a count that cannot be', ...binaryLog(binaryHeader, int16(-2))],
  ['binary, half a count', ...binaryLog(binaryHeader, oneRow, Buffer.from([0]))],
  ['binary, a cut size', ...binaryLog(binaryHeader, int16(1), Buffer.from([0]))],
  ['binary, a cut value', ...binaryLog(binaryHeader, oneRow, int16(1), int32(4), Buffer.from([0]))],
  ['binary, a negative size', ...binaryLog(binaryHeader, int16(1), int32(-7))],
  ['binary, a value too short', ...binaryLog(binaryHeader, binaryRow(int16(4)))],
  ['binary, a value of more bytes', ...binaryLog(binaryHeader, oneRow, binaryRow(Buffer.alloc(8)))],
  ['binary, CopyFail', query('COPY log FROM STDIN BINARY'), copyData(Buffer.concat([binaryHeader, oneRow])), copyFail('no more')],
  ['data without a COPY', copyData('1\n'), copyDone, copyFail('x'), query('SELECT 1')],
];

/** A row that a constraint refuses is known by its batch alone: the line of the data is not told. */
const withoutLine = (line: string): string => line.replace(/ W=(COPY \w+)(, line \d+(: ".*")?)?(?= s=)/, ' W=$1');

describe('COPY FROM STDIN', () => {
  it.each(copyIn.map(([name, ...messages]) => ({ name, messages })))('$name', async ({ messages }) => {
    const { ours, theirs } = await both.connect();
    const run = async (client: typeof ours): Promise<string[]> => {
      const lines: string[] = [];
      client.send(query('BEGIN'));
      lines.push(...(await client.until('Z')).map(show));
      client.send(...messages);
      lines.push(...(await client.until('Z')).map(show));
      lines.push(...(await client.talk(query('SELECT n FROM log ORDER BY n'), query('ROLLBACK'), query('SELECT 1'))));
      client.close();
      return lines;
    };
    const expected = await run(theirs);
    expect(comparable(await run(ours)).map(withoutLine)).toEqual(expected.map(withoutLine));
  });
});

describe('start-up', () => {
  it('tells the parameters that PostgreSQL tells', async () => {
    const { ours, theirs } = await both.connect({ application_name: 'wire', client_encoding: 'UTF8' });
    expect([...ours.parameters.keys()].sort()).toEqual([...theirs.parameters.keys()].sort());
    const same = (parameters: ReadonlyMap<string, string>) => {
      const values = new Map(parameters);
      for (const name of ['server_version', 'is_superuser']) values.delete(name);
      return Object.fromEntries(values);
    };
    expect(same(ours.parameters)).toEqual(same(theirs.parameters));
    expect(ours.parameters.get('server_version')).toMatch(/^16\./);
    ours.close();
    theirs.close();
  });

  it('sends nothing before Flush or Sync is asked for, and all then', async () => {
    const { ours } = await both.connect();
    ours.send(parse('SELECT 1'), bind(), describePortal(), execute(), flush);
    expect((await ours.until('C')).map(show)).toEqual([
      'ParseComplete',
      'BindComplete',
      'Fields ?column?:0 23 4 -1 0',
      'Row 1',
      'Complete SELECT 1',
    ]);
    expect(await ours.talk(sync)).toEqual(['Ready I']);
    ours.close();
  });
});
