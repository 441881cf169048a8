/** Copy binary writer: batches become COPY data in binary format, a message a row; the header goes before the first of them, as in PostgreSQL. */
import { ByteWriter } from '#base/bytes.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import type { Type, TypeContext } from '#sql/type.ts';
import type { ValueEncoder } from '../../query-processor.ts';
import { encoderFor } from '../value-encoders.ts';
import { binarySignature, binaryTrailer } from './copy-binary-reader.ts';

export class CopyBinaryWriter {
  readonly #encoders: readonly ValueEncoder[];
  readonly #writer = new ByteWriter();

  constructor(types: readonly Type[], context: TypeContext) {
    this.#encoders = types.map((type) => encoderFor(type.oid, 1, context));
    this.#writer.bytes(binarySignature);
    this.#writer.int32(0); // No flags.
    this.#writer.int32(0); // No extension.
  }

  // Hot: once a batch.
  rows(batch: Batch): readonly Uint8Array[] {
    const writer = this.#writer;
    const encoders = this.#encoders;
    const rows: Uint8Array[] = new Array(batch.rowCount);
    for (let row = 0; row < batch.rowCount; row++) {
      writer.int16(encoders.length);
      for (let column = 0; column < encoders.length; column++) {
        const value = datumAt(batch.columns[column], row);
        if (value === null) writer.int32(-1);
        else encoders[column](value, writer);
      }
      rows[row] = this.#taken();
    }
    return rows;
  }

  end(): Uint8Array {
    this.#writer.int16(binaryTrailer);
    return this.#taken();
  }

  #taken(): Uint8Array {
    const bytes = Buffer.from(this.#writer.view());
    this.#writer.clear();
    return bytes;
  }
}
