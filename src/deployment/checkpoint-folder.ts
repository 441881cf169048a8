/**
 * Rows of one moment in a folder: parts of pages, and a last file that says that all of them are there.
 *
 *   FOLDER/part-N     pages of rows, each with its length and checksum (checkpoint-page.ts)
 *   FOLDER/complete   header, number of parts and rows; written last
 *
 * A folder without `complete` does not exist. Checkpoints (checkpoint-files.ts) and recovery points (recovery-points.ts) are such folders.
 */
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { World } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import type { CheckpointHeader } from '#storage/checkpoint.ts';
import type { StoredRow } from '#storage/replica.ts';
import { readPage, writePage } from './checkpoint-page.ts';

const formatVersion = 1;

export type CompleteFile = {
  readonly formatVersion: number;
  readonly journalId: string;
  readonly position: JournalPosition;
  readonly hash: string;
  readonly appliedTimestamp: number;
  readonly catalogTimestamp: number;
  readonly parts: number;
  readonly rows: number;
  /** Of all parts; not told by older versions. */
  readonly bytes?: number;
};

/** A page, or something to be waited for before the next. */
export type PageSource = AsyncIterable<readonly StoredRow[] | Promise<void>> | Iterable<readonly StoredRow[] | Promise<void>>;

export const partName = (number: number): string => `part-${String(number).padStart(6, '0')}`;

/** A page that is written down is not larger, but for one row. */
const pageBytes = 1024 * 1024;

/** Writes the folder anew. A part is read whole when it is loaded: `partBytes` bounds it, but for one page. */
export async function writeCheckpointFolder(
  { disk }: World,
  folder: string,
  header: CheckpointHeader,
  pages: PageSource,
  partBytes: number,
): Promise<CompleteFile> {
  disk.remove(folder);
  disk.makeDirectory(folder);
  const writer = new ByteWriter(1024 * 1024);
  let parts = 0;
  let rows = 0;
  let bytes = 0;
  let file = disk.openAppend(`${folder}/${partName(++parts)}`);
  try {
    for await (const page of pages) {
      if (page === undefined) continue;
      for (const slice of slices(page)) {
        if (file.length >= partBytes) {
          await file.sync();
          file.close();
          file = disk.openAppend(`${folder}/${partName(++parts)}`);
        }
        writePage(writer, slice);
        file.write(writer.view());
        bytes += writer.length;
      }
      rows += page.length;
    }
    await file.sync();
  } finally {
    file.close();
  }
  const complete = { ...completeFile(header, parts, rows), bytes };
  await completeFolder(disk, folder, complete);
  return complete;
}

function* slices(page: readonly StoredRow[]): Generator<readonly StoredRow[]> {
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < page.length; i++) {
    bytes += page[i].key.length + page[i].value.length;
    if (bytes < pageBytes) continue;
    yield page.slice(start, i + 1);
    start = i + 1;
    bytes = 0;
  }
  if (start < page.length) yield start === 0 ? page : page.slice(start);
}

export function completeFile(header: CheckpointHeader, parts: number, rows: number): CompleteFile {
  const { journalId, position, hash, appliedTimestamp, catalogTimestamp } = header;
  return { formatVersion, journalId, position, hash: Buffer.from(hash).toString('hex'), appliedTimestamp, catalogTimestamp, parts, rows };
}

/** All parts are there, durably: from here on the folder exists. */
export async function completeFolder(disk: World['disk'], folder: string, complete: CompleteFile): Promise<void> {
  await disk.syncDirectory(folder);
  await disk.replace(`${folder}/complete`, Buffer.from(JSON.stringify(complete)));
  await disk.syncDirectory(folder.slice(0, folder.lastIndexOf('/')));
}

/** undefined when the folder does not exist, or was not finished. */
export function readCompleteFile({ disk }: World, folder: string): CompleteFile | undefined {
  const content = disk.read(`${folder}/complete`);
  if (content === undefined) return undefined;
  const found = JSON.parse(Buffer.from(content).toString('utf8')) as CompleteFile;
  if (found.formatVersion !== formatVersion) throw new Error(`${folder} has format ${found.formatVersion}, which is not known here`);
  return found;
}

export function headerOf({ journalId, position, hash, appliedTimestamp, catalogTimestamp }: CompleteFile): CheckpointHeader {
  return { journalId, position, hash: Buffer.from(hash, 'hex'), appliedTimestamp, catalogTimestamp };
}

/** Every page of a finished folder; throws when something is missing or damaged. */
export function* pagesOfFolder(world: World, folder: string, complete: CompleteFile): Generator<readonly StoredRow[]> {
  let rows = 0;
  for (let part = 1; part <= complete.parts; part++) {
    const content = world.disk.read(`${folder}/${partName(part)}`);
    if (content === undefined) throw new Error(`${folder} lacks its part ${part}`);
    for (const page of pagesOfPart(content)) {
      if (page === undefined) throw new Error(`${folder} is damaged in part ${part}`);
      rows += page.length;
      yield page;
    }
  }
  if (rows !== complete.rows) throw new Error(`${folder} has ${rows} rows, not ${complete.rows}`);
}

/** The pages of a part; undefined for one whose checksum is wrong, or that is cut short. */
export function* pagesOfPart(content: Uint8Array): Generator<StoredRow[] | undefined> {
  const reader = new ByteReader(content);
  while (reader.remaining > 0) {
    const page = readPage(reader);
    yield page;
    if (page === undefined) return;
  }
}
