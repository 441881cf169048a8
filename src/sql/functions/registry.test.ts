import { describe, expect, it } from 'vitest';
import { procsByName } from '../builtins.ts';
import type { PgProc } from '../postgres/pg-proc.ts';
import { chapters } from './chapters.ts';
import { signatureOf } from './signature.ts';

const nameOf = (signature: string): string => signature.slice(0, signature.indexOf('('));

/** Which kind an implementation of a catalog row must be. */
function kindOf(proc: PgProc): string {
  if (proc.kind === 'a') return 'aggregate';
  if (proc.kind === 'w') return 'window';
  return proc.returnsSet ? 'set' : 'scalar';
}

describe('F1 every key names one function of the catalog, of the right kind', () => {
  it.each(Object.entries(chapters))('%s', (_, chapter) => {
    const wrong: string[] = [];
    for (const [signature, implementation] of Object.entries(chapter)) {
      const procs = procsByName(nameOf(signature)).filter((proc) => signatureOf(proc) === signature);
      // rank(any) and the like are an aggregate and a window function of different signatures; no two rows share one.
      if (procs.length !== 1) wrong.push(`${signature}: ${procs.length} rows`);
      else if (kindOf(procs[0]) !== implementation.kind) wrong.push(`${signature}: ${implementation.kind}, not ${kindOf(procs[0])}`);
    }
    expect(wrong).toEqual([]);
  });
});

it('F2 no key stands in two chapters', () => {
  const seen = new Map<string, string>();
  const twice: string[] = [];
  for (const [name, chapter] of Object.entries(chapters))
    for (const key of Object.keys(chapter)) {
      const other = seen.get(key);
      if (other !== undefined) twice.push(`${key}: ${other} and ${name}`);
      seen.set(key, name);
    }
  expect(twice).toEqual([]);
});
