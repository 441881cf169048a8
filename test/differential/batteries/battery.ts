/** A battery: statements about one subject, without end, the same for the same seed. */
import type { Random } from '../random.ts';

export type Battery = {
  readonly name: string;
  /** Settings that values are read and written by, and what to choose from. */
  readonly settings?: Readonly<Record<string, readonly string[]>>;
  /** Digits that are compared of numbers which come from the C library; all of them unless told. */
  readonly digits?: number;
  /** Reads no table, nor the clock, nor chance. */
  readonly statement: (random: Random) => string;
};

export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
