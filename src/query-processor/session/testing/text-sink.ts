/** A result sink that keeps what it is sent as text, for tests: one line a message. */
import { ByteWriter } from '#base/bytes.ts';
import type { Notice } from '#base/sql-error.ts';
import { SqlError } from '#base/sql-error.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import type { Field, Maybe, ResultSink, ValueEncoder } from '../../query-processor.ts';
import type { LocalSession } from '../session.ts';

export class TextSink implements ResultSink {
  readonly lines: string[] = [];
  readonly rowsSent: (string | null)[][] = [];
  fields: readonly Field[] = [];
  /** What COPY FROM STDIN is given. */
  input: readonly (string | Uint8Array)[] = [];

  rowDescription(fields: readonly Field[]): void {
    this.fields = fields;
    this.lines.push(fields.map((field) => field.name).join('|'));
  }

  rows(batch: Batch, fields: readonly Field[], encoders: readonly ValueEncoder[]): Maybe<void> {
    const writer = new ByteWriter();
    for (let row = 0; row < batch.rowCount; row++) {
      const texts = fields.map((_, at) => {
        const value = datumAt(batch.columns[at], row);
        if (value === null) return null;
        writer.clear();
        encoders[at](value, writer);
        const bytes = writer.view();
        if (bytes.readInt32BE(0) !== bytes.length - 4) throw new Error('an encoder wrote a wrong length');
        return bytes.toString('utf8', 4);
      });
      this.rowsSent.push(texts);
      this.lines.push(texts.map((text) => text ?? 'NULL').join('|'));
    }
  }

  commandComplete(tag: string): void {
    this.lines.push(tag);
  }

  emptyQuery(): void {
    this.lines.push('(empty)');
  }

  portalSuspended(): void {
    this.lines.push('(suspended)');
  }

  notice(notice: Notice): void {
    this.lines.push(`${notice.severity}: ${notice.message}`);
  }

  async *copyIn(): AsyncIterable<Uint8Array> {
    for (const piece of this.input) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
  }

  copyOutStart(columnFormats: readonly number[]): void {
    this.lines.push(`(copy ${columnFormats.length})`);
  }

  copyOutData(rows: readonly (string | Uint8Array)[]): void {
    for (const row of rows)
      this.lines.push(...(typeof row === 'string' ? row.split('\n').slice(0, -1) : [Buffer.from(row).toString('hex')]));
  }

  copyOutEnd(): void {
    this.lines.push('(end)');
  }
}

/** Runs a simple query; its messages as lines, notices and error among them. */
export async function run(session: LocalSession, text: string, input: readonly (string | Uint8Array)[] = []): Promise<string[]> {
  const sink = new TextSink();
  sink.input = input;
  try {
    await session.simpleQuery(text, sink);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // As on the wire: what was remarked comes before the error.
    for (const notice of session.takeNotices()) sink.notice(notice);
    sink.lines.push(`ERROR ${error.sqlstate}: ${error.message}`);
  }
  return [...session.takeNotices().map((notice) => `${notice.severity}: ${notice.message}`), ...sink.lines];
}
