/** Whether a replica and a journal belong together, before either is believed. */
import type { Replica } from '#crossbar/crossbar.ts';
import type { Journal } from '#journal/journal.ts';

/** The journal must hold what the replica has applied, and what comes behind that (J4). */
export async function checkAgainstJournal(journal: Journal, name: string, replica: Replica): Promise<void> {
  const { position, hash } = replica;
  if (position > journal.lastPosition) {
    throw new Error(
      `the replica of ${name} has applied position ${position}, but the journal ends at ${journal.lastPosition}: commits have been lost`,
    );
  }
  if (position < journal.firstPosition - 1) {
    throw new Error(`the replica of ${name} ends at position ${position}, but the journal begins at ${journal.firstPosition}`);
  }
  if (position < journal.firstPosition) return;
  const [placed] = await journal.read(position, 1);
  if (Buffer.compare(placed.hash, hash) !== 0) throw new Error(`the replica of ${name} was built from another history than the journal's`);
}
