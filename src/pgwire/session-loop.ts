/**
 * SessionLoop: an authenticated client's messages, one at a time, each answered before the next is looked at.
 *
 * Errors of the extended protocol skip all messages up to Sync; errors of a simple query end that query alone. Whatever is thrown that is
 * not an SqlError is our bug: it is logged, the client sees XX000, the session goes on.
 */

import { type Notice, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Logger } from '#base/world.ts';
import type { Field, Maybe, ResultSink, Session, ValueEncoder } from '#query-processor/query-processor.ts';
import type { Batch } from '#sql/batch.ts';
import * as backend from './backend-message.ts';
import { CopySource } from './copy-source.ts';
import type { Frame } from './frames.ts';
import { decodeMessage, type FrontendMessage } from './frontend-message.ts';
import type { SocketWriter } from './socket-writer.ts';

export class SessionLoop implements ResultSink {
  #session: Session;
  #output: SocketWriter;
  #log: Logger;
  #resumeReading: () => void;
  #skipsToSync = false;
  #copySource: CopySource | undefined;
  /** A COPY has met a message that has no place there: what follows cannot be told apart from data. */
  #hasLostSynchronization = false;
  /** Errors that have been reported: output that was begun before the last one is not gone on with. */
  #failures = 0;

  /** `resumeReading` is called when input that was refused by `wantsInput` may come again. */
  constructor(session: Session, output: SocketWriter, log: Logger, resumeReading: () => void) {
    this.#session = session;
    this.#output = output;
    this.#log = log;
    this.#resumeReading = resumeReading;
  }

  /** Greets the client: parameters, cancel key, ready. */
  start(): void {
    const { messages } = this.#output;
    for (const [name, value] of this.#session.parameters) backend.parameterStatus(messages, name, value);
    this.#session.takeChangedParameters();
    backend.backendKeyData(messages, this.#session.processId, this.#session.secret);
    this.#ready();
  }

  /** Nothing of a transaction is open. */
  get isIdle(): boolean {
    return this.#session.transactionStatus === 'I';
  }

  /** A COPY under way takes frames although its statement has not been answered; false while it has enough. */
  get takesCopyInput(): boolean {
    return this.#copySource !== undefined && !this.#copySource.hasEnded;
  }

  get copyIsFull(): boolean {
    return this.#copySource?.isFull ?? false;
  }

  /** One frame for the COPY under way. Flush and Sync are ignored there as PostgreSQL does; anything else ends the connection. */
  copyInput(frame: Frame): void {
    const source = this.#copySource;
    if (source === undefined) return;
    const message = decodeMessage(frame);
    if (message.kind === 'copyData') source.push(message.data);
    else if (message.kind === 'copyDone') source.finish();
    else if (message.kind === 'copyFail') {
      source.fail(new SqlError(sqlstate.queryCanceled, `COPY from stdin failed: ${message.reason}`));
    } else if (message.kind !== 'flush' && message.kind !== 'sync') {
      this.#hasLostSynchronization = true;
      const type = frame.type.toString(16).toUpperCase();
      source.fail(new SqlError(sqlstate.protocolViolation, `unexpected message type 0x${type} during COPY from stdin`));
    }
  }

  connectionLost(): void {
    this.#copySource?.connectionLost();
    this.#session.close();
  }

  /** Handles one frame; a promise while it is under way. Resolves to false when the client said goodbye. Never rejects. */
  handle(frame: Frame): Maybe<boolean> {
    let message: FrontendMessage;
    try {
      message = decodeMessage(frame);
    } catch (error) {
      this.#fail(error, frame.type !== 0x51);
      if (frame.type === 0x51) this.#ready();
      return true;
    }
    if (message.kind === 'terminate') return false;
    if (message.kind === 'query') {
      this.#skipsToSync = false;
      const { text } = message;
      return this.#guard(
        () => this.#session.simpleQuery(text, this),
        () => this.#ready(),
        false,
      );
    }
    if (message.kind === 'sync') {
      this.#skipsToSync = false;
      return this.#guard(
        () => this.#session.sync(),
        () => this.#ready(),
        false,
      );
    }
    if (this.#skipsToSync) return true;
    const extended = message;
    return this.#guard(
      () => this.#extended(extended),
      () => this.#notices(),
      true,
    );
  }

