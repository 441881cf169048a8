/** `npm run bench`: prepares, compiles bench/ and runs it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.mjs';

prepare();
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
const compiled = node('node_modules/typescript/bin/tsc', '-p', 'bench');
process.exit(compiled || node('node_modules/.cache/bench/run.js', ...process.argv.slice(2)));
