/**
 * Checkpoints of a fleet's clusters in NATS's object store: what a new node begins with, and below which the journal is cut.
 *
 * One object a cluster, of pages as in the files of one process (checkpoint-page.ts); its description says where in the journal it stands. A new one takes the old one's place in one step.
 */
import type { ObjectStore } from '@nats-io/obj';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { World } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import { type CheckpointHeader, checkpointHeader, checkpointRows } from '#storage/checkpoint.ts';
import type { Replica, StoredRow } from '#storage/replica.ts';
import { pageHeaderBytes, readPage, writePage } from '../checkpoint-page.ts';

const formatVersion = 1;

type Description = {
  readonly formatVersion: number;
  readonly journalId: string;
  readonly position: JournalPosition;
  readonly hash: string;
  readonly appliedTimestamp: number;
  readonly catalogTimestamp: number;
};

export class CheckpointObjects {
  readonly #store: ObjectStore;
  readonly #name: string;

  constructor(store: ObjectStore, clusterId: string) {
    this.#store = store;
    this.#name = `${clusterId}/checkpoint`;
  }

  /** Writes what the replica shows now; its position. Others go on meanwhile. */
  async write(world: World, replica: Replica): Promise<JournalPosition> {
    const header = checkpointHeader(replica);
    const description: Description = {
      formatVersion,
      journalId: header.journalId,
      position: header.position,
      hash: Buffer.from(header.hash).toString('hex'),
      appliedTimestamp: header.appliedTimestamp,
      catalogTimestamp: header.catalogTimestamp,
    };
    const rows = checkpointRows(replica, world, header.appliedTimestamp);
    const writer = new ByteWriter(1024 * 1024);
    const content = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        for (;;) {
          const { value, done } = rows.next();
          if (done === true) {
            controller.close();
            return;
          }
          if (value instanceof Promise) {
            await value;
            continue;
          }
          writePage(writer, value);
          controller.enqueue(Uint8Array.from(writer.view()));
          return;
        }
      },
    });
    await this.#store.put({ name: this.#name, description: JSON.stringify(description) }, content);
    return header.position;
  }

  /** The cluster's checkpoint; undefined when there is none of this journal. */
  async newest(
    journalId: string,
  ): Promise<{ readonly header: CheckpointHeader; readonly pages: AsyncIterable<readonly StoredRow[]> } | undefined> {
    const found = await this.#store.get(this.#name);
    if (found === null) return undefined;
    const described = JSON.parse(found.info.description ?? '{}') as Description;
    if (described.formatVersion !== formatVersion)
      throw new Error(`the checkpoint ${this.#name} has format ${described.formatVersion}, which is not known to this version`);
    if (described.journalId !== journalId) return undefined;
    const { position, hash, appliedTimestamp, catalogTimestamp } = described;
    const header: CheckpointHeader = { journalId, position, hash: Buffer.from(hash, 'hex'), appliedTimestamp, catalogTimestamp };
    return { header, pages: pagesOf(this.#name, found.data, found.error) };
  }
}

/** Throws when the object is damaged or ends early. */
async function* pagesOf(
  name: string,
  content: ReadableStream<Uint8Array>,
  failed: Promise<Error | null>,
): AsyncGenerator<readonly StoredRow[]> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of content) {
    bytes = bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([bytes, chunk]);
    while (bytes.length >= pageHeaderBytes && bytes.length >= pageHeaderBytes + bytes.readUInt32BE(0)) {
      const end = pageHeaderBytes + bytes.readUInt32BE(0);
      const rows = readPage(new ByteReader(bytes, 0, end));
      if (rows === undefined) throw new Error(`the checkpoint ${name} is damaged`);
      yield rows;
      bytes = bytes.subarray(end);
    }
  }
  const error = await failed;
  if (error !== null) throw error;
  if (bytes.length > 0) throw new Error(`the checkpoint ${name} ends early`);
}
