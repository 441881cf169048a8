/**
 * Recovery points: what clusters were at one timestamp, kept by the deployment until they are removed.
 *
 *   DIR/backups/ID/            the rows (checkpoint-folder.ts), in parts small enough to travel as one request
 *   DIR/backups/ID/point       what it is of
 *
 *   RP1  A recovery point exists when its folder is complete. What a crash has left of one is removed at the next start.
 *   RP2  One that comes from outside is believed page by page: checksums, ascending keys, number of rows.
 *   RP3  One that is being restored from cannot be removed (ClusterRegistry says which are).
 */
import { randomId } from '#base/base32.ts';
import type { AppendFile, Timestamp, World } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import {
  completeFile,
  completeFolder,
  headerOf,
  pagesOfFolder,
  pagesOfPart,
  partName,
  readCompleteFile,
  writeCheckpointFolder,
} from './checkpoint-folder.ts';
import { type ClusterCopy, OriginLost } from './cluster-copy.ts';
import { ClusterRefusal } from './cluster-refusal.ts';

export type PointSource = {
  readonly clusterId: string;
  readonly clusterArn: string;
  readonly createdAt: Timestamp;
};

export type RecoveryPoint = PointSource & {
  readonly id: string;
  /** The rows are as of this timestamp. */
  readonly appliedTimestamp: Timestamp;
  readonly catalogTimestamp: Timestamp;
  readonly parts: number;
  readonly rows: number;
};

/** What comes from outside, as far as it has come. */
type Upload = { readonly id: string; readonly described: UploadDescription; parts: number; rows: number; last: Key };
export type UploadDescription = PointSource & { readonly appliedTimestamp: Timestamp; readonly catalogTimestamp: Timestamp };

/** A part is a request's body: this and one page at most, of 1 MiB or one row. */
const partBytes = 4 * 1024 * 1024;
const uploadsAtOnce = 4;
/** A recovery point belongs to no journal. */
const noJournal = 'recovery-point';

export class RecoveryPoints {
  readonly #world: World;
  readonly #directory: string;
  readonly #writing = new Set<string>();
  readonly #uploads = new Map<string, Upload>();

