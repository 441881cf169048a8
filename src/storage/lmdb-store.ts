/**
 * LMDB store: an ordered store in one memory-mapped file of a directory.
 *
 * Reads are synchronous, in the read transaction that the package keeps for the current turn of the event loop; it is given back at
 * the turn's end, so that no reader pins old pages. Writes are queued and carried out by the package's own thread.
 * No writemap and no disabled synchronisation: a crash leaves an older, whole tree. The pages are 8 KiB because keys above 1 978 bytes occur.
 *
 * Hot: get and cursors. Keys cross as latin1 strings, values come in the package's reused buffer and are never copied here.
 */
import { open, type RootDatabase } from 'lmdb';
import type { World } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import type { OrderedStore, StoreCursor, WriteBatch, Written } from './ordered-store.ts';

const pageBytes = 8192;
/** Grows by itself; small to begin with, because hundreds of clusters may share one address space. */
const initialMapBytes = 16 * 1024 * 1024;
const maximumReaders = 512;

/** Where the package has just put the key of an entry. */
const placed: { bytes: Buffer; start: number; end: number } = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/**
 * Keys that are read are only noted: most scans never look at them, and a string a row is a fifth of a scan's price (bench: join and sum over
 * 1 000 000 invoices, first run). LmdbCursor.key makes the string.
 */
const latin1Keys = {
  writeKey: (key: Key, target: Buffer, start: number): number => start + target.latin1Write(key, start, key.length),
  readKey: (target: Buffer, start: number, end: number): Key => {
    placed.bytes = target;
    placed.start = start;
    placed.end = end;
    return '';
  },
};

/** Values are bytes already; handing them through keeps the package from copying each. */
const bytesAsTheyAre = {
  encode: (value: Buffer): Buffer => value,
  decode: (bytes: Buffer): Buffer => bytes,
};

/** LMDB's own words for "this is no database of mine": page not found, corrupted, invalid, another version. */
const damagedCodes: ReadonlySet<unknown> = new Set([-30797, -30796, -30794, -30793]);

/**
 * Opens the store in a directory, or makes it. A damaged one is removed and made anew: it is a cache of the journal.
 *
 * The library does not always report damage; it may fault on it, and would so at every start. Therefore a mark lies beside the
 * directory while the store is being opened: when it is there already, the last attempt ended the process.
 */
export async function openLmdbStore(directory: string, world: World): Promise<LmdbStore> {
  const { disk, log } = world;
  const mark = `${directory}.opening`;
  if (disk.read(mark) !== undefined) {
    log.warn('the last attempt to open a store did not come to its end: the store is removed', { directory });
    disk.remove(directory);
  }
  disk.makeDirectory(directory);
  await disk.replace(mark, Buffer.from(`${directory}\n`));
  try {
    return touched(new LmdbStore(directory));
  } catch (error) {
    if (!damagedCodes.has((error as { readonly code?: unknown }).code)) throw error;
    log.warn('a damaged store is removed', { directory, error: String(error) });
    disk.remove(directory);
    disk.makeDirectory(directory);
    return touched(new LmdbStore(directory));
  } finally {
    disk.remove(mark);
  }
}

/** Reads at both ends of the tree, so that damage shows now. */
function touched(store: LmdbStore): LmdbStore {
  for (const descending of [false, true]) {
    const cursor = store.cursor('\0', '\xff'.repeat(64), descending);
    cursor.next();
    cursor.close();
  }
  return store;
}

type Stats = { readonly mapSize: number; readonly lastPageNumber: number; readonly pageSize: number };

export class LmdbStore implements OrderedStore {
  bytes: Buffer = Buffer.alloc(0);
  readonly #database: RootDatabase<Buffer, Key>;
  #reused: Buffer | undefined;

  /** Opens the store in a directory, or makes it. */
  constructor(directory: string) {
    this.#database = open<Buffer, Key>({
      path: directory,
      noSubdir: false,
      pageSize: pageBytes,
      mapSize: initialMapBytes,
      maxReaders: maximumReaders,
      compression: false,
      separateFlushed: true,
      keyEncoder: latin1Keys,
      encoder: bytesAsTheyAre,
    });
  }

  get size(): number {
    const stats = this.#database.getStats() as Stats;
    return (stats.lastPageNumber + 1) * pageBytes;
  }

  get(key: Key): number {
    const found = this.#database.getBinaryFast(key);
    if (found === undefined) return -1;
    const length = found.length;
    this.bytes = this.plain(found);
    return length;
  }

  cursor(start: Key, end: Key, descending: boolean): StoreCursor {
    return new LmdbCursor(this, this.#database, start, end, descending);
  }

  write(batch: WriteBatch): Written {
    const { keys, values } = batch;
    const database = this.#database;
    const committed: Promise<boolean> & { flushed?: Promise<unknown> } = database.batch(() => {
      for (let i = 0; i < keys.length; i++) {
        const value = values[i];
        if (value === undefined) database.remove(keys[i]);
        else database.put(keys[i], value);
      }
    });
    const visible = committed.then(nothing);
    return { visible, durable: Promise.all([visible, committed.flushed]).then(nothing) };
  }

  refresh(): void {
    this.#database.resetReadTxn();
  }

  async clear(): Promise<void> {
    this.#database.clearSync();
    await this.#database.flushed;
    this.refresh();
  }

  async close(): Promise<void> {
    await this.#database.committed;
    await this.#database.flushed;
    await this.#database.close();
  }

  /**
   * The package marks the length of a value by a property `length` on its reused buffer, which slows all access to it and confuses Buffer's
   * methods; a second view of the same memory does not.
   */
  plain(found: Buffer): Buffer {
    if (found === this.#reusedFrom) return this.#reused ?? found;
    const view = Buffer.from(found.buffer, found.byteOffset, found.byteLength);
    this.#reusedFrom = found;
    this.#reused = view;
    return view;
  }

  #reusedFrom: Buffer | undefined;
}

class LmdbCursor implements StoreCursor {
  /** Of the entry it stands on; undefined until somebody asks. */
  #key: Key | undefined;
  bytes: Buffer = Buffer.alloc(0);
  length = 0;
  readonly #store: LmdbStore;
  readonly #entries: Iterator<{ key: Key; value: Buffer }>;
  /** Descending only: the package's ranges begin at the bound when there is such a key, ours below it. */
  readonly #excluded: Key | undefined;

  constructor(store: LmdbStore, database: RootDatabase<Buffer, Key>, start: Key, end: Key, descending: boolean) {
    this.#store = store;
    this.#excluded = descending ? end : undefined;
    const range = descending ? { start: end, end: start, reverse: true, inclusiveEnd: true } : { start, end };
    this.#entries = database.getRange(range)[Symbol.iterator]();
  }

  get key(): Key {
    this.#key ??= placed.bytes.latin1Slice(placed.start, placed.end);
    return this.#key;
  }

  next(): boolean {
    let step = this.#entries.next();
    this.#key = undefined;
    if (this.#excluded !== undefined && step.done !== true && this.key === this.#excluded) {
      step = this.#entries.next();
      this.#key = undefined;
    }
    if (step.done === true) return false;
    const { value } = step.value;
    this.length = value.length;
    this.bytes = this.#store.plain(value);
    return true;
  }

  close(): void {
    this.#entries.return?.();
  }
}

const nothing = () => undefined;
