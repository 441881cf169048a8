/** Runs a transaction again that has lost against another one: with a wait that grows, and differs between those who wait. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { World } from '#base/world.ts';

const attempts = 12;
const firstWaitMs = 5;

export async function withConflictRetry<Answer>(world: World, transaction: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (!(error instanceof SqlError) || error.sqlstate !== sqlstate.serializationFailure || attempt >= attempts) throw error;
      await world.timers.sleep(firstWaitMs * 2 ** Math.min(attempt, 7) * (0.5 + world.random.float() / 2));
    }
  }
}
