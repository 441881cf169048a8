import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { findings } from '../../scripts/rooms.ts';

it('imports follow the arrows, and nothing reaches past the world', () => {
  expect(findings(path.join(import.meta.dirname, '../../src'))).toEqual([]);
});

it('finds what it is for', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'rooms-'));
  mkdirSync(path.join(root, 'storage'));
  mkdirSync(path.join(root, 'drawer'));
  writeFileSync(
    path.join(root, 'storage/a.ts'),
    "import type { Session } from '#query-processor/query-processor.ts';\nexport const t = Date.now();\n",
  );
  writeFileSync(path.join(root, 'drawer/b.ts'), 'export const b = 1;\n');
  expect(findings(root)).toEqual([
    'drawer/b.ts: drawer is not a room; add it to scripts/rooms.ts with its arrows',
    'storage/a.ts: storage may not import query-processor',
    'storage/a.ts: Date.now( is banned: use world.clock',
  ]);
  rmSync(root, { recursive: true });
});