  /** Runs `work`, reports its error if it fails, then runs `after` in any case. */
  #guard(work: () => Maybe<void>, after: () => void, isExtended: boolean): Maybe<boolean> {
    try {
      const pending = work();
      if (pending !== undefined) return this.#guardAsync(pending, after, isExtended);
    } catch (error) {
      this.#fail(error, isExtended);
    }
    after();
    return true;
  }

  async #guardAsync(pending: Promise<void>, after: () => void, isExtended: boolean): Promise<boolean> {
    try {
      await pending;
    } catch (error) {
      this.#fail(error, isExtended);
    }
    this.#copySource = undefined;
    if (this.#hasLostSynchronization) {
      const lost = new SqlError(sqlstate.protocolViolation, 'terminating connection because protocol synchronization was lost');
      backend.errorResponse(this.#output.messages, lost, 'FATAL');
      return false;
    }
    after();
    return true;
  }

  #extended(message: FrontendMessage): Maybe<void> {
    const session = this.#session;
    const { messages } = this.#output;
    switch (message.kind) {
      case 'parse':
        return then(session.parse(message.name, message.text, message.parameterTypes), () => backend.parseComplete(messages));
      case 'bind':
        return then(session.bind(message.portal, message.statement, message.formats, message.values, message.resultFormats), () =>
          backend.bindComplete(messages),
        );
      case 'describe':
        if (message.what === 'portal') return then(session.describePortal(message.name), (fields) => this.#describeRows(fields));
        return then(session.describeStatement(message.name), ({ parameterTypes, fields }) => {
          backend.parameterDescription(messages, parameterTypes);
          this.#describeRows(fields);
        });
      case 'execute':
        return session.execute(message.portal, message.maxRows, this);
      case 'close':
        if (message.what === 'statement') session.closeStatement(message.name);
        else session.closePortal(message.name);
        backend.closeComplete(messages);
        return undefined;
      case 'flush':
        this.#output.flush();
        return undefined;
      case 'copyData':
      case 'copyDone':
      case 'copyFail':
        return undefined; // Left over from a COPY that has failed: PostgreSQL drops them too.
      case 'functionCall':
        throw new SqlError(sqlstate.featureNotSupported, 'fastpath function calls are not supported');
      case 'password':
        throw new SqlError(sqlstate.protocolViolation, 'unexpected password message');
      default:
        throw new SqlError(sqlstate.protocolViolation, `unexpected message ${message.kind}`);
    }
  }

  #describeRows(fields: readonly Field[] | undefined): void {
    if (fields === undefined) backend.noData(this.#output.messages);
    else backend.rowDescription(this.#output.messages, fields);
  }

  /** Changed parameters are told here and nowhere else, as PostgreSQL has done since 14: one that is set back again is not told. */
  #ready(): void {
    this.#notices();
    for (const [name, value] of this.#session.takeChangedParameters()) backend.parameterStatus(this.#output.messages, name, value);
    backend.readyForQuery(this.#output.messages, this.#session.transactionStatus);
    this.#output.flush();
  }

  /** Before whatever ends the statement. */
  #notices(): void {
    for (const notice of this.#session.takeNotices()) this.notice(notice);
  }

  #fail(error: unknown, isExtended: boolean): void {
    this.#copySource = undefined;
    this.#failures++;
    if (isExtended) this.#skipsToSync = true;
    this.#notices();
    backend.errorResponse(
      this.#output.messages,
      asReport(error, this.#log),
      error instanceof SqlError ? (error.fields.severity ?? 'ERROR') : 'ERROR',
    );
    this.#output.flush();
  }

  // ResultSink

  rowDescription(fields: readonly Field[]): void {
    backend.rowDescription(this.#output.messages, fields);
  }

  rows(batch: Batch, _fields: readonly Field[], encoders: readonly ValueEncoder[]): Maybe<void> {
    // Few rows: encoded at once. Many: in steps, so that wide rows fill the socket's buffer and not ours.
    if (batch.rowCount <= rowsAStep) {
      backend.dataRows(this.#output.messages, batch, encoders, 0, batch.rowCount);
      return this.#output.whenWritable();
    }
    return this.#rowsInSteps(batch, encoders, 0);
  }

  #rowsInSteps(batch: Batch, encoders: readonly ValueEncoder[], from: number): Maybe<void> {
    for (let start = from; start < batch.rowCount; start += rowsAStep) {
      const end = Math.min(start + rowsAStep, batch.rowCount);
      backend.dataRows(this.#output.messages, batch, encoders, start, end);
      const wait = this.#output.whenWritable();
      if (wait !== undefined) return this.#unlessFailed(wait, () => this.#rowsInSteps(batch, encoders, end));
    }
    return undefined;
  }

  commandComplete(tag: string): void {
    this.#notices();
    backend.commandComplete(this.#output.messages, tag);
  }

  emptyQuery(): void {
    backend.emptyQueryResponse(this.#output.messages);
  }

  portalSuspended(): void {
    backend.portalSuspended(this.#output.messages);
  }

  notice(notice: Notice): void {
    backend.noticeResponse(this.#output.messages, notice, notice.severity);
  }

  copyIn(columnFormats: readonly number[]): AsyncIterable<Uint8Array> {
    backend.copyResponse(this.#output.messages, 'in', columnFormats);
    this.#output.flush();
    this.#copySource = new CopySource(this.#resumeReading);
    this.#resumeReading();
    return this.#copySource;
  }

  copyOutStart(columnFormats: readonly number[]): void {
    backend.copyResponse(this.#output.messages, 'out', columnFormats);
  }

  copyOutData(rows: readonly (string | Uint8Array)[]): Maybe<void> {
    return this.#copyRowsInSteps(rows, 0);
  }

  #copyRowsInSteps(rows: readonly (string | Uint8Array)[], from: number): Maybe<void> {
    for (let start = from; start < rows.length; start += rowsAStep) {
      const end = Math.min(start + rowsAStep, rows.length);
      for (let row = start; row < end; row++) backend.copyRow(this.#output.messages, rows[row]);
      const wait = this.#output.whenWritable();
      if (wait !== undefined) return this.#unlessFailed(wait, () => this.#copyRowsInSteps(rows, end));
    }
    return undefined;
  }

  /** What a statement has left to send is dropped when it was cancelled while the client did not read: its error has gone out, the next statement may be running. */
  #unlessFailed(wait: Promise<void>, goOn: () => Maybe<void>): Promise<void> {
    const failures = this.#failures;
    return wait.then(() => (failures === this.#failures ? goOn() : undefined));
  }

  copyOutEnd(): void {
    backend.copyDone(this.#output.messages);
  }
}

const rowsAStep = 128;

function then<Value>(value: Maybe<Value>, next: (value: Value) => void): Maybe<void> {
  if (value instanceof Promise) return value.then(next);
  next(value);
  return undefined;
}

/** What the client is told of an error; anything but an SqlError is logged here, with its stack, and hidden from the client. */
export function asReport(error: unknown, log: Logger): backend.Report {
  if (error instanceof SqlError) return error;
  log.error('internal error in a session', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new SqlError(sqlstate.statementTooComplex, 'stack depth limit exceeded');
  }
  if (error instanceof RangeError && error.message === 'Invalid string length') {
    return new SqlError(sqlstate.programLimitExceeded, 'out of memory', {
      detail: 'A text would have become longer than half a gigabyte.',
    });
  }
  return new SqlError(sqlstate.internalError, 'internal error: the statement was not completed');
}
