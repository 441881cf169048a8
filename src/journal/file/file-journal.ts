/**
 * Journal in segment files of one directory (blocks.ts says how bytes lie in them).
 *
 * Group commit: what is appended while a synchronisation is under way becomes one block, written and made durable together when that has
 * ended. Positions and hashes are assigned at once, so that several appends may be under way, each expecting the one before.
 *
 *   - `append` keeps the record rule: an entry of commits has the epoch of the last claim, a claim has a greater one; 'moved' otherwise.
 *     So every entry in these files counts, and readers need not look for void ones.
 *   - A failed write or synchronisation is final (J5): everything that waits is rejected, `onFailure` is called once and must end the process.
 *   - Recovery verifies all of the chain, cuts a torn last block, and synchronises file and directory before it says what it found: what was
 *     only in the page cache when the process ended must not be believed before it is durable.
 *   - The newest entries stay decoded in memory; readers read older ones from disk, a segment at a time, some of which are held.
 */
import { assert } from '#base/assert.ts';
import { randomId } from '#base/base32.ts';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { AppendFile, Disk, World } from '#base/world.ts';
import { type ChainEnd, chainHash, entryHeaderBytes, genesisHash, hashBytes, JournalDamaged, JournalFailed, sameHash } from '../chain.ts';
import { decodeEntry, encodeEntry, MalformedEntry } from '../entry-codec.ts';
import type { Journal, JournalEntry, JournalPosition, PlacedEntry } from '../journal.ts';
import { TailCache } from '../tail-cache.ts';
import {
  blockAt,
  blockHeaderBytes,
  blockSeed,
  decodeSegmentHeader,
  encodeSegmentHeader,
  isFollowed,
  sealBlock,
  segmentHeaderBytes,
} from './blocks.ts';

export type FileJournalOptions = {
  readonly world: World;
  readonly directory: string;
  /** The journal can no longer be written to: the process must end. */
  readonly onFailure: (error: Error) => void;
  /** A segment that has reached this is closed; 16 MiB. Whole segments are what truncation removes. */
  readonly segmentBytes?: number;
  /** A journal that is made here has this position before its first: what lies at or below it is known in another way. 0. */
  readonly startBehind?: JournalPosition;
  /** Encoded bytes of entries kept decoded; 8 MiB. */
  readonly tailCacheBytes?: number;
};

type Segment = {
  readonly path: string;
  readonly firstPosition: JournalPosition;
  /** Epoch of the last claim before it. */
  readonly epoch: number;
  readonly previousHash: Uint8Array;
};

type Pending = {
  readonly placed: PlacedEntry;
  readonly bytes: number;
  readonly resolve: (result: { readonly position: JournalPosition }) => void;
  readonly reject: (error: Error) => void;
};

type OpenedSegment = { readonly segment: Segment; readonly bytes: Buffer; readonly places: readonly EntryPlace[] };

/** So many readers behind the tail, each in a segment of its own, do not read and verify a segment anew for every few entries. */
const openedSegments = 4;

const suffix = '.journal';
const segmentName = (firstPosition: JournalPosition): string => `${String(firstPosition).padStart(16, '0')}${suffix}`;

/** Opens the journal of a directory, making an empty one where there is none. Throws JournalDamaged. */
export async function openFileJournal(options: FileJournalOptions): Promise<FileJournal> {
  const { world, directory } = options;
  const { disk } = world;
  disk.makeDirectory(directory);
  const recovered = recover(disk, directory);
  if (recovered === undefined) return createJournal(options);

  const { segments, tornSegment } = recovered;
  if (tornSegment !== undefined) {
    world.log.warn('removing a segment file that was being created when the process ended', { path: tornSegment });
    disk.remove(tornSegment);
  }
  const active = segments[segments.length - 1];
  if (recovered.cutAt !== undefined) {
    world.log.warn('cutting a torn block off the journal', { path: active.path, length: recovered.cutAt });
    await disk.truncate(active.path, recovered.cutAt);
  }
  const file = disk.openAppend(active.path);
  await file.sync();
  await disk.syncDirectory(directory);
  return new FileJournal(options, {
    id: recovered.id,
    segments,
    file,
    end: recovered.end,
  });
}

