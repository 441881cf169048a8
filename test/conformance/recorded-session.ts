/** A connection whose answers are taken from the protocol's messages: tags, column names and values as the server sent them. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type AnsweredResult = {
  readonly tag: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
};
export type Answer =
  | { readonly outcome: 'ok'; readonly results: readonly AnsweredResult[] }
  | { readonly outcome: 'error'; readonly sqlstate: string; readonly message: string }
  | { readonly outcome: 'lost'; readonly message: string };

/** What is used here of node-postgres' inner connection, which its types leave out. */
type Wire = {
  on(event: string, listener: (message: WireMessage) => void): void;
  off(event: string, listener: (message: WireMessage) => void): void;
};
type WireMessage = {
  readonly fields?: readonly unknown[];
  readonly text?: string;
  readonly code?: string;
  readonly message?: string;
};

const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

export class RecordedSession {
  readonly #client: pg.Client;
  #lost: string | undefined;

  constructor(config: pg.ClientConfig) {
    this.#client = new pg.Client({ ...config, types: { getTypeParser: () => (value: unknown) => value } });
    this.#client.on('error', (error) => {
      this.#lost ??= error.message;
    });
  }

  static async open(config: pg.ClientConfig): Promise<RecordedSession> {
    const session = new RecordedSession(config);
    await session.#client.connect();
    return session;
  }

  async run(sql: string, protocol: 'simple' | 'extended'): Promise<Answer> {
    if (this.#lost !== undefined) return { outcome: 'lost', message: this.#lost };
    const wire = (this.#client as unknown as { readonly connection: Wire }).connection;
    const results: AnsweredResult[] = [];
    let columns: string[] = [];
    let rows: (string | null)[][] = [];
    let failure: WireMessage | undefined;
    const finish = (tag: string): void => {
      results.push({ tag, columns, rows });
      columns = [];
      rows = [];
    };
    const listeners: readonly (readonly [string, (message: WireMessage) => void])[] = [
      ['rowDescription', ({ fields = [] }) => (columns = fields.map((field) => (field as { name: string }).name))],
      ['dataRow', ({ fields = [] }) => rows.push(fields.map(text))],
      ['commandComplete', (message) => finish(message.text ?? '')],
      ['emptyQuery', () => finish('')],
      ['errorMessage', (message) => (failure ??= message)],
    ];
    for (const [event, listener] of listeners) wire.on(event, listener);
    const query = protocol === 'simple' ? { text: sql } : { text: sql, values: [], queryMode: 'extended' };
    const error = await this.#client.query(query).then(
      () => undefined,
      (reason: Error) => reason,
    );
    for (const [event, listener] of listeners) wire.off(event, listener);
    if (failure !== undefined) return { outcome: 'error', sqlstate: failure.code ?? '', message: failure.message ?? '' };
    if (error !== undefined) {
      this.#lost ??= error.message;
      return { outcome: 'lost', message: error.message };
    }
    return { outcome: 'ok', results };
  }

  async close(): Promise<void> {
    await Promise.race([this.#client.end().catch(() => {}), sleep(1000)]);
  }
}
