/** `borealis psql`: the real psql, connected; its exit code is ours. */
import { spawn } from 'node:child_process';
import { connectionEnvironment } from './connection-environment.ts';
import { CommandError } from './data-directory.ts';
import { type EndpointChoice, findEndpoint } from './endpoint.ts';

export async function psql(choice: EndpointChoice, user: string, args: readonly string[]): Promise<void> {
  const variables = await connectionEnvironment(await findEndpoint(choice, process.env), user);
  // Ctrl-C is psql's own: it cancels the statement, not us.
  process.on('SIGINT', () => {});
  process.exitCode = await new Promise<number>((resolve, reject) => {
    const child = spawn('psql', args, { stdio: 'inherit', env: { ...process.env, ...variables } });
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new CommandError("psql is not installed: it comes with PostgreSQL's client programs") : error),
    );
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
  });
}
