import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true }).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

it.each(documents)('%s names files that exist', (name) => {
  const text = readFileSync(path.join(root, name), 'utf8');
  const named = [...text.matchAll(/`((?:src|test|scripts|bench|docs)\/[\w./-]+)`/g)].map(([, file]) => file);
  const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, file]) => path.join(path.dirname(name), file));
  expect([...named, ...linked].filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});
