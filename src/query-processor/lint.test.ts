import { beforeAll, expect, it } from 'vitest';
import { lintScript, loadParser } from './lint.ts';

beforeAll(loadParser);

const lines = (script: string): string[] =>
  lintScript(script).map(({ line, column, rule, sqlstate }) => `${line}:${column} ${sqlstate} ${rule}`);

it('tells place and rule of each statement that DSQL refuses', () => {
  expect(
    lines(`CREATE TABLE é (
  id serial PRIMARY KEY,
  tags text[]
);
SELECT 1; TRUNCATE é;
`),
  ).toEqual(['2:6 42704 serial-type', '3:8 0A000 column-type', '5:11 0A000 truncate']);
});

it('goes on after what it cannot read', () => {
  expect(lines('SELECT 1;\nSELEC 2;\nVACUUM;\n')).toEqual(['2:1 42601 syntax', '3:1 0A000 vacuum']);
});

it("leaves out psql's commands and the data of COPY", () => {
  expect(lines("\\set x 1\nCOPY t FROM STDIN;\nit's\t;\n\\.\nLISTEN a;\n")).toEqual(['5:1 0A000 listen']);
});

it('sees DDL and row changes in one block', () => {
  const script = `
CREATE TABLE a (x int);
CREATE TABLE b (x int);
BEGIN;
CREATE TABLE c (x int);
INSERT INTO c VALUES (1);
COMMIT;
BEGIN; CREATE TABLE d (x int); CREATE INDEX ASYNC ON d (x); ROLLBACK;
INSERT INTO a VALUES (1);
`;
  expect(lines(script)).toEqual(['6:1 0A000 ddl-and-dml', '8:32 0A000 multiple-ddl']);
});

it('finds nothing in what DSQL takes', () => {
  expect(lines('CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), v numeric(10, 2));\n')).toEqual([]);
});
