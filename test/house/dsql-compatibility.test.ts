import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { rules } from '#query-processor/dialect/check-statement.ts';
import { compatibilityDocument } from '#query-processor/dialect/compatibility-document.ts';

const file = path.join(import.meta.dirname, '../../docs/dsql-compatibility.md');

it('docs/dsql-compatibility.md is what the rules print (UPDATE=1 writes it)', () => {
  const printed = compatibilityDocument();
  if (process.env.UPDATE === '1') writeFileSync(file, printed);
  expect(readFileSync(file, 'utf8')).toBe(printed);
});

it('every rule has a name of its own', () => {
  const names = rules.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
