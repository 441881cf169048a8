/** What a history is tried on: a deployment in virtual time that clients can use, and that faults can be done to. */
import type { Adjudicator } from '#adjudicator/adjudicator.ts';
import type { Logger, Timestamp } from '#base/world.ts';
import type { ReadPoint } from '#crossbar/crossbar.ts';
import type { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedReplica } from './stored-replica.ts';

export type SimulationParts = {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly log: Logger;
  /** Something that must not happen to a process that is alive. */
  readonly onFailure: (error: Error) => void;
};

export type TargetDoors = {
  readonly readPoint: ReadPoint;
  readonly adjudicator: Adjudicator;
  readonly replica: SimulatedReplica;
  /** Sessions end with their process. */
  readonly ended: Promise<'ended'>;
};

export interface SimulatedTarget {
  /** Where clients connect: Regions, or nodes. */
  readonly regions: readonly string[];
  /** A planted bug: statements do not wait for what they have read to be stable. */
  readonly answersUnstable: boolean;
  start(): Promise<void>;
  /** undefined while it cannot be used. */
  doors(region: string): TargetDoors | undefined;
  /** What the journal has ever held, by transaction id. */
  readonly committed: ReadonlyMap<string, Timestamp>;
  /** Does one thing that may happen, drawn by chance, tells what, and counts it under a name. */
  fault(tell: (what: string, counted: string) => void): Promise<void>;
  /** Everything works again. */
  mendAll(): Promise<void>;
  /** Empty when all replicas hold the same. */
  differences(): readonly string[];
}
