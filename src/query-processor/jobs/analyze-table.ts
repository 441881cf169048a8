/**
 * Automatic ANALYZE: which table has changed so much that its statistics no longer describe it, and a job's work on it.
 *
 *   AA1  A table is due when more rows have been written since it was last analyzed than PostgreSQL's autovacuum_analyze_threshold and _scale_factor allow.
 *   AA2  One table at a time; that two nodes begin with the same one is a conflict on the mark that both set.
 *   AA3  The sample is in the memory of the runner, the job row says how far it has come; whoever has no sample that reaches so far begins anew.
 */
import type { Random } from '#base/world.ts';
import type { Storage } from '#storage/storage.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { Job, JobWork } from '../catalog/job-rows.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { nextStart, readRows } from '../catalog/schema-change/table-rows.ts';
import { decodeStatistics, encodeStatistics, neverAnalyzed, statisticsKey, versionsSince } from '../catalog/statistics-rows.ts';
import { storedTables } from '../catalog/system-catalog/row-maker.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import { TableSample } from '../session/table-sample.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';
import { type JobWorkHost, rangeLeft } from './table-work.ts';

/** PostgreSQL's autovacuum_analyze_threshold and autovacuum_analyze_scale_factor. */
const leastChanged = 50;
const changedShare = 0.1;
/** PostgreSQL's default_statistics_target. */
const statisticsTarget = 100;
/** Slices that one transaction reads, and how long others have between two of them. */
const slicesPerStep = 32;
const pauseMs = 5;

/** AA1: the table that is furthest beyond what it may have changed by. */
export function tableDue(storage: Storage, transaction: OpenTransaction, catalog: LoadedCatalog): TableDescriptor | undefined {
  let due: TableDescriptor | undefined;
  let furthest = 1;
  for (const table of storedTables(catalog)) {
    const { versions } = storage.flushedCount(table.space);
    if (versions <= leastChanged) continue;
    const [row] = storage.get(transaction.snapshot, [statisticsKey(table.oid)], { newest: 0 });
    const known = row === undefined ? undefined : decodeStatistics(table, row);
    const allowed = leastChanged + changedShare * (known?.rows ?? 0);
    const excess = versionsSince(known, versions) / allowed;
    if (excess <= furthest) continue;
    furthest = excess;
    due = table;
  }
  return due;
}

export class TableAnalyzer {
  readonly #host: JobWorkHost;
  readonly #random: Random;
  /** By job id, with the place from which the sample goes on. */
  readonly #samples = new Map<string, { readonly sample: TableSample; readonly progress: Job['progress'] }>();

  constructor(host: JobWorkHost) {
    this.#host = host;
    this.#random = host.world.random;
  }

  async step(
    job: Job,
    work: Extract<JobWork, { kind: 'analyze' }>,
    transaction: OpenTransaction,
    catalog: LoadedCatalog,
    isStopped: () => boolean,
  ): Promise<Job> {
    const { storage, rowsPerSlice, world } = this.#host;
    const table = catalog.relationByOid(work.tableOid);
    if (table?.kind !== 'table') {
      this.#samples.delete(job.id);
      return { ...job, status: 'completed', details: 'Skipped job for nonexistent table.' };
    }
    const known = this.#samples.get(job.id);
    const goesOn = known !== undefined && job.progress !== undefined && known.progress === job.progress;
    const sample = goesOn ? known.sample : new TableSample(statisticsTarget, this.#random);
    // What is offered twice, because this step conflicts, would count twice.
    this.#samples.delete(job.id);
    const layout = layoutOf(table);
    const shown = table.columns.flatMap((column, at) => (column.isDropped ? [] : [at]));
    const range = rangeLeft(goesOn ? job : { ...job, progress: undefined }, table);
    let { start } = range;
    for (let slice = 0; slice < slicesPerStep && !isStopped(); slice++) {
      const rest = { start, end: range.end };
      for (const { value } of readRows(storage, transaction, rest, rowsPerSlice))
        sample.offer(() => {
          const datums = layout.decode(value);
          return shown.map((at) => datums[at]);
        });
      const next = nextStart(storage, transaction, rest, rowsPerSlice);
      if (next === undefined) {
        writeStatistics(table, sample, transaction, storage);
        return { ...job, status: 'completed', progress: undefined };
      }
      start = next;
      await world.timers.sleep(pauseMs);
    }
    this.#samples.set(job.id, { sample, progress: start });
    return { ...job, progress: start };
  }
}

function writeStatistics(table: TableDescriptor, sample: TableSample, transaction: OpenTransaction, storage: Storage): void {
  const [row] = storage.get(storage.appliedTimestamp, [statisticsKey(table.oid)], { newest: 0 });
  const before = row === undefined ? undefined : decodeStatistics(table, row).history;
  const history = {
    ...(before ?? neverAnalyzed),
    lastAutomatic: transaction.startTimestamp,
    automaticCount: (before?.automaticCount ?? 0) + 1,
  };
  transaction.write(statisticsKey(table.oid), encodeStatistics(table, sample.statistics(table, storage, history)), 'blind');
}
