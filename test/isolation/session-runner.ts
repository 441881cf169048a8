/** Runs the cases of session scripts through real connections, and tells what went otherwise than written. */
import pg from 'pg';
import type { Deployment } from '../deployment.ts';
import { untilDone } from '../regions/clients.ts';
import { type Case, foretell, type Interleavings, merges, type Step } from './session-script.ts';

/** Where the sessions of a case are (session n at Region n, modulo), and how their statements are sent; `mixed` changes from one to the next. */
export type Placement = { readonly regions: readonly string[]; readonly protocol: 'simple' | 'extended' | 'mixed' };

const asText = { getTypeParser: () => (value: string) => value };

async function outcomeOf(client: pg.Client, sql: string, protocol: 'simple' | 'extended'): Promise<string> {
  try {
    const query = { text: sql, rowMode: 'array' as const, types: asText, queryMode: protocol };
    const result: pg.QueryArrayResult<(string | null)[]> = await client.query(query);
    if (result.fields.length > 0)
      return result.rows.length === 0 ? 'no rows' : result.rows.map((row) => row.map((value) => value ?? 'NULL').join('|')).join('; ');
    return result.rowCount === null ? result.command : `${result.command} ${result.rowCount}`;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined) throw error;
    return `${code} ${message}`;
  }
}

const isError = (outcome: string): boolean => /^[0-9A-Z]{5} /.test(outcome) && !/^(BEGIN|MERGE) /.test(outcome);

/** Connections at each Region, lent to the sessions of one case after another. */
export class SessionPool {
  readonly #deployment: Deployment;
  readonly #idle = new Map<string, pg.Client[]>();
  readonly #configs = new Map<string, Promise<pg.ClientConfig>>();

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  async take(region: string): Promise<pg.Client> {
    const idle = this.#idle.get(region)?.pop();
    if (idle !== undefined) return idle;
    let config = this.#configs.get(region);
    if (config === undefined) this.#configs.set(region, (config = this.#deployment.clientConfig(region)));
    const client = new pg.Client(await config);
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  give(region: string, client: pg.Client): void {
    const idle = this.#idle.get(region);
    if (idle === undefined) this.#idle.set(region, [client]);
    else idle.push(client);
  }

  async close(): Promise<void> {
    for (const clients of this.#idle.values()) await Promise.all(clients.map((client) => client.end()));
  }
}

class CaseRun {
  readonly different: string[] = [];
  readonly #pool: SessionPool;
  readonly #case: Case;
  readonly #schema: string;
  readonly #placement: Placement;
  readonly #sessions = new Map<string, pg.Client>();
  readonly #names: readonly string[];
  #sent = 0;

  constructor(pool: SessionPool, testCase: Case, schema: string, placement: Placement) {
    this.#pool = pool;
    this.#case = testCase;
    this.#schema = schema;
    this.#placement = placement;
    this.#names = [...new Set(testCase.steps.map((step) => step.session))];
  }

  async run(): Promise<readonly string[]> {
    for (const name of ['', ...this.#names]) {
      const client = await this.#pool.take(this.#regionOf(name));
      await client.query(`SET search_path = ${this.#schema}`);
      this.#sessions.set(name, client);
    }
    await this.#prepare([`CREATE SCHEMA ${this.#schema}`, ...this.#case.setup]);
    const { steps, interleavings } = this.#case;
    if (interleavings === undefined) await this.#runTurns(steps);
    else await this.#runInterleavings(steps, interleavings);
    await this.#prepare([`DROP SCHEMA ${this.#schema} CASCADE`]);
    for (const [name, client] of this.#sessions) this.#pool.give(this.#regionOf(name), client);
    return this.different;
  }

  /** '' prepares, and looks at the end: at the Region of the second session. */
  #regionOf(name: string): string {
    const { regions } = this.#placement;
    return regions[(name === '' ? 1 : this.#names.indexOf(name)) % regions.length];
  }

  #client(name: string): pg.Client {
    const client = this.#sessions.get(name);
    if (client === undefined) throw new Error(`no session ${name}`);
    return client;
  }

  /** In one transaction; again when another case changes the schema at the same time. */
  #prepare(statements: readonly string[]): Promise<void> {
    return untilDone(this.#client(''), statements.join(';\n'));
  }

  #run(session: string, sql: string): Promise<string> {
    const { protocol } = this.#placement;
    const isExtended = protocol === 'extended' || (protocol === 'mixed' && ++this.#sent % 2 === 0);
    return outcomeOf(this.#client(session), sql, isExtended ? 'extended' : 'simple');
  }

  async #rollbackAll(): Promise<void> {
    await Promise.all(this.#names.map((name) => this.#client(name).query('ROLLBACK')));
  }

  async #runTurns(steps: readonly Step[]): Promise<void> {
    for (const { line, session, sql, outcome } of steps) {
      const got = await this.#run(session, sql);
      if (outcome === undefined ? !isError(got) : got === outcome) continue;
      this.different.push(`line ${line}: ${session}: ${sql}\n  expected ${outcome ?? 'success'}\n  got      ${got}`);
    }
    await this.#rollbackAll();
  }

  async #runInterleavings(steps: readonly Step[], interleavings: Interleavings): Promise<void> {
    const [first, second] = this.#names.map((name) => steps.filter((step) => step.session === name));
    for (const order of merges(first, second)) await this.#runOrder(order, interleavings);
  }

  async #runOrder(order: readonly Step[], interleavings: Interleavings): Promise<void> {
    await this.#prepare(this.#case.beforeEach);
    const told = new Map<string, string>();
    const outcomes: string[] = [];
    for (const { session, sql } of order) {
      const got = await this.#run(session, sql);
      outcomes.push(`${session}: ${sql} -> ${got}`);
      if (isError(got) && !told.has(session)) told.set(session, got);
    }
    await this.#rollbackAll();
    const { errors, committed } = foretell(order, interleavings);
    const report = (what: string): number => this.different.push(`${what} in\n    ${outcomes.join('\n    ')}`);
    for (const [session, error] of errors)
      if (told.get(session) !== error) report(`${session} is told ${told.get(session) ?? 'no error'}, not ${error ?? 'no error'}`);
    const expected = interleavings.answers.get(committed.join(' ')) ?? `an answer for "${committed.join(' ')}"`;
    const look = async (name: string): Promise<void> => {
      const rows = await this.#run(name, interleavings.question);
      if (rows !== expected) report(`${interleavings.question} gives ${rows}, not ${expected}, at ${this.#regionOf(name)}`);
    };
    await Promise.all(this.#names.map(look));
  }
}

/** What differs from the script, each as a readable text. */
export function runCase(pool: SessionPool, testCase: Case, schema: string, placement: Placement): Promise<readonly string[]> {
  return new CaseRun(pool, testCase, schema, placement).run();
}
