/**
 * What statements become. `testdata/bound-trees.txt` holds a statement, a line of ----, its tree, and an empty line between two;
 * UPDATE_TREES=1 writes the trees anew, to be read before they are kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { loadParser, parse } from '../parser/parse.ts';
import { analyzeQuery } from './analyze.ts';
import { makeEnvironment, standardCatalog } from './testing/catalog-fixture.ts';
import { printQuery } from './testing/print-plan.ts';

beforeAll(loadParser);

const file = new URL('./testdata/bound-trees.txt', import.meta.url);

it('binds statements to these trees', () => {
  const catalog = standardCatalog();
  const cases = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n\n')
    .map((block) => block.split('\n----\n'));
  const actual = cases.map(([sql]) => [sql, printQuery(analyzeQuery(parse(sql)[0], makeEnvironment(catalog, sql)))]);
  if (process.env.UPDATE_TREES === '1') writeFileSync(file, `${actual.map((pair) => pair.join('\n----\n')).join('\n\n')}\n`);
  else expect(actual).toEqual(cases);
});
