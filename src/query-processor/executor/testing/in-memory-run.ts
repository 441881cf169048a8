/**
 * In-memory run: just enough of a storage and a transaction to run plans against in tests: one version a key, a scan that reads the map
 * in key order, a transaction whose writes are an ordered overlay.
 */

import { InvariantError } from '#base/assert.ts';
import { temporaryInMemory } from '#base/real-world.ts';
import type { TemporaryFile } from '#base/world.ts';
import { type Batch, BatchBuilder, gatherBatch, rowAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { EvaluationContext, SessionFacts } from '#sql/function.ts';
import type { Key } from '#sql/key.ts';
import { asBuffer, RowReader } from '#sql/row.ts';
import { defaultSettings } from '#sql/settings.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Overlay, Storage } from '#storage/storage.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { predefinedRoleFacts } from '../../catalog/testing/predefined-role-facts.ts';
import type { PhysicalPlan } from '../../planner/physical-plan.ts';
import type { Transaction } from '../../transaction/transaction.ts';
import { execute } from '../execute.ts';
import type { Rows, Run } from '../operator.ts';

type Written = { readonly value: Uint8Array | undefined; readonly mode: string };

export class InMemoryTransaction implements Transaction {
  frozen(): Transaction {
    return this;
  }

  readonly snapshot = 1;
  readonly startTimestamp = 0;
  readonly isReadOnly = false;
  readonly writes = new Map<Key, Written>();
  readonly marks = new Map<Key, string>();
  readonly relations = new Map<number, boolean>();
  rowCount = 0;

  get overlay(): Overlay | undefined {
    if (this.writes.size === 0) return undefined;
    return {
      get: (key) => this.writes.get(key),
      entries: (range, descending) => {
        const keys = [...this.writes.keys()].filter((key) => key >= range.start && key < range.end).sort();
        if (descending) keys.reverse();
        return keys.map((key) => ({ key, value: this.writes.get(key)?.value }));
      },
    };
  }

  write(key: Key, value: Uint8Array | undefined, mode: 'write' | 'update' | 'blind'): void {
    this.writes.set(key, { value, mode });
  }

  writeAll(writes: ReadonlyMap<Key, Written>): void {
    for (const [key, { value, mode }] of writes) this.writes.set(key, { value, mode });
  }

  mark(key: Key, mode: 'write' | 'share' | 'read'): void {
    this.marks.set(key, mode);
  }

  countRows(rows: number): void {
    this.rowCount += rows;
  }

  useRelation(relationOid: number, writes: boolean): void {
    this.relations.set(relationOid, writes);
  }
}

export class InMemoryStorage implements Storage {
  readonly appliedTimestamp = 1;
  readonly catalogTimestamp = 0;
  readonly rows = new Map<Key, Uint8Array>();
  /** Keys asked for one by one, and scans begun: what a test may want to count. */
  gets = 0;
  scans = 0;

  readonly statisticsVersion = 0;
  readonly heldBytes = 0;

  rowCount(): number {
    return 1024;
  }

  flushedCount(): { readonly rows: number; readonly versions: number } {
    return { rows: this.rows.size, versions: this.rows.size };
  }

  untilApplied(): undefined {
    return undefined;
  }

  /** Commits a transaction's writes. */
  apply(transaction: InMemoryTransaction): void {
    for (const [key, { value }] of transaction.writes) {
      if (value === undefined) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }

  get(_snapshot: number, keys: readonly Key[]): readonly (Uint8Array | undefined)[] {
    this.gets += keys.length;
    return keys.map((key) => this.rows.get(key));
  }

  *scan(request: Parameters<Storage['scan']>[0], context: EvaluationContext): ReturnType<Storage['scan']> {
    this.scans++;
    const { ranges, overlay, columns, fieldTypes, missing, filter, descending } = request;
    for (let i = 1; i < ranges.length; i++)
      if (ranges[i].start < ranges[i - 1].end) throw new InvariantError('ranges are sorted and do not overlap');
    const live = new Map(this.rows);
    for (const range of ranges)
      for (const { key, value } of overlay?.entries(range, false) ?? []) {
        if (value === undefined) live.delete(key);
        else live.set(key, value);
      }
    const keys = [...live.keys()].filter((key) => ranges.some((range) => key >= range.start && key < range.end)).sort();
    if (descending) keys.reverse();
    const types = fieldTypes.map(typeByOid);
    const predicate =
      filter === undefined
        ? undefined
        : compilePredicate(
            filter,
            columns.map((_, at) => at),
          );
    const reader = new RowReader();
    let left = request.limit ?? Number.POSITIVE_INFINITY;
    const builder = new BatchBuilder(columns.length);
    const take = (): Batch | undefined => {
      let batch = builder.take();
      if (batch.rowCount === 0) return undefined;
      if (predicate !== undefined) {
        const { rows, count } = predicate(batch, context);
        if (count === 0) return undefined;
        batch = gatherBatch(batch, rows, count);
      }
      if (batch.rowCount > left) {
        const rows = Array.from({ length: left }, (_, at) => at);
        batch = gatherBatch(batch, rows, left);
      }
      left -= batch.rowCount;
      return batch;
    };
    for (const key of keys) {
      const value = live.get(key);
      if (value === undefined) continue;
      reader.open(asBuffer(value), 0, value.length);
      builder.addRow(columns.map((column) => (column === 'key' ? key : reader.datum(column, types[column], missing[column] ?? null))));
      // Small batches, so that operators meet several.
      if (builder.rowCount < 7) continue;
      const batch = take();
      if (batch !== undefined) yield batch;
      if (left === 0) return;
    }
    const batch = take();
    if (batch !== undefined) yield batch;
  }

  get horizon(): number {
    return 0;
  }

  scanKeys(): never {
    throw new InvariantError('plans do not scan keys');
  }
}

const session: SessionFacts = {
  currentUser: 'admin',
  sessionUser: 'admin',
  iamUser: undefined,
  database: 'postgres',
  backendPid: 1,
  applicationName: '',
  schemas: () => ['public'],
  setting: () => undefined,
  setSetting: (_, value) => value,
  setSeed: () => undefined,
  catalogFunction: () => null,
  sequence: () => null,
  cursors: () => [],
  advisoryLocks: () => [],
};

export const emptyCatalog: Catalog = {
  version: 0,
  schemaByName: () => undefined,
  schemaByOid: () => undefined,
  schemas: () => [],
  relationByName: () => undefined,
  relationByOid: () => undefined,
  relations: () => [],
  indexByOid: () => undefined,
  indexByName: () => undefined,
  domainByOid: () => undefined,
  functionByOid: () => undefined,
  functionsNamed: () => [],
  functions: () => [],
  statistics: () => [],
  domainByName: () => undefined,
  domains: () => [],
  referencesTo: () => [],
  ...predefinedRoleFacts,
  comments: () => [],
};

export class InMemoryRun implements Run {
  readonly storage: InMemoryStorage;
  readonly transaction: InMemoryTransaction;
  readonly catalog = emptyCatalog;
  readonly context: EvaluationContext;
  readonly observed = { newest: 0 };
  readonly commonTables: Run['commonTables'] = new Map();
  readonly waitFor?: NonNullable<Run['waitFor']>;
  readonly instrument?: NonNullable<Run['instrument']>;
  readonly report?: NonNullable<Run['report']>;
  /** Temporary files that are open, and how many ever were. */
  openFiles = 0;
  filesOpened = 0;
  changedRows = 0;
  /** Bytes charged and not released: 0 when a statement is over. */
  held = 0;
  readonly memory: { -readonly [Field in keyof Run['memory']]: Run['memory'][Field] };
  #asked = 0;

  constructor(
    storage = new InMemoryStorage(),
    transaction = new InMemoryTransaction(),
    more: {
      readonly parameters?: readonly Datum[];
      readonly waitFor?: NonNullable<Run['waitFor']>;
      readonly instrument?: NonNullable<Run['instrument']>;
      /** Operators that hold more spill. */
      readonly workBytes?: number;
      readonly report?: NonNullable<Run['report']>;
    } = {},
  ) {
    this.storage = storage;
    this.transaction = transaction;
    if (more.waitFor !== undefined) this.waitFor = more.waitFor;
    if (more.instrument !== undefined) this.instrument = more.instrument;
    if (more.report !== undefined) this.report = more.report;
    const workBytes = more.workBytes ?? Number.POSITIVE_INFINITY;
    let seed = 1;
    const byte = (): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return (seed >> 16) & 0xff;
    };
    this.context = {
      settings: defaultSettings,
      transactionTimestamp: 0,
      names: undefined,
      statementTimestamp: 0,
      clock: () => 0,
      random: { float: () => byte() / 256, bytes: (count) => Uint8Array.from({ length: count }, byte) },
      parameters: more.parameters ?? [],
      outerValues: new Map(),
      session,
    };
    this.memory = {
      limitBytes: Number.POSITIVE_INFINITY,
      charge: (bytes) => {
        this.held += bytes;
      },
      release: (bytes) => {
        this.held -= bytes;
      },
      wouldExceed: () => false,
      workBytes,
      mustSpill: (heldBytes) => heldBytes > workBytes,
    };
  }

  openTemporary(): TemporaryFile {
    this.openFiles++;
    this.filesOpened++;
    const file = temporaryInMemory();
    return {
      get length() {
        return file.length;
      },
      append: file.append,
      read: file.read,
      close: () => {
        this.openFiles--;
        file.close();
      },
    };
  }

  /** Now and then, so that every operator meets waits. */
  shouldPause(): boolean {
    return this.#asked++ % 3 === 2;
  }

  pause(): Promise<void> {
    return Promise.resolve();
  }
}

/** Reads rows to their end, with the checks that any driver may count on. */
export async function drain(rows: Rows): Promise<Datum[][]> {
  const out: Datum[][] = [];
  for (const item of rows) {
    if (item instanceof Promise) {
      await item;
      continue;
    }
    if (item.rowCount < 1 || item.rowCount > 1024) throw new InvariantError('E1: batches hold 1 to 1 024 rows');
    for (let row = 0; row < item.rowCount; row++) out.push(rowAt(item, row));
  }
  return out;
}

/** Runs a plan to its end. */
export async function runPlan(plan: PhysicalPlan, run = new InMemoryRun()): Promise<Datum[][]> {
  const rows = await drain(execute(plan, run));
  if (run.held !== 0) throw new InvariantError('R1: what was charged is released');
  return rows;
}
