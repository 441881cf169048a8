/** One statement, two answers in one form: Borealis in this process, PostgreSQL over its protocol with many statements under way at once. */
import type pg from 'pg';
import { type Notice, SqlError } from '../../src/base/sql-error.ts';
import type { LocalSession } from '../../src/query-processor/session/session.ts';
import { TextSink } from '../../src/query-processor/session/testing/text-sink.ts';

export type Answer = {
  /** name:type oid/typmod of each column. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly notices: readonly string[];
  readonly error: Failure | undefined;
};
export type Failure = {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
  readonly position: string;
};

class NotingSink extends TextSink {
  readonly notices: Notice[] = [];
  override notice(notice: Notice): void {
    this.notices.push(notice);
  }
}

const noError: Failure = { code: '', message: '', detail: '', hint: '', position: '' };

export async function askBorealis(session: LocalSession, sql: string): Promise<Answer> {
  const sink = new NotingSink();
  let error: Failure | undefined;
  try {
    await session.simpleQuery(sql, sink);
  } catch (thrown) {
    // A fault of ours is an answer too, and never PostgreSQL's.
    if (!(thrown instanceof SqlError))
      return { columns: [], rows: [], notices: [], error: { ...noError, code: 'fault', message: String(thrown) } };
    const { detail = '', hint = '', position } = thrown.fields;
    error = { code: thrown.sqlstate, message: thrown.message, detail, hint, position: position === undefined ? '' : String(position) };
  }
  const notices = [...sink.notices, ...session.takeNotices()].map(
    ({ severity, sqlstate, message }) => `${severity} ${sqlstate} ${message}`,
  );
  if (error !== undefined) return { columns: [], rows: [], notices, error };
  return { columns: sink.fields.map(({ name, type }) => `${name}:${type.oid}/${type.typmod}`), rows: sink.rowsSent, notices, error };
}

type Message = { readonly [field: string]: unknown };
type RawConnection = {
  on(event: string, listener: (message: Message) => void): void;
  listeners(event: string): ((message: Message) => void)[];
  removeAllListeners(event: string): void;
  query(text: string): void;
};
const events = ['rowDescription', 'dataRow', 'commandComplete', 'errorMessage', 'notice', 'readyForQuery', 'emptyQuery'];

/** Sends all statements at once and gathers the answers, which come in order. */
export function askPostgres(client: pg.Client, statements: readonly string[]): Promise<Answer[]> {
  const { connection } = client as unknown as { connection: RawConnection };
  const kept = events.map((event) => ({ event, listeners: connection.listeners(event) }));
  const answers: Answer[] = [];
  let [columns, rows, notices, error] = [[] as string[], [] as (string | null)[][], [] as string[], undefined as Failure | undefined];
  return new Promise((resolve) => {
    for (const event of events) connection.removeAllListeners(event);
    connection.on('rowDescription', (message) => {
      const fields = message.fields as { name: string; dataTypeID: number; dataTypeModifier: number }[];
      columns = fields.map((field) => `${field.name}:${field.dataTypeID}/${field.dataTypeModifier}`);
    });
    connection.on('dataRow', (message) => rows.push(message.fields as (string | null)[]));
    connection.on('notice', (message) => notices.push(`${message.severity} ${message.code} ${message.message}`));
    connection.on('errorMessage', ({ code, message, detail, hint, position }) => {
      const text = (value: unknown) => (typeof value === 'string' ? value : '');
      error = { code: text(code), message: text(message), detail: text(detail), hint: text(hint), position: text(position) };
    });
    connection.on('readyForQuery', () => {
      answers.push(error === undefined ? { columns, rows, notices, error } : { columns: [], rows: [], notices, error });
      [columns, rows, notices, error] = [[], [], [], undefined];
      if (answers.length < statements.length) return;
      for (const { event, listeners } of kept) {
        connection.removeAllListeners(event);
        for (const listener of listeners) connection.on(event, listener);
      }
      resolve(answers);
    });
    for (const sql of statements) connection.query(sql);
  });
}
