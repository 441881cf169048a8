/**
 * The real World: this machine's clocks, timers, chance and disk. Thin on purpose: everything that thinks is on the other side of `World`.
 *
 *   now()           microseconds since 1970. Follows the wall clock, but steps back only when that was set back by more than a second:
 *                   small corrections (NTP) make it stand still or hurry, never return.
 *   monotonicMs()   CLOCK_MONOTONIC; stands still while the machine is suspended, which is why leases compare it with now().
 *   disk            node:fs. `write` hands bytes to the kernel, only `sync` waits for the device. A failed sync is final: the kernel may
 *                   have dropped the dirty pages, so that a second attempt would succeed without having written them.
 *   memoryDisk()    the same interface over memory, for deployments that keep nothing.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { InvariantError } from './assert.ts';
import type { AppendFile, Clock, Disk, Logger, Random, TemporaryFile, Timers, Timestamp, World } from './world.ts';

export type RealWorldOptions = {
  readonly log: Logger;
  /** The file system unless told otherwise. */
  readonly disk?: Disk;
};

export function realWorld(options: RealWorldOptions): World {
  return {
    clock: realClock(() => Date.now()),
    timers: realTimers(),
    random: realRandom(),
    disk: options.disk ?? fileDisk(),
    log: options.log,
  };
}

/** For tests and tools that print nothing. */
export const silentLog: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const farMicros = 1_000_000;

/** `wallMs` is a parameter for its test alone. */
export function realClock(wallMs: () => number, monotonicMs: () => number = () => performance.now()): Clock {
  let anchorWall = wallMs() * 1000;
  let anchorMonotonic = monotonicMs();
  let last = 0;
  return {
    now(): Timestamp {
      const wall = wallMs() * 1000;
      const monotonic = monotonicMs();
      let now = Math.floor(anchorWall + (monotonic - anchorMonotonic) * 1000);
      // The wall clock counts whole milliseconds: it may show up to one less than the truth.
      const ahead = wall - now;
      if (ahead > 0 || ahead < -2000) {
        anchorWall = wall;
        anchorMonotonic = monotonic;
        now = wall;
      }
      if (now < last && last - now < farMicros) return last;
      last = now;
      return now;
    },
    monotonicMs,
  };
}