  constructor(world: World, directory: string) {
    this.#world = world;
    this.#directory = directory;
    for (const id of world.disk.list(directory)) if (this.find(id) === undefined) world.disk.remove(this.#folder(id));
  }

  newId(): string {
    return randomId(this.#world.random);
  }

  /** The oldest first. */
  list(): readonly RecoveryPoint[] {
    return this.#world.disk
      .list(this.#directory)
      .flatMap((id) => this.find(id) ?? [])
      .sort((a, b) => a.createdAt - b.createdAt);
  }

  find(id: string): RecoveryPoint | undefined {
    if (!/^[a-z0-9]{26}$/.test(id) || this.#writing.has(id)) return undefined;
    const complete = readCompleteFile(this.#world, this.#folder(id));
    const point = this.#world.disk.read(`${this.#folder(id)}/point`);
    if (complete === undefined || point === undefined) return undefined;
    const { clusterId, clusterArn, createdAt } = JSON.parse(Buffer.from(point).toString('utf8')) as PointSource;
    const { appliedTimestamp, catalogTimestamp, parts, rows } = complete;
    return { id, clusterId, clusterArn, createdAt, appliedTimestamp, catalogTimestamp, parts, rows };
  }

  /** Throws the refusal. */
  get(id: string): RecoveryPoint {
    const found = this.find(id);
    if (found === undefined) throw new ClusterRefusal('notFound', `Recovery point ${id} was not found.`, id);
    return found;
  }

  /** Writes a copy down as recovery point `id`. */
  async take(id: string, source: PointSource, copy: ClusterCopy): Promise<RecoveryPoint> {
    const folder = this.#folder(id);
    this.#writing.add(id);
    try {
      await writeCheckpointFolder(this.#world, folder, headerFor(copy), copy.pages, partBytes);
      await this.#describe(id, source);
    } catch (error) {
      this.#world.disk.remove(folder);
      throw error;
    } finally {
      this.#writing.delete(id);
    }
    return this.get(id);
  }

  /** One part's bytes, as they travel; parts count from 1. */
  part(id: string, part: number): Uint8Array | undefined {
    return this.#world.disk.read(`${this.#folder(this.get(id).id)}/${partName(part)}`);
  }

  /** What a new cluster begins with. */
  content(id: string): ClusterCopy {
    const folder = this.#folder(id);
    const complete = readCompleteFile(this.#world, folder);
    if (complete === undefined) throw new OriginLost(`the recovery point ${id} is gone`);
    const { appliedTimestamp, catalogTimestamp } = headerOf(complete);
    return { appliedTimestamp, catalogTimestamp, pages: pagesOfFolder(this.#world, folder, complete) };
  }

  /** Parts follow, then `endUpload`. The oldest of too many unfinished ones is given up. */
  beginUpload(described: UploadDescription): string {
    const [oldest] = this.#uploads.keys();
    if (this.#uploads.size >= uploadsAtOnce && oldest !== undefined) this.#dropUpload(oldest);
    const id = this.newId();
    const folder = this.#folder(id);
    this.#world.disk.makeDirectory(folder);
    this.#uploads.set(id, { id, described, parts: 0, rows: 0, last: '' });
    return id;
  }

  async addPart(id: string, part: number, content: Uint8Array): Promise<void> {
    const upload = this.#upload(id);
    if (part !== upload.parts + 1) throw refused(id, `The next part is ${upload.parts + 1}.`);
    const { appliedTimestamp } = upload.described;
    for (const page of pagesOfPart(content)) {
      if (page === undefined) throw refused(id, `Part ${part} is damaged.`);
      for (const { key, timestamp } of page) {
        if (key <= upload.last || timestamp > appliedTimestamp) throw refused(id, `The rows of part ${part} are not in order.`);
        upload.last = key;
      }
      upload.rows += page.length;
    }
    upload.parts = part;
    const path = `${this.#folder(id)}/${partName(part)}`;
    this.#world.disk.remove(path);
    const file: AppendFile = this.#world.disk.openAppend(path);
    try {
      file.write(content);
      await file.sync();
    } finally {
      file.close();
    }
  }

  async endUpload(id: string, parts: number, rows: number): Promise<RecoveryPoint> {
    const upload = this.#upload(id);
    if (parts !== upload.parts || rows !== upload.rows)
      throw refused(id, `${upload.parts} parts with ${upload.rows} rows have arrived, not ${parts} with ${rows}.`);
    const { described } = upload;
    await completeFolder(this.#world.disk, this.#folder(id), completeFile(headerFor(described), parts, rows));
    await this.#describe(id, described);
    this.#uploads.delete(id);
    return this.get(id);
  }

  /** Also of one that is still arriving. */
  remove(id: string): void {
    if (this.#uploads.has(id)) this.#dropUpload(id);
    else this.#world.disk.remove(this.#folder(this.get(id).id));
  }

  #upload(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new ClusterRefusal('notFound', `Recovery point ${id} is not one that is being sent.`, id);
    return upload;
  }

  #dropUpload(id: string): void {
    this.#uploads.delete(id);
    this.#world.disk.remove(this.#folder(id));
  }

  async #describe(id: string, { clusterId, clusterArn, createdAt }: PointSource): Promise<void> {
    await this.#world.disk.replace(`${this.#folder(id)}/point`, Buffer.from(JSON.stringify({ clusterId, clusterArn, createdAt })));
    await this.#world.disk.syncDirectory(this.#folder(id));
  }

  #folder(id: string): string {
    return `${this.#directory}/${id}`;
  }
}

const headerFor = ({
  appliedTimestamp,
  catalogTimestamp,
}: {
  readonly appliedTimestamp: Timestamp;
  readonly catalogTimestamp: Timestamp;
}) => ({
  journalId: noJournal,
  position: 0,
  hash: new Uint8Array(),
  appliedTimestamp,
  catalogTimestamp,
});

const refused = (id: string, message: string): ClusterRefusal => new ClusterRefusal('invalid', message, id);
