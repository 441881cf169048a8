/**
 * A disk that loses what was not synchronised.
 *
 * A crash keeps, of each file, what was durable, and of what was written behind it an arbitrary part: a piece of the front, in which sectors may be
 * missing (they read as zeros). Names that were made, or removed, since the directory was last synchronised may be gone, or back. Synchronising takes
 * time, and makes durable what had been written when it was called.
 */
import { temporaryInMemory } from '#base/real-world.ts';
import type { AppendFile, Disk } from '#base/world.ts';
import type { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';

type File = { bytes: Buffer; durable: number };

const sectorBytes = 64;

export class SimulatedDisk {
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #syncMs: () => number;
  readonly #lies: boolean;
  /** What programs see. */
  #files = new Map<string, File>();
  /** What a crash would leave for certain, by name. */
  #durableNames = new Map<string, File>();

  /** `lies`: synchronising files does nothing, as on a device that acknowledges from its cache. */
  constructor(scheduler: Scheduler, random: SeededRandom, syncMs: () => number, lies = false) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#syncMs = syncMs;
    this.#lies = lies;
  }

  /** The disk as one life of a process sees it: when `isAlive` turns false, nothing that it waits for happens any more. */
  open(isAlive: () => boolean): Disk {
    return {
      makeDirectory: () => {},
      list: (path) => this.#list(path),
      read: (path) => {
        const file = this.#files.get(path);
        return file === undefined ? undefined : Buffer.from(file.bytes);
      },
      openAppend: (path) => this.#openAppend(path, isAlive),
      replace: (path, content) =>
        this.#later(isAlive, () => {
          const file = { bytes: Buffer.from(content), durable: content.length };
          this.#files.set(path, file);
          this.#durableNames.set(path, file);
        }),
      truncate: (path, length) =>
        this.#later(isAlive, () => {
          const file = this.#files.get(path);
          if (file === undefined) return;
          file.bytes = Buffer.from(file.bytes.subarray(0, length));
          file.durable = file.bytes.length;
        }),
      remove: (path) => {
        for (const name of [...this.#files.keys()]) if (name === path || name.startsWith(`${path}/`)) this.#files.delete(name);
      },
      syncDirectory: (path) => this.#later(isAlive, () => this.#syncNames(path)),
      openTemporary: temporaryInMemory,
    };
  }

  /** Power fails: lose what chance takes. */
  crash(): void {
    const left = new Map<string, File>();
    for (const name of new Set([...this.#files.keys(), ...this.#durableNames.keys()])) {
      const current = this.#files.get(name);
      const durable = this.#durableNames.get(name);
      const kept = current === durable || this.#random.chance(0.5) ? current : durable;
      if (kept !== undefined) left.set(name, this.#tear(kept));
    }
    this.#files = left;
    this.#durableNames = new Map(left);
  }

  #tear(file: File): File {
    const length = file.durable + this.#random.integer(file.bytes.length - file.durable + 1);
    const bytes = Buffer.from(file.bytes.subarray(0, length));
    for (let at = file.durable; at < length; at += sectorBytes)
      if (this.#random.chance(0.2)) bytes.fill(0, at, Math.min(at + sectorBytes, length));
    return { bytes, durable: length };
  }

  #syncNames(path: string): void {
    const isIn = (name: string): boolean => name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/');
    for (const name of [...this.#durableNames.keys()]) if (isIn(name) && !this.#files.has(name)) this.#durableNames.delete(name);
    for (const [name, file] of this.#files) if (isIn(name)) this.#durableNames.set(name, file);
  }

  #list(path: string): string[] {
    const names = new Set<string>();
    for (const name of this.#files.keys()) if (name.startsWith(`${path}/`)) names.add(name.slice(path.length + 1).split('/', 1)[0]);
    return [...names].sort();
  }

  #openAppend(path: string, isAlive: () => boolean): AppendFile {
    const file = this.#files.get(path) ?? { bytes: Buffer.alloc(0), durable: 0 };
    this.#files.set(path, file);
    return {
      get length() {
        return file.bytes.length;
      },
      write: (bytes) => {
        file.bytes = Buffer.concat([file.bytes, bytes]);
      },
      sync: () => {
        const { length } = file.bytes;
        return this.#later(isAlive, () => {
          if (!this.#lies) file.durable = Math.max(file.durable, Math.min(length, file.bytes.length));
        });
      },
      close: () => {},
    };
  }

  /** The work is done at some moment of the wait; a crash before leaves it undone, one between it and the end leaves it done and unreported. */
  #later(isAlive: () => boolean, work: () => void): Promise<void> {
    const wholeMs = this.#syncMs();
    const workMs = wholeMs * this.#random.float();
    return new Promise((resolve) => {
      this.#scheduler.after(workMs, () => {
        if (isAlive()) work();
      });
      this.#scheduler.after(wholeMs, () => {
        if (isAlive()) resolve();
      });
    });
  }
}
