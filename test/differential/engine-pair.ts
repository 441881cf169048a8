/** Borealis and PostgreSQL side by side: the same statement to both, and what is different in their answers. */
import pg from 'pg';
import { type Oracle, startPostgres } from '../../scripts/oracle.ts';
import { Deployment } from '../deployment.ts';

export type Answer =
  | { readonly kind: 'rows'; readonly header: string; readonly rows: readonly string[]; readonly command: string }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

const rawText = { getTypeParser: () => (value: string) => value };

class Engine {
  readonly client: pg.Client;
  readonly #typeNames = new Map<number, string>();

  constructor(client: pg.Client) {
    this.client = client;
  }

  async ask(sql: string): Promise<Answer> {
    try {
      const result = await this.client.query({ text: sql, rowMode: 'array', types: rawText });
      if (Array.isArray(result)) return { kind: 'rows', header: '', rows: [], command: 'several' };
      const header: string[] = [];
      for (const { name, dataTypeID } of result.fields) header.push(`${name}:${await this.#typeName(dataTypeID)}`);
      const rows = result.rows.map((row: (string | null)[]) => row.map((value) => value ?? 'NULL').join(' | '));
      return { kind: 'rows', header: header.join(' | '), rows, command: `${result.command} ${result.rowCount}` };
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === undefined || !/^\w{5}$/.test(code)) throw error;
      return { kind: 'error', code, message };
    }
  }

  async #typeName(oid: number): Promise<string> {
    const known = this.#typeNames.get(oid);
    if (known !== undefined) return known;
    const { rows } = await this.client.query('SELECT typname FROM pg_type WHERE oid = $1', [oid]);
    const name: string = rows[0]?.typname ?? String(oid);
    // Types of tables come and go with them.
    if (oid < 16384) this.#typeNames.set(oid, name);
    return name;
  }
}

export class EnginePair {
  readonly borealis: Engine;
  readonly postgres: Engine;
  readonly #oracle: Oracle;
  readonly #deployment: Deployment;

  private constructor(oracle: Oracle, deployment: Deployment, postgres: pg.Client, borealis: pg.Client) {
    this.#oracle = oracle;
    this.#deployment = deployment;
    this.postgres = new Engine(postgres);
    this.borealis = new Engine(borealis);
  }

  /** undefined where there is no PostgreSQL 16. */
  static async start(): Promise<EnginePair | undefined> {
    const oracle = await startPostgres();
    if (oracle === undefined || !oracle.version.startsWith('16')) {
      await oracle?.stop();
      console.warn('no PostgreSQL 16 here: the random comparison is left out');
      return undefined;
    }
    const deployment = await Deployment.start(['--in-memory']);
    const postgres = new pg.Client(oracle);
    await postgres.connect();
    const borealis = await deployment.connect();
    // PostgreSQL's transactions then see one snapshot too.
    await postgres.query("SET default_transaction_isolation = 'repeatable read'");
    // A chance product of joins may be huge.
    for (const client of [postgres, borealis]) await client.query('SET statement_timeout = 4000');
    return new EnginePair(oracle, deployment, postgres, borealis);
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.postgres.client.end(), this.borealis.client.end()]);
    await Promise.all([this.#oracle.stop(), this.#deployment.remove()]);
  }

  /**
   * PostgreSQL's answer, and how Borealis's differs; undefined when they agree. Without `isOrdered` rows are compared as a bag. What took
   * one of them too long says nothing.
   */
  async compare(
    sql: string,
    isOrdered: boolean,
  ): Promise<{ readonly answer: Answer; readonly difference: string | undefined; readonly isTimeout: boolean }> {
    const [answer, own] = await Promise.all([this.postgres.ask(sql), this.borealis.ask(sql)]);
    const isTimeout = timedOut(answer) || timedOut(own);
    const saysNothing = isTimeout || isFaultOfPostgres(sql, answer);
    return { answer, difference: saysNothing ? undefined : differenceOf(answer, own, isOrdered), isTimeout };
  }

  /** Runs a statement that must succeed on both. */
  async both(sql: string): Promise<void> {
    await Promise.all([this.postgres.client.query(sql), this.borealis.client.query(sql)]);
  }
}

/** Its planner fails on a whole row within set operations under LATERAL; and the subquery by which it finds a min or max keeps the WITH TIES of the query around it. */
const isFaultOfPostgres = (sql: string, answer: Answer): boolean =>
  answer.kind === 'error' &&
  (answer.code === 'XX000' || (answer.code === '21000' && /(min|max|bool_and|bool_or|every)\(.*WITH TIES/.test(sql)));

const timedOut = (answer: Answer): boolean => answer.kind === 'error' && answer.code === '57014';

function differenceOf(expected: Answer, own: Answer, isOrdered: boolean): string | undefined {
  if (expected.kind === 'error' || own.kind === 'error') {
    if (expected.kind === 'error' && own.kind === 'error' && expected.code === own.code) return undefined;
    return `PostgreSQL: ${brief(expected)}\nBorealis: ${brief(own)}`;
  }
  if (expected.header !== own.header) return `PostgreSQL: ${expected.header}\nBorealis: ${own.header}`;
  if (expected.command !== own.command) return `PostgreSQL: ${expected.command}\nBorealis: ${own.command}`;
  const arranged = (rows: readonly string[]) => (isOrdered ? rows : [...rows].sort());
  const [wanted, given] = [arranged(expected.rows), arranged(own.rows)];
  const at = wanted.findIndex((row, index) => row !== given[index]);
  return at < 0 ? undefined : `row ${at} of ${wanted.length}\nPostgreSQL: ${wanted[at]}\nBorealis: ${given[at]}`;
}

const brief = (answer: Answer): string =>
  answer.kind === 'error' ? `${answer.code} ${answer.message}` : `${answer.rows.length} rows (${answer.header})`;
