/**
 * The tabs of the query editor: their texts, their sessions on the node, what has been answered. Texts and history are kept in the browser's session storage;
 * results are in memory only.
 */
import { RequestFailure } from '../api/request.ts';
import {
  type ClusterAddress,
  cancel,
  closeSession,
  type Explained,
  explain,
  openSession,
  type ResultColumn,
  type ResultLine,
  type Row,
  type SqlErrorReport,
  stream,
} from './query-api.ts';

export type Result = {
  readonly columns: readonly ResultColumn[] | undefined;
  readonly rows: Row[];
  tag: string | undefined;
  ms: number | undefined;
  /** The node has more rows: `more` fetches them; or it had, and another statement followed. */
  cut: 'no' | 'more' | 'over';
};

export type Tab = {
  readonly id: number;
  text: string;
  session: string | undefined;
  isRunning: boolean;
  results: Result[];
  notices: SqlErrorReport[];
  error: SqlErrorReport | undefined;
  /** Where the error is in the tab's text, as UTF-16 offset. */
  errorAt: number | undefined;
  explained: Explained | undefined;
  /** Something that is not the statement's: the connection, the session. */
  failure: string | undefined;
  transactionStatus: 'I' | 'T' | 'E';
};

export type HistoryEntry = { readonly at: number; readonly text: string; readonly outcome: string };

const tabsKey = 'borealis.query.tabs';
const historyKey = 'borealis.query.history';
const historyMaximum = 100;
const rowsAtOnce = 10_000;

export class EditorStore {
  readonly cluster: ClusterAddress;
  tabs: Tab[];
  activeId: number;
  role = 'admin';
  history: readonly HistoryEntry[];
  #lastId = 0;
  #version = 0;
  #isAnnounced = false;
  readonly #listeners = new Set<() => void>();

