/** A disk that loses power at its Nth operation: from then on nothing reaches it, and nothing that waits for it ends well. */
import { memoryDisk } from '#base/real-world.ts';
import type { AppendFile, Disk } from '#base/world.ts';

export class PowerLost extends Error {
  override readonly name = 'PowerLost';
}

export class CrashingDisk {
  readonly #memory = memoryDisk();
  readonly #isLossy: boolean;
  readonly disk: Disk;
  crashAt = Number.POSITIVE_INFINITY;
  #operations = 0;
  #durableLength = new Map<string, number>();

  /** Lossy: what has been appended and not synchronised is gone after the crash; otherwise it is there, the last piece of it in half. */
  constructor(isLossy: boolean) {
    this.#isLossy = isLossy;
    this.disk = {
      makeDirectory: (path) => this.#step(() => this.#memory.makeDirectory(path)),
      list: (path) => this.#memory.list(path),
      read: (path) => this.#memory.read(path),
      openAppend: (path) => this.#append(path, this.#memory.openAppend(path)),
      replace: async (path, content) => {
        this.#step(() => {});
        await this.#memory.replace(path, content);
        this.#durableLength.set(path, content.length);
      },
      truncate: async (path, length) => {
        this.#step(() => {});
        await this.#memory.truncate(path, length);
      },
      remove: (path) => this.#step(() => this.#memory.remove(path)),
      syncDirectory: async () => this.#step(() => {}),
      openTemporary: (directory) => this.#memory.openTemporary(directory),
    };
  }

  /** Power is lost so many operations from now. */
  countFromHere(operations: number): void {
    this.crashAt = this.#operations + operations;
  }

  get hasCrashed(): boolean {
    return this.#operations >= this.crashAt;
  }

  /** What the next process finds. */
  afterCrash(): Disk {
    if (this.#isLossy) for (const [path, length] of this.#durableLength) void this.#memory.truncate(path, length);
    return this.#memory;
  }

  #step(work: () => void): void {
    if (++this.#operations >= this.crashAt) throw new PowerLost();
    work();
  }

  #append(path: string, file: AppendFile): AppendFile {
    if (!this.#durableLength.has(path)) this.#durableLength.set(path, file.length);
    return {
      get length() {
        return file.length;
      },
      write: (bytes) => {
        if (++this.#operations < this.crashAt) {
          file.write(bytes);
          return;
        }
        if (this.#operations === this.crashAt) file.write(bytes.subarray(0, bytes.length >> 1));
        throw new PowerLost();
      },
      sync: async () => {
        this.#step(() => {});
        await file.sync();
        this.#durableLength.set(path, file.length);
      },
      close: () => file.close(),
    };
  }
}
