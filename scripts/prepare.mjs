/**
 * Installs and builds what is missing or out of date, so that `npm start` and `npm test` work on a fresh clone.
 * Plain JavaScript without imports from packages: it runs before there are any.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => path.join(root, ...parts);
const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Borealis needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}

function run(command, args, onFailure = () => {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status !== 0) {
    onFailure();
    console.error(`${command} ${args.join(' ')} failed${done.error ? `: ${done.error.message}` : ''}`);
    process.exit(1);
  }
}

/** npm writes node_modules/.package-lock.json at the end of an install. */
function install() {
  const installed = at('node_modules', '.package-lock.json');
  if (modified(installed) >= modified(at('package-lock.json')) && modified(installed) > 0) return;
  console.log('installing packages …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
  utimesSync(installed, new Date(), new Date());
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(file) : statSync(file).mtimeMs);
  }
  return Math.max(latest, statSync(folder).mtimeMs);
}

function build() {
  const stamp = at('dist', '.built');
  if (modified(stamp) > Math.max(newest(at('src')), modified(at('tsconfig.json')), modified(at('package-lock.json')))) return;
  console.log('building …');
  // Beside the old build and then in its place: files whose source is gone do not stay behind, and nobody meets half a build.
  const fresh = at(`dist.${process.pid}`);
  const old = at(`dist.${process.pid}.old`);
  run(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', root, '--outDir', fresh], () =>
    rmSync(fresh, { recursive: true, force: true }),
  );
  writeFileSync(path.join(fresh, '.built'), '');
  // The console is built by itself, when it has changed.
  if (existsSync(at('dist', 'console'))) renameSync(at('dist', 'console'), path.join(fresh, 'console'));
  if (existsSync(at('dist'))) renameSync(at('dist'), old);
  renameSync(fresh, at('dist'));
  rmSync(old, { recursive: true, force: true });
}

/** The web console, into dist/console: made beside the old one and then in its place, as above. */
function buildConsole() {
  const stamp = at('dist', 'console', '.built');
  if (modified(stamp) > Math.max(newest(at('console')), modified(at('package-lock.json')))) return;
  console.log('building the console …');
  const fresh = at(`dist.${process.pid}.console`);
  const old = at(`dist.${process.pid}.console.old`);
  run(process.execPath, [at('node_modules', 'vite', 'bin', 'vite.js'), 'build', 'console', '--outDir', fresh], () =>
    rmSync(fresh, { recursive: true, force: true }),
  );
  writeFileSync(path.join(fresh, '.built'), '');
  if (existsSync(at('dist', 'console'))) renameSync(at('dist', 'console'), old);
  renameSync(fresh, at('dist', 'console'));
  rmSync(old, { recursive: true, force: true });
}

/** `npx borealis` inside the clone. npm makes no such link for the package itself. */
function link() {
  const command = at('node_modules', '.bin', 'borealis');
  try {
    lstatSync(command);
  } catch {
    symlinkSync('../../bin/borealis.mjs', command);
  }
}

export function prepare() {
  install();
  build();
  buildConsole();
  link();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare();
