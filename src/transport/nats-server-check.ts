/**
 * Whether NATS servers are fit to keep a journal: new enough, and synchronising every write before they acknowledge it. The default of nats-server is to synchronise every two minutes, and
 * what was acknowledged since is lost with the power (dsql-internals 3.1, 3.2).
 */

/** Since then `sync_interval: always` covers the log that replicas agree by. */
const leastVersion: readonly number[] = [2, 10, 23];

export class UnfitServer extends Error {
  override readonly name = 'UnfitServer';
}

/** Throws UnfitServer for a server that is too old. */
export function checkVersion(version: string): void {
  const numbers = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  const different = leastVersion.findIndex((least, i) => numbers[i] !== least);
  if (numbers.length < 3 || (different >= 0 && numbers[different] < leastVersion[different]))
    throw new UnfitServer(`a journal needs nats-server ${leastVersion.join('.')} or newer; this is ${version}`);
}

/** Asks each server's monitoring endpoint. Throws UnfitServer when one does not synchronise always, or cannot be asked. */
export async function checkSynchronisation(monitors: readonly string[]): Promise<void> {
  if (monitors.length === 0)
    throw new UnfitServer(
      'whether the NATS servers synchronise every write is not known: say with --journal-monitor where they tell of themselves, or --trust-journal if you answer for it',
    );
  for (const monitor of monitors) {
    const told: unknown = await fetch(new URL('/varz', monitor), { signal: AbortSignal.timeout(5000) })
      .then((response) => response.json())
      .catch((error: Error) => {
        throw new UnfitServer(`the NATS server at ${monitor} does not tell of itself: ${error.message}`);
      });
    if (!synchronisesAlways(told))
      throw new UnfitServer(
        `the NATS server at ${monitor} does not synchronise every write: its jetstream section needs "sync_interval: always"`,
      );
  }
}

function synchronisesAlways(told: unknown): boolean {
  const config = member(member(told, 'jetstream'), 'config');
  return member(config, 'sync_always') === true;
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