  constructor(cluster: ClusterAddress) {
    this.cluster = cluster;
    const texts = stored(tabsKey).filter((text) => typeof text === 'string');
    this.tabs = (texts.length === 0 ? [''] : texts).map((text) => this.#newTab(text));
    this.activeId = this.tabs[0].id;
    this.history = stored(historyKey) as readonly HistoryEntry[];
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly version = (): number => this.#version;

  get active(): Tab {
    return this.tabs.find(({ id }) => id === this.activeId) ?? this.tabs[0];
  }

  addTab(): void {
    const tab = this.#newTab('');
    this.tabs = [...this.tabs, tab];
    this.activeId = tab.id;
    this.#keepTexts();
    this.#changed();
  }

  closeTab(id: number): void {
    const tab = this.tabs.find((other) => other.id === id);
    if (tab === undefined || this.tabs.length === 1) return;
    this.#leaveSession(tab);
    this.tabs = this.tabs.filter((other) => other !== tab);
    if (this.activeId === id) this.activeId = this.tabs[0].id;
    this.#keepTexts();
    this.#changed();
  }

  activate(id: number): void {
    this.activeId = id;
    this.#changed();
  }

  setText(tab: Tab, text: string): void {
    tab.text = text;
    tab.errorAt = undefined;
    this.#keepTexts();
    this.#changed();
  }

  setRole(role: string): void {
    this.role = role;
    for (const tab of this.tabs) this.#leaveSession(tab);
    this.#changed();
  }

  /** The page is left: what the tabs have open on the node is closed. */
  leave(): void {
    for (const tab of this.tabs) this.#leaveSession(tab);
  }

  /** Runs a part of the tab's text that begins at `offset`. */
  async run(tab: Tab, text: string, offset: number): Promise<void> {
    const startedAt = Date.now();
    await this.#work(tab, async (session) => {
      Object.assign(tab, { results: [], notices: [], error: undefined, errorAt: undefined, explained: undefined });
      await stream(this.cluster, session, 'run', { text, maxRows: rowsAtOnce }, (line) => this.#take(tab, line, text, offset));
    });
    const outcome = tab.error?.message ?? tab.failure ?? tab.results.at(-1)?.tag ?? '';
    this.history = [{ at: startedAt, text, outcome }, ...this.history].slice(0, historyMaximum);
    keep(historyKey, this.history);
    this.#changed();
  }

  async more(tab: Tab): Promise<void> {
    await this.#work(tab, (session) =>
      stream(this.cluster, session, 'more', { maxRows: rowsAtOnce }, (line) => this.#take(tab, line, tab.text, 0)),
    );
  }

  async explain(tab: Tab, text: string, offset: number, analyze: boolean): Promise<void> {
    await this.#work(tab, async (session) => {
      Object.assign(tab, { results: [], notices: [], error: undefined, errorAt: undefined, explained: undefined });
      const explained = await explain(this.cluster, session, text, analyze);
      if ('error' in explained) this.#fail(tab, explained.error, text, offset);
      else tab.explained = explained;
    });
  }

  async cancel(tab: Tab): Promise<void> {
    if (tab.session !== undefined) await cancel(this.cluster, tab.session);
  }

  async #work(tab: Tab, work: (session: string) => Promise<void>): Promise<void> {
    if (tab.isRunning) return;
    tab.isRunning = true;
    tab.failure = undefined;
    this.#changed();
    try {
      const hadSession = tab.session !== undefined;
      tab.session ??= await openSession(this.cluster, this.role);
      try {
        await work(tab.session);
      } catch (error) {
        // The session has been idle for too long. What was open in it is gone, which matters only where something was.
        if (!hadSession || !(error instanceof RequestFailure) || error.status !== 404 || tab.transactionStatus !== 'I') throw error;
        tab.session = await openSession(this.cluster, this.role);
        await work(tab.session);
      }
    } catch (error) {
      tab.failure = error instanceof Error ? error.message : String(error);
      tab.session = undefined;
      tab.transactionStatus = 'I';
    }
    tab.isRunning = false;
    this.#changed();
  }

  #take(tab: Tab, line: ResultLine, text: string, offset: number): void {
    const current = tab.results.at(-1);
    switch (line.kind) {
      case 'statement':
        tab.results.push({ columns: undefined, rows: [], tag: undefined, ms: undefined, cut: 'no' });
        break;
      case 'columns':
        tab.results[tab.results.length - 1] = { columns: line.columns, rows: [], tag: undefined, ms: undefined, cut: 'no' };
        break;
      case 'rows':
        for (const row of line.rows) current?.rows.push(row);
        break;
      case 'suspended':
        if (current !== undefined) current.cut = line.isLast ? 'more' : 'over';
        break;
      case 'complete':
        if (current !== undefined) Object.assign(current, { tag: line.tag, ms: line.ms, cut: 'no' });
        break;
      case 'notice':
        tab.notices.push(line.notice);
        break;
      case 'error':
        if (current?.columns === undefined) tab.results.pop();
        this.#fail(tab, line.error, text, offset);
        break;
      case 'ready':
        tab.transactionStatus = line.transactionStatus;
    }
    this.#changed();
  }

  #fail(tab: Tab, error: SqlErrorReport, text: string, offset: number): void {
    tab.error = error;
    tab.errorAt = error.position === undefined ? undefined : offset + unitsBefore(text, error.position - 1);
  }

  #leaveSession(tab: Tab): void {
    const { session } = tab;
    tab.session = undefined;
    tab.transactionStatus = 'I';
    // It would end by itself: a failure changes nothing.
    if (session !== undefined) closeSession(this.cluster, session).catch(() => undefined);
  }

  #newTab(text: string): Tab {
    return {
      id: ++this.#lastId,
      text,
      session: undefined,
      isRunning: false,
      results: [],
      notices: [],
      error: undefined,
      errorAt: undefined,
      explained: undefined,
      failure: undefined,
      transactionStatus: 'I',
    };
  }

  #keepTexts(): void {
    keep(
      tabsKey,
      this.tabs.map(({ text }) => text),
    );
  }

  /** Once a frame: rows come faster than the page can be drawn. */
  #changed(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    requestAnimationFrame(() => {
      this.#isAnnounced = false;
      this.#version++;
      for (const listener of this.#listeners) listener();
    });
  }
}

/** UTF-16 units of the first `characters` characters. */
function unitsBefore(text: string, characters: number): number {
  let units = 0;
  let left = characters;
  for (const character of text) {
    if (left-- <= 0) break;
    units += character.length;
  }
  return units;
}

function stored(key: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(key) ?? '[]');
    return Array.isArray(value) ? value : [];
  } catch {
    return []; // Somebody else's, or cut off: as if nothing had been kept.
  }
}

/** Texts that are too large for the browser's storage live as long as the page. */
function keep(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    sessionStorage.removeItem(key);
  }
}
