/** `borealis stop`: asks the process that holds the data directory to stop, and waits until it has. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, holderOf } from './data-directory.ts';

const patienceMs = 60_000;

export async function stop(directory: string): Promise<void> {
  const pid = holderOf(directory);
  if (pid === undefined) throw new CommandError(`no deployment is running in ${directory}`);
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
      throw new CommandError(`cannot stop process ${pid}: ${(error as Error).message}`);
  }
  for (let waitedMs = 0; holderOf(directory) === pid; waitedMs += 50) {
    if (waitedMs > patienceMs) throw new CommandError(`process ${pid} has not stopped within ${patienceMs / 1_000} s`);
    await sleep(50);
  }
  process.stdout.write(`stopped (pid ${pid})\n`);
}
