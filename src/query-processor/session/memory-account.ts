/**
 * Work memory and temporary files of one statement. Operators charge what they hold; beyond work memory they spill, and at the statement's limit, where
 * nothing is left to spill, it ends with 53200.
 *
 * In profile `dsql` nothing spills: DSQL allows a statement 128 MiB, on whatever medium, and ends it there.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Disk, TemporaryFile } from '#base/world.ts';
import type { MemoryAccount } from '../executor/operator.ts';

export type WorkMemory = {
  /** Of one sort; undefined: nothing spills. */
  readonly workBytes: number | undefined;
  /** How much more a hash table may hold. */
  readonly hashMultiplier: number;
  /** Of all temporary files together; -1: no limit. */
  readonly temporaryBytes: number;
};

/** As in profile `dsql`, and for statements of our own that hold little. */
export const nothingSpills: WorkMemory = { workBytes: undefined, hashMultiplier: 1, temporaryBytes: -1 };

/** Nobody spills less than this, however near the statement is to its limit: a file would not pay. */
const leastSpill = 64 * 1024;
/** Part of the statement's limit beyond which everybody spills. */
const tightPart = 3 / 4;

export class StatementMemory implements MemoryAccount {
  readonly limitBytes: number;
  readonly workBytes: number;
  readonly #hashBytes: number;
  #used = 0;

  constructor(limitBytes: number, work: WorkMemory) {
    this.limitBytes = limitBytes;
    this.workBytes = work.workBytes ?? Number.POSITIVE_INFINITY;
    this.#hashBytes = this.workBytes * work.hashMultiplier;
  }

  charge(bytes: number): void {
    this.#used += bytes;
    if (this.#used > this.limitBytes) throw new SqlError(sqlstate.outOfMemory, 'query requires too much temp space, out of memory.');
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }

  wouldExceed(bytes: number): boolean {
    return this.#used + bytes > this.limitBytes;
  }

  mustSpill(heldBytes: number, kind: 'sort' | 'hash'): boolean {
    if (this.workBytes === Number.POSITIVE_INFINITY) return false;
    if (heldBytes > (kind === 'hash' ? this.#hashBytes : this.workBytes)) return true;
    return heldBytes >= leastSpill && this.#used > this.limitBytes * tightPart;
  }
}

/** The temporary files of one statement, within its limit. */
export class StatementFiles {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #limitBytes: number;
  #bytes = 0;

  constructor(disk: Disk, directory: string, work: WorkMemory) {
    this.#disk = disk;
    this.#directory = directory;
    this.#limitBytes = work.temporaryBytes;
  }

  open(): TemporaryFile {
    const file = withDiskErrors(() => this.#disk.openTemporary(this.#directory));
    return {
      get length() {
        return file.length;
      },
      append: (bytes) => {
        this.#bytes += bytes.length;
        if (this.#limitBytes >= 0 && this.#bytes > this.#limitBytes)
          throw new SqlError(
            sqlstate.configurationLimitExceeded,
            `temporary file size exceeds temp_file_limit (${Math.floor(this.#limitBytes / 1024)}kB)`,
          );
        withDiskErrors(() => file.append(bytes));
      },
      read: (position, length) => file.read(position, length),
      close: () => {
        this.#bytes -= file.length;
        file.close();
      },
    };
  }
}

/** A full disk is the statement's end, not the process's. */
function withDiskErrors<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))
      throw new SqlError(sqlstate.diskFull, 'could not write to temporary file: No space left on device');
    throw error;
  }
}
