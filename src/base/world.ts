/**
 * The world outside: time, chance, disk. Every part that needs one of them is handed it, so that a whole
 * deployment runs under a seed (`simulator/`) as it runs for real (`real-world.ts`).
 *
 * Nothing but `base/real-world.ts`, `cli/`, `main.ts` and the sockets of `pgwire/` and `control-plane/` touches `Date`,
 * `setTimeout`, `Math.random`, `node:fs` or `node:crypto`'s random source; `scripts/rooms.ts` holds the ban.
 */

/** Microseconds since 1970 UTC. Exact in a number until the year 2255. */
export type Timestamp = number;

export interface Clock {
  /** Wall time. May jump either way. */
  now(): Timestamp;
  /** Milliseconds (with fractions) of a clock that only goes forward; its zero means nothing. */
  monotonicMs(): number;
}

export interface Timers {
  /** Calls back once after `delayMs`. The returned function takes it back; calling it late does no harm. */
  after(delayMs: number, callback: () => void): () => void;
  /** Resolves after `delayMs`, or rejects with the signal's reason when that is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Lets everything else that is ready (sockets, timers) run once. */
  yield(): Promise<void>;
}

export interface Random {
  /** Unpredictable bytes in the real world, seeded ones in the simulated one. The caller owns them. */
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  float(): number;
}

/**
 * Files by name. Synchronous but for what waits for the device. Paths use '/'.
 * What has not been synchronised may be lost, wholly or in part, in a crash.
 */
export interface Disk {
  makeDirectory(path: string): void;
  /** Names (not paths) in a directory, sorted; [] where there is none. */
  list(path: string): string[];
  /** undefined where there is no such file. */
  read(path: string): Uint8Array | undefined;
  /** Opens for appending, creating the file when missing. */
  openAppend(path: string): AppendFile;
  /** Replaces the file's content as one step: after a crash the old content or the new is there, durable when resolved. */
  replace(path: string, content: Uint8Array): Promise<void>;
  /** Cuts the file to `length` bytes, durable when resolved. */
  truncate(path: string, length: number): Promise<void>;
  /** Removes a file or a directory with all in it; nothing happens where there is none. */
  remove(path: string): void;
  /** Makes creation, renaming and removal of names in the directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** A file without a name, on the directory's device: gone when it is closed, or when the process ends. The directory is made when missing. */
  openTemporary(directory: string): TemporaryFile;
}

/** Written at its end, read anywhere. Nothing of it is ever durable. */
export interface TemporaryFile {
  readonly length: number;
  /** The buffer may be reused afterwards. */
  append(bytes: Uint8Array): void;
  /** A copy of `length` bytes from `position`; all of them have been appended before. */
  read(position: number, length: number): Buffer;
  close(): void;
}

export interface AppendFile {
  readonly length: number;
  /** Hands bytes to the operating system; not durable before `sync`. The buffer may be reused afterwards. */
  write(bytes: Uint8Array): void;
  /** fdatasync: resolves when all that was written before the call is durable. A rejection is final: the process must end. */
  sync(): Promise<void>;
  close(): void;
}

export interface World {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly disk: Disk;
  readonly log: Logger;
}

/** Structured log: an event's name in plain words and its data. */
export interface Logger {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void;
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  warn(message: string, data?: Readonly<Record<string, unknown>>): void;
  error(message: string, data?: Readonly<Record<string, unknown>>): void;
}
