/**
 * What a node is called by towards the leader: its name and a number drawn for the life of its process.
 *
 * A process that was killed and comes back has the name of the one before, and not what that one had received: it may read an older end of the stream than its
 * predecessor knew. Leases, receipts and farewells are therefore of one life. Under the bare name the leader would grant the new process a lease at once for what the old one had
 * confirmed; and a receipt or a farewell that was long on its way would speak for a process that has never sent it.
 */
import { randomId } from '#base/base32.ts';
import type { Random } from '#base/world.ts';

const letters = 12;

export const newLife = (node: string, random: Random): string => `${node}-${randomId(random).slice(0, letters)}`;

export const nodeOf = (life: string): string => life.slice(0, -letters - 1);
