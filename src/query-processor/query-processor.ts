/**
 * Query processor: a statement becomes rows, a transaction becomes one commit request; it keeps nothing durable.
 *
 *   parser/ → analyzer/ → planner/ → executor/     the stages of a statement
 *   catalog/                                       what exists as of a snapshot; schema changes; system catalogs
 *   transaction/                                   snapshot, write buffer, limits, the commit request
 *   session/                                       one connection's prepared statements, portals, settings, transaction block
 *   jobs/                                          work beside the sessions: asynchronous index builds, ...
 *
 * This door is what pgwire/ speaks to. A Session is one connection's. Its methods are called one at a time (pgwire queues messages);
 * they throw SqlError for the client's news, and the session then has already put its transaction block into the failed state.
 * Methods return a promise only when something must be waited for: the common point query runs without one.
 */
import type { ErrorFields, Notice } from '#base/sql-error.ts';
import type { Batch } from '#sql/batch.ts';
import type { TypeRef } from '#sql/type.ts';

export type Maybe<T> = T | Promise<T>;

export interface QueryProcessor {
  /** May who signed as `principal` connect as `user`? Reads the catalog as it is now; `connect` follows when the answer is yes. */
  admit(user: string, principal: string): Maybe<Admission>;
  /** Throws SqlError for start-up options that are refused. */
  connect(startup: SessionStart): Session;
  /** Sends a cancel request to the session with this pid and secret; false when there is none. */
  cancel(processId: number, secret: Uint8Array): boolean;
}

/** `hint` is for the client. `settings` are the role's own, names in lower case. */
export type Admission =
  | { readonly kind: 'admitted'; readonly settings: ReadonlyMap<string, string> }
  | { readonly kind: 'refused'; readonly hint: string };

export type SessionStart = {
  readonly user: string;
  /** The ARN that the client's token was signed for. */
  readonly principal?: string | undefined;
  /** What ALTER ROLE has set for the user; the client's own options come over it. */
  readonly roleSettings?: ReadonlyMap<string, string> | undefined;
  readonly database: string;
  readonly applicationName: string;
  /** GUCs from the start-up packet and its `options` (-c name=value), names in lower case. */
  readonly options: ReadonlyMap<string, string>;
  /** Of a session that has a connection. */
  readonly endpoints?: Endpoints | undefined;
  /** Ends the connection, whose client is told why: pg_terminate_backend. */
  readonly terminate?: (() => void) | undefined;
};

/** The two ends of a connection, as text; absent over a Unix socket. */
export type Endpoints = {
  readonly clientAddress: string | undefined;
  readonly clientPort: number | undefined;
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
};

export interface Session {
  readonly processId: number;
  /** For CancelRequest; 32 random bytes (protocol 3.0 sends the first four). */
  readonly secret: Uint8Array;
  /** ReadyForQuery's letter. */
  readonly transactionStatus: 'I' | 'T' | 'E';
  /** ParameterStatus values as they are now. */
  readonly parameters: ReadonlyMap<string, string>;

  /** A Query message: all statements of the text, in one implicit transaction. */
  simpleQuery(text: string, sink: ResultSink): Maybe<void>;

  parse(name: string, text: string, parameterTypes: readonly number[]): Maybe<void>;
  describeStatement(name: string): Maybe<{ readonly parameterTypes: readonly number[]; readonly fields: readonly Field[] | undefined }>;
  /** Formats: 0 text, 1 binary; as Bind has them (none, one for all, or one each). Values are views: the session decodes them before it returns. */
  bind(
    portal: string,
    statement: string,
    formats: readonly number[],
    values: readonly (Uint8Array | null)[],
    resultFormats: readonly number[],
  ): Maybe<void>;
  describePortal(name: string): Maybe<readonly Field[] | undefined>;
  /** maxRows 0: all. */
  execute(portal: string, maxRows: number, sink: ResultSink): Maybe<void>;
  closeStatement(name: string): void;
  closePortal(name: string): void;
  /** Ends the implicit transaction of the extended protocol: commits it, or rolls back after an error. */
  sync(): Maybe<void>;

  /** Notices since the last call. */
  takeNotices(): readonly Notice[];
  /** Parameters that have changed since the last call (ParameterStatus). */
  takeChangedParameters(): readonly (readonly [string, string])[];
  /** Rolls back, frees everything, stops what runs. */
  close(): void;
}

/** One result column as RowDescription tells it. */
export type Field = {
  readonly name: string;
  readonly tableOid: number;
  readonly attributeNumber: number;
  readonly type: TypeRef;
  /** pg_type.typlen. */
  readonly length: number;
  readonly format: 0 | 1;
};

/** Where a statement's results go. pgwire writes them to the socket. */
export interface ResultSink {
  /** Simple queries only (extended ones are described by Describe). */
  rowDescription(fields: readonly Field[]): void;
  /**
   * Encodes and sends rows. Returns a promise when the client is behind: the session asks for no more rows until it resolves, so that a
   * slow client holds nothing but one batch. `encoders[c]` writes column c (format and type chosen).
   */
  rows(batch: Batch, fields: readonly Field[], encoders: readonly ValueEncoder[]): Maybe<void>;
  commandComplete(tag: string): void;
  emptyQuery(): void;
  portalSuspended(): void;
  notice(notice: Notice): void;
  /** COPY ... FROM STDIN: tells the client to send, and gives its data piece by piece; ends when the client is done, throws 57014 on CopyFail. */
  copyIn(columnFormats: readonly number[]): AsyncIterable<Uint8Array>;
  /** COPY ... TO STDOUT: the start, then the data, then the end. */
  copyOutStart(columnFormats: readonly number[]): void;
  /** One message a row, as the protocol has it. Lines, or bytes in binary format. */
  copyOutData(rows: readonly (string | Uint8Array)[]): Maybe<void>;
  copyOutEnd(): void;
}

/** Writes length and value of a non-null datum as a DataRow field holds it. */
export type ValueEncoder = (value: import('#sql/datum.ts').Datum, writer: import('#base/bytes.ts').ByteWriter) => void;

export type { ErrorFields };
