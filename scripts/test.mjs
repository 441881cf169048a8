/** `npm test`: prepares, checks style and types, then runs the suite. Arguments go to Vitest: `npm test -- src/storage`. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.mjs';

prepare();
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const selected = process.argv.slice(2);
const bin = (name) => path.join(root, 'node_modules', name);
const steps =
  selected.length > 0
    ? []
    : [
        ['lint and format', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings']],
        ['types of tests and scripts', [bin('typescript/bin/tsc'), '-p', path.join(root, 'tsconfig.check.json')]],
        ['types of the console', [bin('typescript/bin/tsc'), '-p', path.join(root, 'console')]],
      ];
steps.push(['tests', [bin('vitest/vitest.mjs'), 'run', ...selected]]);
for (const [name, args] of steps) {
  console.log(`\n— ${name}`);
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) {
    console.error(`\n${name}: failed`);
    process.exit(done.status ?? 1);
  }
}
