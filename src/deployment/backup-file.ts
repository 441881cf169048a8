/**
 * A recovery point as one file, to be kept anywhere.
 *
 *   magic      "borealis backup\n"
 *   frame      length uint32, crc32, bytes; the frames are
 *              the description as JSON (formatVersion, of which cluster, as of when, number of parts and rows),
 *              the parts, in order,
 *              the end as JSON: SHA-256 over all the parts
 *
 * A file is believed when its last frame says what was read before it, and nothing follows: what was cut short is found.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { InvariantError } from '#base/assert.ts';

const magic = Buffer.from('borealis backup\n', 'latin1');
const formatVersion = 1;
const frameHeaderBytes = 8;
/** More than any frame has: a length that is damaged must not ask for memory without end. */
const frameMaximum = 64 * 1024 * 1024;

export type BackupDescription = {
  readonly clusterIdentifier: string;
  readonly resourceArn: string;
  /** µs since 1970, like the others. */
  readonly createdAt: number;
  readonly appliedTimestamp: number;
  readonly catalogTimestamp: number;
  readonly parts: number;
  readonly rows: number;
};

/** What makes a file no backup, in words for people. */
export class BackupFileDamaged extends Error {
  override readonly name = 'BackupFileDamaged';
}

export class BackupFileWriter {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #description: BackupDescription;
  readonly #sum = createHash('sha256');
  #parts = 0;

  constructor(description: BackupDescription, write: (bytes: Uint8Array) => void) {
    this.#description = description;
    this.#write = write;
    write(magic);
    this.#frame(Buffer.from(JSON.stringify({ formatVersion, ...description })));
  }

  part(bytes: Uint8Array): void {
    this.#parts++;
    this.#sum.update(bytes);
    this.#frame(bytes);
  }

  end(): void {
    if (this.#parts !== this.#description.parts) throw new InvariantError('a backup has as many parts as its description says');
    this.#frame(Buffer.from(JSON.stringify({ sha256: this.#sum.digest('hex') })));
  }

  #frame(bytes: Uint8Array): void {
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32BE(bytes.length, 0);
    header.writeUInt32BE(crc32(bytes), 4);
    this.#write(header);
    this.#write(bytes);
  }
}

/** Reads a file from its beginning to its end. `read` gives so many bytes, or fewer at the file's end. */
export class BackupFileReader {
  readonly description: BackupDescription;
  readonly #read: (length: number) => Buffer;

  constructor(read: (length: number) => Buffer) {
    this.#read = read;
    if (!read(magic.length).equals(magic)) throw new BackupFileDamaged('it is no backup of Borealis');
    const found = parsed(this.#frame());
    if (found.formatVersion !== formatVersion)
      throw new BackupFileDamaged(`its format ${String(found.formatVersion)} is not known to this version`);
    this.description = {
      clusterIdentifier: String(found.clusterIdentifier),
      resourceArn: String(found.resourceArn),
      createdAt: Number(found.createdAt),
      appliedTimestamp: Number(found.appliedTimestamp),
      catalogTimestamp: Number(found.catalogTimestamp),
      parts: Number(found.parts),
      rows: Number(found.rows),
    };
  }

  /** The parts in order. Whoever has read them all knows that the file is whole. */
  *parts(): Generator<Buffer> {
    const sum = createHash('sha256');
    for (let part = 1; part <= this.description.parts; part++) {
      const bytes = this.#frame();
      sum.update(bytes);
      yield bytes;
    }
    if (parsed(this.#frame()).sha256 !== sum.digest('hex')) throw new BackupFileDamaged('its parts are not those that were written');
    if (this.#read(1).length > 0) throw new BackupFileDamaged('something follows its end');
  }

  #frame(): Buffer {
    const header = this.#read(frameHeaderBytes);
    if (header.length < frameHeaderBytes) throw new BackupFileDamaged('it ends too early');
    const length = header.readUInt32BE(0);
    if (length > frameMaximum) throw new BackupFileDamaged('it is damaged');
    const bytes = this.#read(length);
    if (bytes.length < length) throw new BackupFileDamaged('it ends too early');
    if (crc32(bytes) !== header.readUInt32BE(4)) throw new BackupFileDamaged('it is damaged');
    return bytes;
  }
}

function parsed(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return Object.fromEntries(Object.entries(JSON.parse(bytes.toString('utf8'))));
  } catch {
    throw new BackupFileDamaged('it is damaged'); // A frame with a good checksum and no JSON is none of ours.
  }
}