async function createJournal(options: FileJournalOptions): Promise<FileJournal> {
  const { world, directory, startBehind = 0 } = options;
  const id = randomId(world.random);
  const previousHash = genesisHash(id);
  const firstPosition = startBehind + 1;
  const path = `${directory}/${segmentName(firstPosition)}`;
  world.disk.remove(path);
  const file = world.disk.openAppend(path);
  file.write(encodeSegmentHeader({ journalId: id, firstPosition, epoch: 0, previousHash }));
  await file.sync();
  await world.disk.syncDirectory(directory);
  const parent = directory.slice(0, Math.max(directory.lastIndexOf('/'), 0));
  if (parent !== '') await world.disk.syncDirectory(parent);
  return new FileJournal(options, {
    id,
    segments: [{ path, firstPosition, epoch: 0, previousHash }],
    file,
    end: { position: startBehind, hash: previousHash, epoch: 0 },
  });
}

type Recovered = {
  readonly id: string;
  readonly segments: Segment[];
  readonly end: ChainEnd;
  /** Where the last segment's torn block begins. */
  readonly cutAt: number | undefined;
  /** Path of a segment whose creation was cut short. */
  readonly tornSegment: string | undefined;
};

/** Reads and verifies everything; changes nothing. undefined when no journal has been made here yet. */
function recover(disk: Disk, directory: string): Recovered | undefined {
  const paths = disk
    .list(directory)
    .filter((name) => name.endsWith(suffix))
    .map((name) => `${directory}/${name}`);
  const segments: Segment[] = [];
  let id: string | undefined;
  let chain: ChainEnd | undefined;
  let cutAt: number | undefined;
  let tornSegment: string | undefined;

  for (const [index, path] of paths.entries()) {
    const isLast = index === paths.length - 1;
    const bytes = readSegment(disk, path);
    const header = decodeSegmentHeader(bytes);
    if (header === undefined) {
      // A segment's header is durable before its first block is written.
      if (!isLast || bytes.length > segmentHeaderBytes) throw new JournalDamaged(`${path}: the segment's header is damaged`);
      tornSegment = path;
      break;
    }
    if (path !== `${directory}/${segmentName(header.firstPosition)}`)
      throw new JournalDamaged(`${path}: the file has another segment's name`);
    id ??= header.journalId;
    if (header.journalId !== id) throw new JournalDamaged(`${path}: belongs to journal ${header.journalId}, not ${id}`);
    if (chain === undefined) {
      if (header.firstPosition === 1 && !sameHash(header.previousHash, genesisHash(id)))
        throw new JournalDamaged(`${path}: wrong start of the chain`);
    } else if (header.firstPosition !== chain.position + 1 || !sameHash(header.previousHash, chain.hash) || header.epoch !== chain.epoch) {
      throw new JournalDamaged(`${path}: does not follow the segment before it (position ${chain.position})`);
    }
    segments.push({ path, firstPosition: header.firstPosition, epoch: header.epoch, previousHash: header.previousHash });
    const walked = walkSegment(path, bytes, segments[segments.length - 1], blockSeed(id), undefined);
    if (walked.stoppedAt !== undefined) {
      if (!isLast || isFollowed(bytes, walked.stoppedAt, blockSeed(id))) {
        throw new JournalDamaged(`${path}: damaged behind position ${walked.end.position}, at byte ${walked.stoppedAt}`);
      }
      cutAt = walked.stoppedAt;
    }
    chain = walked.end;
  }
  if (id === undefined || chain === undefined) return undefined;
  return {
    id,
    segments,
    end: chain,
    cutAt,
    tornSegment,
  };
}

