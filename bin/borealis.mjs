#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../dist/cli/borealis.js', import.meta.url);
if (!existsSync(built)) {
  console.error('Borealis is not built yet: run `npm start` or `npm run build` in its folder first.');
  process.exit(1);
}
await import(built.href);
