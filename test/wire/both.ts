/** The same messages to a deployment and to PostgreSQL 16: what PostgreSQL answers is what is expected. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Oracle, startPostgres } from '../../scripts/oracle.ts';
import { Deployment } from '../deployment.ts';
import { RawClient, type Target } from './raw-client.ts';

export async function deploymentTarget(deployment: Deployment, region?: string): Promise<Target> {
  const variables = await deployment.environment(region);
  return {
    host: variables.PGHOST,
    port: Number(variables.PGPORT),
    user: variables.PGUSER,
    database: variables.PGDATABASE,
    password: variables.PGPASSWORD,
    ca: readFileSync(path.join(deployment.dataDir, 'tls/ca.crt'), 'utf8'),
  };
}

/** Lines without the notices by which the open profile tells of what Aurora DSQL refuses. */
export const comparable = (lines: readonly string[]): string[] => lines.filter((line) => !line.includes('not supported by Aurora DSQL'));

export class Both {
  readonly deployment: Deployment;
  readonly oracle: Oracle;
  readonly target: Target;

  private constructor(deployment: Deployment, oracle: Oracle, target: Target) {
    this.deployment = deployment;
    this.oracle = oracle;
    this.target = target;
  }

  /** Rejects where there is no PostgreSQL to compare with: it comes with the development packages. */
  static async start(args: readonly string[] = []): Promise<Both> {
    const [deployment, oracle] = await Promise.all([Deployment.start(['--in-memory', ...args]), startPostgres({ user: 'admin' })]);
    if (oracle === undefined) throw new Error('no PostgreSQL 16 to compare with: npm ci installs it');
    return new Both(deployment, oracle, await deploymentTarget(deployment));
  }

  async stop(): Promise<void> {
    await Promise.all([this.deployment.remove(), this.oracle.stop()]);
  }

  async connect(parameters: Readonly<Record<string, string>> = {}): Promise<{ readonly ours: RawClient; readonly theirs: RawClient }> {
    const { host, port, user, database } = this.oracle;
    const [ours, theirs] = await Promise.all([
      RawClient.connect({ ...this.target, parameters }),
      RawClient.connect({ host, port, user, database, parameters }),
    ]);
    return { ours, theirs };
  }

  /** Runs statements on both, each as a transaction of its own. Rejects when one fails. */
  async run(...statements: readonly Uint8Array[]): Promise<void> {
    const { ours, theirs } = await this.connect();
    for (const client of [ours, theirs]) {
      for (const statement of statements) {
        const failure = (await client.talk(statement)).find((line) => line.startsWith('Error'));
        if (failure !== undefined) throw new Error(`${client === ours ? 'Borealis' : 'PostgreSQL'}: ${failure}`);
      }
      client.close();
    }
  }
}
