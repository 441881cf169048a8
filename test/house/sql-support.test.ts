import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { supportDocument } from '#sql/support/support-document.ts';

const file = path.join(import.meta.dirname, '../../docs/sql-support.md');

it('docs/sql-support.md is what the signature table prints, with a reason for all that is absent (UPDATE=1 writes it)', () => {
  const printed = supportDocument();
  if (process.env.UPDATE === '1') writeFileSync(file, printed);
  expect(readFileSync(file, 'utf8')).toBe(printed);
});
