import { beforeAll, describe, expect, it } from 'vitest';
import { loadParser, parse } from '../parser/parse.ts';
import { checkStatement, type DialectSettings, violationsOf } from './check-statement.ts';

beforeAll(loadParser);

const check = (text: string, settings: Partial<DialectSettings> = {}) =>
  checkStatement(parse(text)[0], { profile: 'dsql', allowsSyncIndex: false, ...settings });

const dsql = (text: string, settings: Partial<DialectSettings> = {}): string => {
  const { refusal } = check(text, settings);
  return refusal === undefined ? 'taken' : `${refusal.sqlstate} ${refusal.message}`;
};

const open = (text: string): string => {
  const { refusal, notice } = check(text, { profile: 'open' });
  if (refusal !== undefined) return `${refusal.sqlstate} ${refusal.message}`;
  return notice === undefined ? 'taken' : notice.message;
};

describe('profile dsql', () => {
  it.each([
    ['reindex table t', '0A000 unsupported statement: Reindex'],
    ['checkpoint', '0A000 unsupported statement: CheckPoint'],
    ['do $$begin end$$', '0A000 unsupported statement: Do'],
    ["load 'x'", '0A000 unsupported statement: Load'],
    ['declare c cursor for select 1', '0A000 unsupported statement: DeclareCursor'],
    ['fetch 1 from c', '0A000 unsupported statement: Fetch'],
    ['create text search configuration c (copy = simple)', '0A000 unsupported statement: Define'],
    ['alter text search configuration c drop mapping for word', '0A000 unsupported statement: AlterTSConfiguration'],
    ['create aggregate a (int) (sfunc = f, stype = int)', '0A000 unsupported statement: Define'],
    ['refresh materialized view m', '0A000 unsupported statement: RefreshMatView'],
    ['select 1 as a into t', '0A000 unsupported statement: CreateTableAs'],
    ['explain create table t as select 1', '0A000 unsupported statement: CreateTableAs'],
    ['drop materialized view m', '0A000 unsupported object in DROP statement'],
    ['drop extension if exists e', '0A000 unsupported object in DROP statement'],
    ['drop trigger if exists x on t', 'taken'],
    ['alter database postgres rename to other', '0A000 unsupported object in RENAME statement'],
    ['alter index i rename to j', 'taken'],
    ['alter domain d set not null', '0A000 unsupported ALTER DOMAIN SET NOT NULL statement'],
    ['alter domain d drop not null', 'taken'],
    ['create procedure p() language sql as $$ select 1 $$', '0A000 PROCEDURE is not supported'],
    ['create function f() returns int language c as $$ x $$', '0A000 CREATE FUNCTION with language c not supported'],
    ['create function f() returns int language sql return 1', 'taken'],
    ['analyze t', 'taken'],
    ['vacuum full analyze t', '0A000 unsupported VACUUM statement'],
    ['deallocate all', 'taken'],
    ['deallocate p', '0A000 unsupported statement: Deallocate'],
    ["aws iam grant r to 'arn:aws:iam::1:role/x'", 'taken'],
  ])('%s: %s', (text, answer) => {
    expect(dsql(text)).toBe(answer);
  });

  it.each([
    ['create table t (a money)', '0A000 datatype money not supported'],
    ['create table t (a int, b timestamptz[])', '0A000 datatype timestamp with time zone[] not supported'],
    ['create table t (a varchar(3)[][])', '0A000 datatype character varying[] not supported'],
    ['create table t (a char(3)[])', '0A000 datatype character[] not supported'],
    ['create table t (a "char")', '0A000 datatype "char" not supported'],
    ['create table t (a bit(3))', '0A000 datatype bit not supported'],
    ['create table t (a int4range)', '0A000 datatype int4range not supported'],
    ['create schema s create table t (a xml)', '0A000 datatype xml not supported'],
    ['create domain d as point', '0A000 datatype point not supported'],
    ['create table t (a nosuchtype)', 'taken'],
    ['create table t (a bigserial primary key)', '42704 type "bigserial" does not exist'],
    ['alter table t add column a serial', '42704 type "serial" does not exist'],
    ['alter table t add column a money', '0A000 datatype money not supported'],
    ['create table t (a char(4097))', '54000 Datatype limit greater than 4096 bytes not supported for char'],
    ['create table t (a varchar(65536))', '54000 Datatype limit greater than 65535 bytes not supported for varchar'],
    ['create table t (a varchar(65535), b numeric, c decimal(10, 2))', 'taken'],
    ['create table t (a int generated always as identity)', '0A000 datatype integer not supported, identity column type must be bigint'],
    ['create table t (a bigint generated always as identity (cache 65536))', 'taken'],
    [
      'create table t (a bigint generated always as identity (cache 2))',
      '0A000 identity column is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1',
    ],
    [
      'create sequence s',
      '0A000 CREATE SEQUENCE is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1',
    ],
    ['create table t (a jsonb primary key)', '0A000 datatype jsonb is not supported in a key'],
    ['create table t (a int, b interval, unique (a, b))', '0A000 datatype interval is not supported in a key'],
    ['create temp table t (a int)', '0A000 TEMPORARY or TEMP table not supported for CREATE TABLE'],
    ['create table t (a int) partition by range (a)', '0A000 PARTITION BY clause not supported for CREATE TABLE'],
    ['create table t partition of p default', '0A000 PARTITION OF clause not supported for CREATE TABLE'],
  ])('%s: %s', (text, answer) => {
    expect(dsql(text)).toBe(answer);
  });

  it.each([
    ['alter table t alter a type text', 'unsupported ALTER TABLE ALTER COLUMN ... SET DATA TYPE statement'],
    ['alter table t alter a set not null', 'unsupported ALTER TABLE ALTER COLUMN ... SET NOT NULL statement'],
    ['alter table t enable row level security', 'unsupported ALTER TABLE ENABLE ROW SECURITY statement'],
    ['alter table t no force row level security', 'unsupported ALTER TABLE NO FORCE ROW SECURITY statement'],
    ['alter table t replica identity full', 'unsupported ALTER TABLE REPLICA IDENTITY statement'],
    ['alter table t cluster on i', 'unsupported ALTER TABLE CLUSTER ON statement'],
    ['alter table t attach partition p default', 'unsupported ALTER TABLE ATTACH PARTITION statement'],
    ['alter table t set (fillfactor = 70)', 'unsupported ALTER TABLE SET statement'],
    ['alter table t add primary key (a)', 'unsupported ALTER TABLE ADD CONSTRAINT statement'],
    ['alter table t add check (a > 0)', 'unsupported ALTER TABLE ADD CONSTRAINT statement'],
    ['alter table t add column b int, add unique (b)', 'unsupported ALTER TABLE ADD CONSTRAINT statement'],
    ['alter table t add column b int default 1', 'ALTER TABLE ADD COLUMN with constraint not supported'],
    ['alter table t validate constraint c', 'unsupported ALTER TABLE VALIDATE CONSTRAINT statement'],
  ])('%s: %s', (text, answer) => {
    expect(dsql(text)).toBe(`0A000 ${answer}`);
  });

  it.each([
    'alter table t add check (a > 0) not valid',
    'alter table t add constraint u unique using index i',
    'alter table async t validate constraint c',
    'alter table t add column b text storage plain',
    'alter table t alter a drop not null, alter a set default 1',
    'alter table t enable trigger all',
  ])('takes %s', (text) => {
    expect(dsql(text)).toBe('taken');
  });

  it.each([
    ['create index i on t (a)', '0A000 unsupported mode. please use CREATE INDEX ASYNC.'],
    ['create index async i on t (a desc)', '0A000 specifying sort order not supported for index keys'],
    ['create index async i on t using btree (a)', '0A000 USING not supported for CREATE INDEX'],
    ['create index async on "using" (a)', 'taken'],
    ['create index async i on t (a text_pattern_ops)', '0A000 opclass not supported for index keys'],
    ['create index concurrently i on t (a)', '0A000 CONCURRENTLY not supported for CREATE INDEX'],
    ['create unique index async i on t (a nulls first, (lower(b))) include (c) nulls not distinct where a > 0', 'taken'],
  ])('%s: %s', (text, answer) => {
    expect(dsql(text)).toBe(answer);
  });

  it('takes an index without ASYNC where the session has asked for it', () => {
    expect(dsql('create index i on t (a)', { allowsSyncIndex: true })).toBe('taken');
    expect(dsql('create index i on t (a desc)', { allowsSyncIndex: true })).not.toBe('taken');
  });

  it.each([
    ['select * from t for share', '0A000 locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported'],
    ['select (select 1 from t for no key update)', '0A000 locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported'],
    ['with x as (select * from t tablesample bernoulli (1)) select * from x', '0A000 TABLESAMPLE clause not supported'],
    ["select 'point', t.path from t for update", 'taken'],
    ["insert into t select '(1,2)'::point", '0A000 datatype point not supported'],
    ["select pg_catalog.box('(1,2)', '(3,4)')", '0A000 datatype box not supported'],
    ["select '10.0.0.1'::inet, '{1}'::int[], int4range(1, 2)", 'taken'],
  ])('%s: %s', (text, answer) => {
    expect(dsql(text)).toBe(answer);
  });

  it.each([
    ['begin isolation level read committed', '0A000 Unsupported isolation level: READ COMMITTED'],
    ['start transaction isolation level repeatable read, read only', 'taken'],
    ['set transaction isolation level serializable', '0A000 Unsupported isolation level: SERIALIZABLE'],
    ['set transaction read only', '0A000 setting configuration parameter "TRANSACTION" not supported'],
    ['set session characteristics as transaction read only', '0A000 setting configuration parameter "TRANSACTION" not supported'],
    ["set statement_timeout = '1s'", '0A000 setting configuration parameter "statement_timeout" not supported'],
    ['set local my.own to 1', '0A000 setting configuration parameter "my.own" not supported'],
    ["set time zone 'UTC'", 'taken'],
    ["set names 'utf8'", 'taken'],
    ['set borealis.profile = open', 'taken'],
    ['release a', '0A000 unsupported transaction statement: RELEASE'],
    ['rollback to a', '0A000 unsupported transaction statement: ROLLBACK TO'],
    ['rollback', 'taken'],
  ])('%s: %s', (text, answer) => {
    expect(dsql(text)).toBe(answer);
  });
});

describe('profile open', () => {
  it.each([
    ['truncate t', 'not supported by Aurora DSQL: TRUNCATE'],
    ['create index i on t (a desc)', 'not supported by Aurora DSQL: sort order of index keys, CREATE INDEX without ASYNC'],
    ['create table t (a int[], b text[])', 'not supported by Aurora DSQL: array columns'],
    ['create table t (a polygon)', '0A000 datatype polygon not supported'],
    ['create extension x', '0A000 CREATE EXTENSION is not supported'],
    ['begin isolation level serializable', '0A000 Unsupported isolation level: SERIALIZABLE'],
    ['select 1', 'taken'],
    ['create table t (a bigint primary key, b text)', 'taken'],
  ])('%s: %s', (text, answer) => {
    expect(open(text)).toBe(answer);
  });
});

it('names the place of what is wrong', () => {
  const [statement] = parse('create table é (a int, b money)');
  const [{ finding }] = violationsOf(statement);
  expect(statement.positionOf(finding.location)).toBe(26);
});
