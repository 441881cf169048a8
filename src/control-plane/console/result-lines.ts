/**
 * What a session answers, as plain data for the console: rows as PostgreSQL's text of each value, in pieces of bounded size.
 */
import { InvariantError } from '#base/assert.ts';
import { ByteWriter } from '#base/bytes.ts';
import { type ErrorFields, type Notice, notSupported } from '#base/sql-error.ts';
import type { Report } from '#pgwire/backend-message.ts';
import type { Field, Maybe, ResultSink, ValueEncoder } from '#query-processor/query-processor.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import { typeByOid } from '#sql/types/registry.ts';

export type ResultColumn = { readonly name: string; readonly type: string; readonly oid: number };

export type ErrorReport = ErrorFields & { readonly sqlstate: string; readonly message: string };

export type ResultLine =
  /** A statement of the text begins: its number, and where it stands (UTF-16 offsets). */
  | { readonly kind: 'statement'; readonly index: number; readonly start: number; readonly end: number }
  | { readonly kind: 'columns'; readonly columns: readonly ResultColumn[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | null)[])[] }
  /** As many rows as were asked for: more can be fetched (or not, when `isLast` is false: another statement follows). */
  | { readonly kind: 'suspended'; readonly isLast: boolean }
  | { readonly kind: 'complete'; readonly tag: string; readonly ms: number }
  | { readonly kind: 'notice'; readonly notice: ErrorReport }
  /** `position` counts characters from 1 in the whole text. */
  | { readonly kind: 'error'; readonly error: ErrorReport }
  | { readonly kind: 'ready'; readonly transactionStatus: 'I' | 'T' | 'E' };

/** A piece of rows is sent when it has so many characters, or rows. */
const pieceCharacters = 64 * 1024;
const pieceRows = 500;

export class ResultLines implements ResultSink {
  readonly #write: (line: ResultLine) => Maybe<void>;
  readonly #writer = new ByteWriter(1024);
  #tag = '';
  #isSuspended = false;
  #copied: (readonly string[])[] = [];

  constructor(write: (line: ResultLine) => Maybe<void>) {
    this.#write = write;
  }

  /** Of the latest statement; '' for one that was empty. */
  get tag(): string {
    return this.#tag;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  begin(): void {
    this.#tag = '';
    this.#isSuspended = false;
    this.#copied = [];
  }

  rowDescription(fields: readonly Field[]): void {
    void this.#write({
      kind: 'columns',
      columns: fields.map(({ name, type }) => ({ name, type: typeByOid(type.oid).name, oid: type.oid })),
    });
  }

  rows(batch: Batch, _fields: readonly Field[], encoders: readonly ValueEncoder[]): Maybe<void> {
    return this.#rowsFrom(batch, encoders, 0);
  }

  #rowsFrom(batch: Batch, encoders: readonly ValueEncoder[], from: number): Maybe<void> {
    const { columns, rowCount } = batch;
    let at = from;
    while (at < rowCount) {
      const rows: (string | null)[][] = [];
      let characters = 0;
      for (; at < rowCount && rows.length < pieceRows && characters < pieceCharacters; at++) {
        const row = encoders.map((encode, column) => {
          const value = datumAt(columns[column], at);
          if (value === null) return null;
          this.#writer.clear();
          encode(value, this.#writer);
          const text = this.#writer.view().toString('utf8', 4);
          characters += text.length;
          return text;
        });
        rows.push(row);
      }
      const wait = this.#write({ kind: 'rows', rows });
      if (wait !== undefined) return wait.then(() => this.#rowsFrom(batch, encoders, at));
    }
    return undefined;
  }

  commandComplete(tag: string): void {
    this.#tag = tag;
  }

  emptyQuery(): void {
    this.#tag = '';
  }

  portalSuspended(): void {
    this.#isSuspended = true;
  }

  notice(notice: Notice): void {
    const { severity, sqlstate, message, fields } = notice;
    void this.#write({ kind: 'notice', notice: { ...fields, severity, sqlstate, message } });
  }

  copyIn(): AsyncIterable<Uint8Array> {
    throw notSupported('COPY FROM STDIN is not supported in the query editor', { hint: 'Use the import page.' });
  }

  copyOutStart(columnFormats: readonly number[]): void {
    if (columnFormats.includes(1)) throw notSupported('COPY in binary format is not supported in the query editor');
    void this.#write({ kind: 'columns', columns: [{ name: 'copy', type: 'text', oid: 25 }] });
  }

  copyOutData(lines: readonly (string | Uint8Array)[]): Maybe<void> {
    return this.#copiedFrom(lines, 0);
  }

  #copiedFrom(lines: readonly (string | Uint8Array)[], from: number): Maybe<void> {
    for (let at = from; at < lines.length; at++) {
      const line = lines[at];
      if (typeof line !== 'string') throw new InvariantError('binary data are refused at their start');
      this.#copied.push([line.replace(/\n$/, '')]);
      if (this.#copied.length < pieceRows) continue;
      const rows = this.#copied;
      this.#copied = [];
      const wait = this.#write({ kind: 'rows', rows });
      if (wait !== undefined) return wait.then(() => this.#copiedFrom(lines, at + 1));
    }
    return undefined;
  }

  copyOutEnd(): void {
    if (this.#copied.length > 0) void this.#write({ kind: 'rows', rows: this.#copied });
    this.#copied = [];
  }
}

/** `shift` is what stands before the statement in the text, in characters. */
export function errorReport({ sqlstate, message, fields }: Report, shift = 0): ErrorReport {
  const { position, severity = 'ERROR' } = fields;
  return { ...fields, ...(position === undefined ? {} : { position: position + shift }), severity, sqlstate, message };
}