function readSegment(disk: Disk, path: string): Buffer {
  const bytes = disk.read(path);
  if (bytes === undefined) throw new JournalDamaged(`${path}: the file is gone`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where an entry lies; `start` is at its position field. */
type EntryPlace = { readonly start: number; readonly end: number; readonly hash: Uint8Array; readonly epoch: number };

/** Verifies a segment's blocks and chain (J1, J4) and collects where its entries are. Stops at the first byte that is no whole block. */
function walkSegment(
  path: string,
  bytes: Buffer,
  segment: Segment,
  seed: number,
  collect: EntryPlace[] | undefined,
): { readonly end: ChainEnd; readonly stoppedAt: number | undefined } {
  let position = segment.firstPosition - 1;
  let previous = segment.previousHash;
  let lastEpoch = segment.epoch;
  let offset = segmentHeaderBytes;
  let stoppedAt: number | undefined;
  while (offset < bytes.length) {
    const block = blockAt(bytes, offset, seed);
    if (block === undefined) {
      stoppedAt = offset;
      break;
    }
    const reader = new ByteReader(bytes, block.bodyStart, block.bodyEnd);
    while (reader.remaining > 0) {
      if (reader.remaining < 4 + entryHeaderBytes) throw new JournalDamaged(`${path}: bytes left over behind position ${position}`);
      const length = reader.uint32();
      const start = reader.offset;
      const found = Number(reader.int64());
      const epoch = reader.uint32();
      const statedHash = reader.bytes(hashBytes);
      const end = start + length;
      // A whole block with a wrong entry in it is no torn write: it was written so, or put here from elsewhere.
      if (found !== position + 1) throw new JournalDamaged(`${path}: position ${found} follows ${position}`);
      if (!sameHash(statedHash, previous)) throw new JournalDamaged(`${path}: position ${found} does not continue the chain`);
      if (end > block.bodyEnd) throw new JournalDamaged(`${path}: position ${found} ends outside its block`);
      const isClaim = bytes[start + entryHeaderBytes + 1] === 1;
      if (isClaim ? epoch <= lastEpoch : epoch !== lastEpoch)
        throw new JournalDamaged(`${path}: position ${found} has epoch ${epoch} after ${lastEpoch}`);
      position = found;
      lastEpoch = epoch;
      previous = chainHash(bytes.subarray(start, end));
      collect?.push({ start, end, hash: previous, epoch });
      reader.offset = end;
    }
    offset = block.bodyEnd;
  }
  return { end: { position, hash: previous, epoch: lastEpoch }, stoppedAt };
}

type Start = {
  readonly id: string;
  readonly segments: Segment[];
  readonly file: AppendFile;
  readonly end: ChainEnd;
};

export class FileJournal implements Journal {
  readonly id: string;
  readonly #seed: number;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #onFailure: (error: Error) => void;
  readonly #segmentBytes: number;
  readonly #segments: Segment[];
  readonly #tail: TailCache;
  readonly #growers = new Set<() => void>();
  #file: AppendFile;

  #durable: ChainEnd;
  /** Appended, durable or not yet. */
  #assigned: ChainEnd;
  /** What the active segment held when the last synchronisation began that has succeeded. */
  #durableBytes: number;
  #block: ByteWriter;
  #pending: Pending[] = [];
  #flushing: Promise<void> | undefined;
  #failure: Error | undefined;
  #closed = false;
  #truncation: Promise<void> = Promise.resolve();
  /** Segments that readers behind the tail are in, the one used last at the end. */
  #opened: readonly OpenedSegment[] = [];

  constructor(options: FileJournalOptions, start: Start) {
    this.id = start.id;
    this.#seed = blockSeed(start.id);
    this.#disk = options.world.disk;
    this.#directory = options.directory;
    this.#onFailure = options.onFailure;
    this.#segmentBytes = options.segmentBytes ?? 16 * 2 ** 20;
    this.#segments = start.segments;
    this.#file = start.file;
    this.#durableBytes = start.file.length;
    this.#durable = start.end;
    this.#assigned = start.end;
    this.#tail = new TailCache(start.end.position, options.tailCacheBytes ?? 8 * 2 ** 20);
    this.#block = emptyBlock();
  }

  get firstPosition(): JournalPosition {
    return this.#segments[0].firstPosition;
  }

  get lastPosition(): JournalPosition {
    return this.#durable.position;
  }

  /** Segments that hold entries behind the position. */
  segmentsBehind(position: JournalPosition): number {
    return this.#segments.filter((_, at) => (this.#segments[at + 1]?.firstPosition ?? Number.POSITIVE_INFINITY) > position + 1).length;
  }

  append(entry: JournalEntry, expectedLast: JournalPosition): Promise<{ readonly position: JournalPosition } | 'moved'> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new JournalFailed('the journal is closed'));
    const last = this.#assigned;
    if (expectedLast !== last.position) return Promise.resolve('moved');
    if (entry.kind === 'claim' ? entry.epoch <= last.epoch : entry.epoch !== last.epoch) return Promise.resolve('moved');

    const position = last.position + 1;
    const writer = this.#block;
    const lengthAt = writer.length;
    writer.uint32(0);
    const start = writer.length;
    writer.int64(position);
    writer.uint32(entry.epoch);
    writer.bytes(last.hash);
    encodeEntry(entry, writer);
    const bytes = writer.length - start;
    writer.patchInt32(lengthAt, bytes);
    const hash = chainHash(writer.view().subarray(start));
    this.#assigned = { position, hash, epoch: entry.epoch };
    return new Promise((resolve, reject) => {
      this.#pending.push({ placed: { position, entry, hash }, bytes, resolve, reject });
      // The first write of the loop happens in this call: an idle journal makes nobody wait for a turn of the event loop.
      if (this.#flushing === undefined) this.#startFlushing();
    });
  }

  #startFlushing(): void {
    this.#flushing = this.#flush();
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      let group: readonly Pending[] = [];
      try {
        if (this.#file.length >= this.#segmentBytes) await this.#startSegment(this.#pending[0].placed.position);
        group = this.#pending;
        this.#pending = [];
        await this.#writeBlock();
        this.#becomeDurable(group);
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)), group);
        return;
      }
    }
    this.#flushing = undefined;
  }

  async #writeBlock(): Promise<void> {
    this.#file.write(sealBlock(this.#block, this.#seed));
    const length = this.#file.length;
    // A large transaction must not hold its buffer for ever.
    if (this.#block.length > 2 ** 20) this.#block = emptyBlock();
    else this.#block.rewind(blockHeaderBytes);
    await this.#file.sync();
    this.#durableBytes = length;
  }

  /** Everything before is durable here: one synchronisation ended before this one began. */
  async #startSegment(firstPosition: JournalPosition): Promise<void> {
    const path = `${this.#directory}/${segmentName(firstPosition)}`;
    const { hash, epoch } = this.#durable;
    const file = this.#disk.openAppend(path);
    file.write(encodeSegmentHeader({ journalId: this.id, firstPosition, epoch, previousHash: hash }));
    await file.sync();
    await this.#disk.syncDirectory(this.#directory);
    this.#file.close();
    this.#file = file;
    this.#durableBytes = file.length;
    this.#segments.push({ path, firstPosition, epoch, previousHash: hash });
  }

  #becomeDurable(group: readonly Pending[]): void {
    for (const { placed, bytes } of group) {
      assert(placed.position === this.#durable.position + 1, 'J1: positions have no gap');
      this.#durable = { position: placed.position, hash: placed.hash, epoch: placed.entry.epoch };
      this.#tail.push(placed, bytes);
    }
    for (const grow of this.#growers) grow();
    for (const { placed, resolve } of group) resolve({ position: placed.position });
  }

  #fail(cause: Error, group: readonly Pending[]): void {
    const failure = new JournalFailed(`the journal in ${this.#directory} can no longer be written: ${cause.message}`, { cause });
    this.#failure = failure;
    const waiting = [...group, ...this.#pending];
    this.#pending = [];
    this.#onFailure(failure);
    for (const { reject } of waiting) reject(failure);
  }

  read(position: JournalPosition, maximumEntries: number): readonly PlacedEntry[] {
    assert(position >= this.firstPosition, 'entries below firstPosition are gone');
    if (position > this.#durable.position) return [];
    const recent = this.#tail.read(position, maximumEntries);
    return recent ?? this.#readSegment(position, maximumEntries);
  }

  #readSegment(position: JournalPosition, maximumEntries: number): readonly PlacedEntry[] {
    const segment = this.#segments.findLast(({ firstPosition }) => firstPosition <= position);
    assert(segment !== undefined, 'J1: every kept position lies in a segment');
    let opened = this.#opened.find((each) => each.segment === segment);
    if (opened === undefined || position >= segment.firstPosition + opened.places.length) {
      const whole = readSegment(this.#disk, segment.path);
      // The active segment may hold bytes that are not durable yet, and half a block.
      const bytes = segment === this.#segments[this.#segments.length - 1] ? whole.subarray(0, this.#durableBytes) : whole;
      const places: EntryPlace[] = [];
      const { stoppedAt } = walkSegment(segment.path, bytes, segment, this.#seed, places);
      if (stoppedAt !== undefined) throw new JournalDamaged(`${segment.path}: damaged at byte ${stoppedAt}`);
      opened = { segment, bytes, places };
    }
    const found: PlacedEntry[] = [];
    for (let i = position - segment.firstPosition; i < opened.places.length && found.length < maximumEntries; i++) {
      const place = opened.places[i];
      found.push({ position: segment.firstPosition + i, entry: decodeAt(segment.path, opened.bytes, place), hash: place.hash });
    }
    assert(found.length > 0, 'J2: a durable entry is in its segment');
    const others = this.#opened.filter((each) => each.segment !== segment);
    // Whoever reads on from its end goes to the next segment: this one's bytes need not be held.
    this.#opened = found.length < maximumEntries ? others : [...others.slice(1 - openedSegments), opened];
    return found;
  }

  onGrow(callback: () => void): () => void {
    this.#growers.add(callback);
    return () => this.#growers.delete(callback);
  }

  /** Oldest first, each removal durable before the next: a crash in between must not leave a hole. The newest segment always stays. */
  truncateBefore(position: JournalPosition): Promise<void> {
    this.#truncation = this.#truncation.then(async () => {
      while (this.#segments.length > 1 && this.#segments[1].firstPosition <= position) {
        const [oldest] = this.#segments.splice(0, 1);
        this.#opened = this.#opened.filter(({ segment }) => segment !== oldest);
        this.#disk.remove(oldest.path);
        await this.#disk.syncDirectory(this.#directory);
      }
    });
    return this.#truncation;
  }

  /** Waits for what has been appended. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#flushing;
    await this.#truncation;
    this.#growers.clear();
    this.#file.close();
  }
}

function emptyBlock(): ByteWriter {
  const writer = new ByteWriter(64 * 1024);
  writer.reserve(blockHeaderBytes);
  writer.advance(blockHeaderBytes);
  return writer;
}

function decodeAt(path: string, bytes: Buffer, place: EntryPlace): JournalEntry {
  try {
    return decodeEntry(new ByteReader(bytes, place.start + entryHeaderBytes, place.end), place.epoch);
  } catch (error) {
    if (error instanceof MalformedEntry) throw new JournalDamaged(`${path}: byte ${place.start}: ${error.message}`, { cause: error });
    throw error;
  }
}
