/** A real deployment in a process of its own, as a user starts it: what end-to-end tests talk to. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

const root = path.join(import.meta.dirname, '..');
const command = path.join(root, 'bin/borealis.mjs');

/** Where the sample data of the story lies: beside the clone, or in test/data when a clone stands alone. */
export const sampleData = path.join(root, 'test/data');

export const hasPsql = spawnSync('psql', ['--version']).status === 0;
if (!hasPsql) console.warn('psql is not installed: the tests that need it are left out (Debian: apt-get install postgresql-client)');

export class Deployment {
  readonly dataDir: string;
  readonly args: readonly string[];
  #process: ChildProcess | undefined;
  #output = '';
  #errors = '';
  readonly #configs = new Map<string, pg.ClientConfig>();

  constructor(args: readonly string[] = [], dataDir = mkdtempSync(path.join(tmpdir(), 'borealis-test-'))) {
    this.args = args;
    this.dataDir = dataDir;
  }

  static async start(args: readonly string[] = []): Promise<Deployment> {
    const deployment = new Deployment(args);
    await deployment.start();
    return deployment;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('not running');
    return pid;
  }

  get errors(): string {
    return this.#errors;
  }

  /** Starts the process and waits for its line; milliseconds from start to ready. */
  async start(): Promise<number> {
    const startedMs = performance.now();
    this.#output = '';
    const child = spawn(
      process.execPath,
      [command, 'start', '--data-dir', this.dataDir, '--port', '0', '--http-port', '0', '--log-level', 'warn', ...this.args],
      {
        cwd: tmpdir(),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#process = child;
    child.stderr.on('data', (data) => {
      this.#errors += data;
      if (process.env.BOREALIS_TEST_LOG) process.stderr.write(data);
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        this.#output += data;
        if (/^borealis is ready$/m.test(this.#output)) resolve();
      });
      child.once('exit', (code, signal) => reject(new Error(`ended before it was ready (${code ?? signal}): ${this.#errors}`)));
    });
    return performance.now() - startedMs;
  }

  /** SIGTERM; the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<number | null> {
    return this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (child === undefined) return null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** Stops and removes the data directory. */
  async remove(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Runs a borealis command on this deployment. */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [command, args[0], '--data-dir', this.dataDir, ...args.slice(1)], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  get description(): {
    readonly httpPort: number;
    readonly regions: readonly { readonly name: string; readonly port: number }[];
    readonly clusters: readonly { readonly id: string }[];
  } {
    return JSON.parse(readFileSync(path.join(this.dataDir, 'deployment.json'), 'utf8'));
  }

  /** The variables that `borealis env` exports. */
  async environment(region?: string, cluster?: string): Promise<Record<string, string>> {
    const chosen = [...(region === undefined ? [] : ['--region', region]), ...(cluster === undefined ? [] : ['--cluster', cluster])];
    const text = await this.run('env', ...chosen);
    return Object.fromEntries([...text.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
  }

  /** Settings for node-postgres, verified against the deployment's own authority. */
  async clientConfig(region?: string, cluster?: string): Promise<pg.ClientConfig> {
    const variables = await this.environment(region, cluster);
    return {
      host: variables.PGHOSTADDR ?? variables.PGHOST,
      port: Number(variables.PGPORT),
      user: variables.PGUSER,
      password: variables.PGPASSWORD,
      database: variables.PGDATABASE,
      ...(variables.PGOPTIONS === undefined ? {} : { options: variables.PGOPTIONS }),
      ssl: {
        ca: readFileSync(path.join(this.dataDir, 'tls/ca.crt'), 'utf8'),
        ...(cluster === undefined ? {} : { servername: variables.PGHOST }),
      },
    };
  }

  /** Without a cluster the default one. */
  async connect(region?: string, cluster?: string): Promise<pg.Client> {
    const client = new pg.Client(await this.clientConfig(region, cluster));
    client.on('error', () => {}); // A killed server ends its clients: the tests see it at their next query.
    await client.connect();
    return client;
  }

  /** Made once for a role: a token is good for some minutes, and a command takes a second. */
  async #configOf(role: string): Promise<pg.ClientConfig> {
    const known = this.#configs.get(role);
    if (known !== undefined) return known;
    const [config, token] = await Promise.all([this.clientConfig(), this.run('token', '--user', role)]);
    const made = { ...config, user: role, password: token.trim() };
    this.#configs.set(role, made);
    return made;
  }

  /** A session of a role, which is granted to the root identity for the moment. `admin` is a session of admin's. */
  async connectAs(role: string, admin: pg.Client): Promise<pg.Client> {
    const { rows } = await admin.query('SELECT sys.iam_session_user() AS arn');
    await admin.query(`AWS IAM GRANT ${role} TO '${rows[0].arn}'`);
    try {
      const config = await this.#configOf(role);
      const client = new pg.Client(config);
      client.on('error', () => {});
      await client.connect();
      return client;
    } finally {
      await admin.query(`AWS IAM REVOKE ${role} FROM '${rows[0].arn}'`);
    }
  }

  /** Runs psql with a script on standard input; what it printed. Rejects when psql fails (ON_ERROR_STOP). */
  async psql(script: string, region?: string, ...args: readonly string[]): Promise<string> {
    const variables = await this.environment(region);
    return new Promise((resolve, reject) => {
      const child = spawn('psql', ['-X', '-v', 'ON_ERROR_STOP=1', ...args], { env: { ...process.env, ...variables }, cwd: sampleData });
      let output = '';
      let errors = '';
      child.stdout.on('data', (data) => (output += data));
      child.stderr.on('data', (data) => (errors += data));
      child.on('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(`psql: ${errors}${output}`))));
      child.stdin.end(script);
    });
  }
}

if (!existsSync(path.join(root, 'dist/cli/borealis.js'))) throw new Error('not built: run `npm run build` first');