function realTimers(): Timers {
  return {
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    sleep(delayMs, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = (): void => {
          clearTimeout(timer);
          reject(signal?.reason);
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        }, delayMs);
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
    yield: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** Bytes are asked of the system in such pieces: a call costs a microsecond or two, whatever its size. */
const randomPoolBytes = 4096;

function realRandom(): Random {
  let pool = new Uint8Array(0);
  let used = 0;
  const take = (count: number): Uint8Array => {
    if (count > randomPoolBytes / 4) return new Uint8Array(randomBytes(count));
    if (used + count > pool.length) {
      pool = new Uint8Array(randomBytes(randomPoolBytes));
      used = 0;
    }
    const bytes = pool.slice(used, used + count);
    // What was handed out is not kept here.
    pool.fill(0, used, used + count);
    used += count;
    return bytes;
  };
  return {
    bytes: take,
    float: () => {
      const bytes = take(6);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUIntBE(0, 6) / 2 ** 48;
    },
  };
}

const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);

export function fileDisk(): Disk {
  const syncDirectory = async (path: string): Promise<void> => {
    const directory = fs.openSync(path, 'r');
    try {
      await fsync(directory);
    } finally {
      fs.closeSync(directory);
    }
  };
  return {
    makeDirectory: (path) => {
      fs.mkdirSync(path, { recursive: true });
    },
    list: (path) => whenPresent(() => fs.readdirSync(path).sort()) ?? [],
    read: (path) => whenPresent(() => fs.readFileSync(path)),
    openAppend: (path) => openAppend(path),
    async replace(path, content) {
      const temporary = `${path}.new`;
      const file = fs.openSync(temporary, 'w', 0o600);
      try {
        writeAll(file, content);
        await fsync(file);
      } finally {
        fs.closeSync(file);
      }
      fs.renameSync(temporary, path);
      await syncDirectory(dirname(path));
    },
    async truncate(path, length) {
      const file = fs.openSync(path, 'r+');
      try {
        fs.ftruncateSync(file, length);
        await fsync(file);
      } finally {
        fs.closeSync(file);
      }
    },
    remove: (path) => {
      fs.rmSync(path, { recursive: true, force: true });
    },
    syncDirectory,
    openTemporary,
  };
}

/** Distinguishes files while they still have names. */
let temporaryFiles = 0;

/** The name is taken away at once: the kernel frees the file with its last descriptor, however the process ends. */
function openTemporary(directory: string): TemporaryFile {
  fs.mkdirSync(directory, { recursive: true });
  const path = `${directory}/${process.pid}.${++temporaryFiles}`;
  const file = fs.openSync(path, 'wx+', 0o600);
  fs.unlinkSync(path);
  let length = 0;
  return {
    get length() {
      return length;
    },
    append(bytes) {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(file, bytes, done, bytes.length - done, length + done);
      length += bytes.length;
    },
    read(position, count) {
      const bytes = Buffer.allocUnsafe(count);
      for (let done = 0; done < count; ) {
        const more = fs.readSync(file, bytes, done, count - done, position + done);
        if (more === 0) throw new InvariantError('a temporary file is read within its length');
        done += more;
      }
      return bytes;
    },
    close: () => fs.closeSync(file),
  };
}

function openAppend(path: string): AppendFile {
  const file = fs.openSync(path, 'a', 0o600);
  let length = fs.fstatSync(file).size;
  return {
    get length() {
      return length;
    },
    write(bytes) {
      writeAll(file, bytes);
      length += bytes.length;
    },
    sync: () => fdatasync(file),
    close: () => fs.closeSync(file),
  };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += fs.writeSync(file, bytes, done);
}

/** undefined for "no such file or directory"; every other error is the caller's. */
function whenPresent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Files in memory, gone with the process. Every sync succeeds at once. */
export function memoryDisk(): Disk {
  const files = new Map<string, MemoryFile>();
  const directories = new Set<string>();
  const fileAt = (path: string): MemoryFile => {
    let file = files.get(path);
    if (file === undefined) files.set(path, (file = new MemoryFile()));
    return file;
  };
  return {
    makeDirectory: (path) => {
      directories.add(path);
    },
    list(path) {
      const names = new Set<string>();
      for (const known of [...files.keys(), ...directories]) {
        if (known.startsWith(`${path}/`)) names.add(known.slice(path.length + 1).split('/', 1)[0]);
      }
      return [...names].sort();
    },
    read: (path) => files.get(path)?.content(),
    openAppend: (path) => fileAt(path),
    replace: (path, content) => {
      const file = new MemoryFile();
      file.write(content);
      files.set(path, file);
      return Promise.resolve();
    },
    truncate: (path, length) => {
      fileAt(path).truncate(length);
      return Promise.resolve();
    },
    remove(path) {
      for (const known of [...files.keys()]) if (known === path || known.startsWith(`${path}/`)) files.delete(known);
      for (const known of [...directories]) if (known === path || known.startsWith(`${path}/`)) directories.delete(known);
    },
    syncDirectory: () => Promise.resolve(),
    openTemporary: temporaryInMemory,
  };
}

/** A temporary file of a disk in memory, the simulator's too. */
export function temporaryInMemory(): TemporaryFile {
  const file = new MemoryFile();
  return {
    get length() {
      return file.length;
    },
    append: (bytes) => file.write(bytes),
    read: (position, length) => Buffer.from(file.content().subarray(position, position + length)),
    close: () => file.truncate(0),
  };
}

class MemoryFile implements AppendFile {
  #bytes = Buffer.alloc(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  content(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  write(bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}
