/**
 * Spill file: batches of one operator in a temporary file, written in blocks and read back by block.
 *
 *   F1  The file is gone after `close`, which every holder calls in a finally; how much may be written is bounded by whoever opens it (Run.openTemporary).
 */
import { assert } from '#base/assert.ts';
import { ByteWriter } from '#base/bytes.ts';
import type { TemporaryFile } from '#base/world.ts';
import type { Batch } from '#sql/batch.ts';
import type { Run } from '../operator.ts';
import { BatchReader, encodeBatch } from './batch-codec.ts';

/** One or more batches that lie together in the file. */
export type Block = { readonly position: number; readonly length: number; readonly rowCount: number };

/** Bytes of a block: large enough that a read is worth its call, small enough that a merge holds many. A small work memory makes them smaller. */
const largestBlock = 64 * 1024;
const smallestBlock = 2 * 1024;
/** Parts into which work memory is cut when it is full of blocks: runs merged at once, partitions written at once. */
const blocksInMemory = 16;

export const blockBytes = (workBytes: number): number =>
  Math.max(smallestBlock, Math.min(largestBlock, Math.floor(workBytes / blocksInMemory)));

export class SpillFile {
  readonly types: readonly number[];
  readonly #run: Run;
  /** Opened by the first write. */
  #file: TemporaryFile | undefined;
  readonly #writer = new ByteWriter(8192);

  /** `types`: the columns' oids. */
  constructor(types: readonly number[], run: Run) {
    this.types = types;
    this.#run = run;
  }

  get bytes(): number {
    return this.#file?.length ?? 0;
  }

  append(batches: readonly Batch[]): Block {
    this.#writer.clear();
    let rowCount = 0;
    for (const batch of batches) {
      encodeBatch(batch, this.types, this.#writer);
      rowCount += batch.rowCount;
    }
    this.#file ??= this.#run.openTemporary();
    const position = this.#file.length;
    this.#file.append(this.#writer.view());
    return { position, length: this.#writer.length, rowCount };
  }

  *read(block: Block): Generator<Batch, void, undefined> {
    assert(this.#file !== undefined, 'F1: nothing is read after close');
    const reader = new BatchReader(this.#file.read(block.position, block.length), this.types);
    while (!reader.isAtEnd) yield reader.next();
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
