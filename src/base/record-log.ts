/**
 * Record log: a small durable map from names to JSON values, for what must survive a crash and is changed by people rather than by transactions.
 *
 *   RL1  `commit` makes all of its changes or none, whatever happens meanwhile, and resolves when they are durable. Readers see them from then on.
 *   RL2  Only the last line of the file may be torn; it is cut. A line further up that does not verify ends the opening, loudly.
 *   RL3  A failed write is final: nothing more is taken, because nobody knows what the file holds.
 *
 * One line a commit: CRC-32 in hex, a blank, the changes as JSON. The file is written anew when most of its lines are about values that are gone.
 */
import { crc32 } from 'node:zlib';
import type { AppendFile, Disk } from './world.ts';

/** undefined removes. */
export type RecordChange<Value> = { readonly key: string; readonly value: Value | undefined };

type Line<Value> = { readonly put?: Readonly<Record<string, Value>>; readonly drop?: readonly string[] };

const header = 'borealis record log 1';
/** So many superfluous lines are kept before the file is written anew. */
const superfluousLines = 2_000;

export class RecordLog<Value> {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #records: Map<string, Value>;
  #file: AppendFile;
  #lines: number;
  #last: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  private constructor(disk: Disk, path: string, records: Map<string, Value>, lines: number) {
    this.#disk = disk;
    this.#path = path;
    this.#records = records;
    this.#lines = lines;
    this.#file = disk.openAppend(path);
  }

  /** Opens the file, or makes it in an existing directory. */
  static async open<Value>(disk: Disk, path: string): Promise<RecordLog<Value>> {
    const content = disk.read(path);
    if (content === undefined) {
      await disk.replace(path, Buffer.from(lineOf(header)));
      return new RecordLog(disk, path, new Map(), 0);
    }
    const text = Buffer.from(content).toString('utf8');
    const lines = text.split('\n');
    const records = new Map<string, Value>();
    let goodBytes = 0;
    for (const [i, line] of lines.entries()) {
      const body = verified(line);
      // Behind the last line break there is nothing, or what a crash has left of a line.
      if (i === lines.length - 1) break;
      if (body === undefined) {
        if (lines.slice(i + 1).some((later) => verified(later) !== undefined)) throw new Error(`${path} is damaged in line ${i + 1}`);
        break;
      }
      if (i === 0 && body !== header) throw new Error(`${path} was written by another version of Borealis`);
      // What stands behind a good checksum was written by us.
      if (i > 0) apply(records, JSON.parse(body) as Line<Value>);
      goodBytes += Buffer.byteLength(line) + 1;
    }
    if (goodBytes === 0) throw new Error(`${path} has no header`);
    if (goodBytes < content.length) await disk.truncate(path, goodBytes);
    return new RecordLog(disk, path, records, lines.length - 2);
  }

  get(key: string): Value | undefined {
    return this.#records.get(key);
  }

  /** Of all keys that begin so, in order of the keys. */
  entries(prefix: string): readonly (readonly [string, Value])[] {
    return [...this.#records].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  commit(changes: readonly RecordChange<Value>[]): Promise<void> {
    const done = this.#last.then(() => this.#write(changes));
    this.#last = done.catch(() => {});
    return done;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#file.close();
  }

  async #write(changes: readonly RecordChange<Value>[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const line = encode(changes);
      this.#file.write(Buffer.from(lineOf(JSON.stringify(line))));
      await this.#file.sync();
      this.#lines++;
      apply(this.#records, line);
      if (this.#lines > this.#records.size + superfluousLines) await this.#rewrite();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw this.#failure;
    }
  }

  async #rewrite(): Promise<void> {
    const put = Object.fromEntries(this.#records);
    this.#file.close();
    await this.#disk.replace(this.#path, Buffer.from(lineOf(header) + lineOf(JSON.stringify({ put }))));
    this.#file = this.#disk.openAppend(this.#path);
    this.#lines = 1;
  }
}

const checksum = (body: string): string => crc32(Buffer.from(body)).toString(16).padStart(8, '0');
const lineOf = (body: string): string => `${checksum(body)} ${body}\n`;

/** The line without its checksum, when that is right. */
function verified(line: string): string | undefined {
  const body = line.slice(9);
  return line[8] === ' ' && line.slice(0, 8) === checksum(body) ? body : undefined;
}

function encode<Value>(changes: readonly RecordChange<Value>[]): Line<Value> {
  const put: Record<string, Value> = {};
  const drop: string[] = [];
  for (const { key, value } of changes) {
    if (value === undefined) drop.push(key);
    else put[key] = value;
  }
  return { put, drop };
}

function apply<Value>(records: Map<string, Value>, line: Line<Value>): void {
  for (const key of line.drop ?? []) records.delete(key);
  for (const [key, value] of Object.entries(line.put ?? {})) records.set(key, value);
}
