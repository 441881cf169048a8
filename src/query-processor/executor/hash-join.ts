/**
 * Hash join: keeps the inner rows, numbered by their keys, and streams the outer rows past them; an inner side beyond work memory is divided, or taken
 * a stretch at a time.
 *
 *   H1  A NULL key finds no partner (SQL's `=`), but for a null-aware anti join: `x NOT IN (...)` is unknown, and the row left out, as
 *       soon as an inner row might be equal for all that is known.
 */
import { InvariantError } from '#base/assert.ts';
import { type Batch, datumAt, type Vector } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { Wait } from '#storage/storage.ts';
import type { OutputColumn } from '../analyzer/logical-plan.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { withOrdinals } from './distinct.ts';
import { type Candidates, canMatchSingles, type JoinShape, joinShape, matchBatch, matchSingles, unmatchedInner } from './join-matching.ts';
import { KeyNumbering, setNullsApart } from './key-numbering.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, prepared, typesOf } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { type FlatRows, RowBuffer } from './row-buffer.ts';
import { datumComparator } from './row-order.ts';
import { KeptBatches } from './spill/kept-batches.ts';
import { KeyHash } from './spill/key-hash.ts';
import { deepestPartition, Partitions, partitionCount } from './spill/partitions.ts';
import { SortedRuns } from './spill/sorted-runs.ts';

type HashJoin = Extract<PhysicalPlan, { kind: 'hashJoin' }>;

/** Types of which datums of one may be looked up among datums of another. */
const families: readonly ReadonlySet<number>[] = [
  new Set([oid.int2, oid.int4, oid.int8]),
  new Set([oid.float4, oid.float8]),
  new Set([oid.text, oid.varchar, oid.name]),
];

function isHashable(left: number, right: number): boolean {
  return left === right || families.some((family) => family.has(left) && family.has(right));
}

const ordinalColumn: OutputColumn = { id: -1, name: '', type: typeRef(oid.float8), tableOid: 0, attributeNumber: 0 };

const prepare = prepared((plan: HashJoin) => {
  const outer = idsOf(plan.outer.output);
  const inner = idsOf(plan.inner.output);
  for (let k = 0; k < plan.outerKeys.length; k++)
    if (!isHashable(plan.outerKeys[k].type.oid, plan.innerKeys[k].type.oid))
      throw new InvariantError('keys of a hash join are of one type');
  return {
    shape: joinShape(plan, outer, inner),
    /** As `shape`, where outer rows carry their ordinal, which comes out behind the other columns. */
    ordinalShape: joinShape(plan, [...outer, ordinalColumn.id], inner, [...plan.output, ordinalColumn]),
    /** Anti joins: outer rows as they are. */
    survivorShape: joinShape(plan, outer, inner, plan.outer.output),
    outerTypes: typesOf(plan.outer.output),
    innerTypes: typesOf(plan.inner.output),
    outputTypes: typesOf(plan.output),
    outerKeys: plan.outerKeys.map((key) => compileExpression(key, outer)),
    innerKeys: plan.innerKeys.map((key) => compileExpression(key, inner)),
    types: plan.innerKeys.map((key) => key.type.oid),
    equality: plan.innerKeys.map((key) => datumComparator({ typeOid: key.type.oid, descending: false, nullsFirst: false })),
  };
});

export function hashJoin(plan: HashJoin, outer: Rows, inner: Rows, run: Run): Rows {
  return plan.nullAware ? antiJoinByStretches(plan, outer, inner, run) : divisibleJoin(plan, outer, inner, run);
}

/** The inner rows that are in memory at once, with their keys. */
class InnerSide {
  readonly #plan: HashJoin;
  readonly #run: Run;
  readonly #buffer: RowBuffer;
  readonly #numbering: KeyNumbering;
  readonly #table = new JoinTable();
  #charged = 0;
  #flat: FlatRows = { rowCount: 0, columns: [] };
  #rows: FlatRows = this.#flat;
  #matched: Uint8Array | undefined;

  constructor(plan: HashJoin, run: Run) {
    const { types } = prepare(plan);
    this.#plan = plan;
    this.#run = run;
    this.#buffer = new RowBuffer(plan.inner.output.length + (plan.nullAware ? types.length : 0), run.memory);
    this.#numbering = new KeyNumbering(types);
  }

  get bytes(): number {
    return this.#buffer.bytes;
  }

  get rowCount(): number {
    return this.#buffer.rowCount;
  }

  get keyCount(): number {
    return this.#numbering.size;
  }

  get batches(): readonly Batch[] {
    return this.#buffer.batches;
  }

  add(batch: Batch): void {
    const keys = evaluateAll(prepare(this.#plan).innerKeys, batch, this.#run);
    const numbers = new Int32Array(batch.rowCount);
    this.#numbering.number(keys, batch.rowCount, numbers);
    setNullsApart(keys, batch.rowCount, numbers);
    this.#table.add(numbers);
    this.#buffer.add(this.#plan.nullAware ? { rowCount: batch.rowCount, columns: [...batch.columns, ...keys] } : batch);
    const bytes = this.#numbering.bytes + this.#table.bytes;
    if (bytes > this.#charged) this.#buffer.charge(bytes - this.#charged);
    this.#charged = Math.max(bytes, this.#charged);
  }

  /** Before the first outer row. */
  seal(): void {
    const width = this.#plan.inner.output.length;
    this.#flat = this.#buffer.seal();
    this.#rows = { rowCount: this.#flat.rowCount, columns: this.#flat.columns.slice(0, width) };
    this.#table.seal(this.#numbering.size);
    if (this.#plan.join === 'right' || this.#plan.join === 'full') this.#matched = new Uint8Array(this.#rows.rowCount);
  }

  /** Joins outer rows; at their end come the inner rows without a partner, where the join has them. */
  *join(shape: JoinShape, outer: Rows): Generator<Batch | Wait, void, undefined> {
    const { outerKeys, equality } = prepare(this.#plan);
    const { join, nullAware } = this.#plan;
    const run = this.#run;
    const rows = this.#rows;
    if (rows.rowCount === 0 && (join === 'inner' || join === 'semi' || join === 'right')) return;
    for (const item of outer) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const keys = evaluateAll(outerKeys, item, run);
      const numbers = new Int32Array(item.rowCount);
      this.#numbering.find(keys, item.rowCount, numbers);
      setNullsApart(keys, item.rowCount, numbers);
      const { singles } = this.#table;
      if (singles !== undefined && canMatchSingles(shape) && !nullAware) {
        const batch = matchSingles(shape, item, rows, numbers, singles, this.#matched);
        if (batch !== undefined) yield batch;
        if (run.shouldPause()) yield run.pause();
        continue;
      }
      const candidates = nullAware
        ? this.#table.possibleCandidates(numbers, keys, this.#flat.columns.slice(this.#plan.inner.output.length), equality)
        : this.#table.candidates(numbers);
      yield* matchBatch(shape, item, rows, candidates, this.#matched, run);
      if (run.shouldPause()) yield run.pause();
    }
    if (this.#matched !== undefined) yield* unmatchedInner(shape, rows, this.#matched, run);
  }

  release(): void {
    this.#buffer.release();
  }
}

/** As PostgreSQL would count them: a power of two, at least 1 024. */
const bucketsFor = (keys: number): number => Math.max(1024, 2 ** Math.ceil(Math.log2(keys + 1)));

function* divisibleJoin(plan: HashJoin, outer: Rows, inner: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const side = new InnerSide(plan, run);
  let division: Division | undefined;
  try {
    for (const item of inner) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      if (division !== undefined) division.addInner(item);
      else {
        side.add(item);
        if (run.memory.mustSpill(side.bytes, 'hash')) {
          division = new Division(plan, run);
          division.takeOver(side);
        }
      }
      if (run.shouldPause()) yield run.pause();
    }
    if (division === undefined) {
      run.report?.(plan, { buckets: bucketsFor(side.keyCount), batches: 1, peakBytes: side.bytes, diskBytes: 0 });
      side.seal();
      yield* side.join(prepare(plan).shape, outer);
      return;
    }
    for (const item of outer) {
      if (item instanceof Promise) yield item;
      else division.addOuter(item);
      if (run.shouldPause()) yield run.pause();
    }
    yield* division.rows();
  } finally {
    if (division !== undefined) run.report?.(plan, { buckets: bucketsFor(side.keyCount), ...division.figures });
    division?.release();
    side.release();
  }
}

/**
 * H1: `NOT IN` keeps an outer row when no inner row may be equal: so it can be asked of one stretch of the inner rows after the other, and what is left
 * of the outer rows after the last one is the answer.
 */
function* antiJoinByStretches(plan: HashJoin, outer: Rows, inner: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { shape, survivorShape, innerTypes, outerTypes } = prepare(plan);
  let side = new InnerSide(plan, run);
  const rest = new KeptBatches(innerTypes, run);
  let survivors: KeptBatches | undefined;
  let next: KeptBatches | undefined;
  try {
    for (const item of inner) {
      if (item instanceof Promise) yield item;
      else if (rest.batchCount > 0 || run.memory.mustSpill(side.bytes, 'hash')) rest.add(item);
      else side.add(item);
      if (run.shouldPause()) yield run.pause();
    }
    side.seal();
    for (let done = 0; done < rest.batchCount; ) {
      next = new KeptBatches(outerTypes, run);
      yield* next.collect(side.join(survivorShape, survivors?.rows() ?? outer));
      survivors?.release();
      survivors = next;
      next = undefined;
      side.release();
      side = new InnerSide(plan, run);
      while (done < rest.batchCount && (side.rowCount === 0 || !run.memory.mustSpill(side.bytes, 'hash'))) side.add(rest.at(done++));
      side.seal();
    }
    yield* side.join(shape, survivors?.rows() ?? outer);
  } finally {
    side.release();
    rest.release();
    survivors?.release();
    next?.release();
  }
}

/** Joined rows with the ordinal of their outer row behind, by which they are put in order. */
function joinResults(plan: HashJoin, run: Run): SortedRuns {
  const { outputTypes } = prepare(plan);
  const order = { typeOid: oid.float8, descending: false, nullsFirst: false };
  return new SortedRuns([...outputTypes, oid.float8], [{ column: outputTypes.length, order }], run);
}

/**
 * A join whose inner side is beyond work memory: both sides go to files, divided by the hash of their keys, and the parts are joined one after the
 * other. What they give is put in the order of the outer rows again (physical-plan.ts P3), inner rows without a partner at the end.
 */
class Division {
  readonly #plan: HashJoin;
  readonly #run: Run;
  readonly #depth: number;
  readonly #results: SortedRuns;
  readonly #hash: KeyHash;
  readonly #inner: Partitions;
  readonly #outer: Partitions;
  #outerRows = 0;
  #side: InnerSide | undefined;
  #part: Division | undefined;
  #batches = 0;
  #diskBytes = 0;
  #peakBytes = 0;

  constructor(plan: HashJoin, run: Run, depth = 0, results = joinResults(plan, run)) {
    const { types, innerTypes, outerTypes } = prepare(plan);
    this.#plan = plan;
    this.#run = run;
    this.#depth = depth;
    this.#results = results;
    this.#hash = new KeyHash(types);
    this.#inner = new Partitions(innerTypes, run);
    this.#outer = new Partitions([...outerTypes, oid.float8], run);
  }

  /** What the side holds becomes the division's. */
  takeOver(side: InnerSide): void {
    for (const batch of side.batches) this.addInner(batch);
    side.release();
  }

  get figures(): { readonly batches: number; readonly peakBytes: number; readonly diskBytes: number } {
    return { batches: this.#batches, peakBytes: this.#peakBytes, diskBytes: this.#diskBytes };
  }

  addInner(batch: Batch): void {
    const keys = evaluateAll(prepare(this.#plan).innerKeys, batch, this.#run);
    this.#inner.add(batch, this.#hash.partitions(keys, batch.rowCount, this.#depth));
  }

  addOuter(batch: Batch): void {
    this.#addNumbered(withOrdinals(batch, this.#outerRows));
    this.#outerRows += batch.rowCount;
  }

  /** `batch` has its ordinals already. */
  #addNumbered(batch: Batch): void {
    const keys = evaluateAll(prepare(this.#plan).outerKeys, batch, this.#run);
    this.#outer.add(batch, this.#hash.partitions(keys, batch.rowCount, this.#depth));
  }

  /** The joined rows, when all rows of both sides are there. */
  *rows(): Generator<Batch | Wait, void, undefined> {
    yield* this.#joinParts();
    this.#diskBytes += this.#results.writtenBytes;
    const visible = this.#plan.output.map((_, at) => at);
    for (const item of this.#results.merge()) yield item instanceof Promise ? item : pick(item, visible);
  }

  *#joinParts(): Generator<Wait, void, undefined> {
    const run = this.#run;
    const { join } = this.#plan;
    this.#inner.finish();
    this.#outer.finish();
    this.#diskBytes += this.#inner.bytes + this.#outer.bytes;
    for (let p = 0; p < partitionCount; p++) {
      if (this.#outer.rowCount(p) === 0 && join !== 'right' && join !== 'full') continue;
      if (this.#inner.rowCount(p) === 0 && join !== 'left' && join !== 'full' && join !== 'anti') continue;
      const side = new InnerSide(this.#plan, run);
      this.#side = side;
      let part: Division | undefined;
      for (const batch of this.#inner.read(p)) {
        if (part !== undefined) part.addInner(batch);
        else {
          side.add(batch);
          if (this.#depth + 1 < deepestPartition && run.memory.mustSpill(side.bytes, 'hash')) {
            part = new Division(this.#plan, run, this.#depth + 1, this.#results);
            this.#part = part;
            part.takeOver(side);
          }
        }
        if (run.shouldPause()) yield run.pause();
      }
      this.#peakBytes = Math.max(this.#peakBytes, side.bytes);
      if (part === undefined) {
        this.#batches++;
        side.seal();
        this.#results.beginRun();
        for (const item of side.join(prepare(this.#plan).ordinalShape, this.#outer.read(p)))
          if (item instanceof Promise) yield item;
          else this.#results.write(item);
        this.#results.endRun();
      } else {
        for (const batch of this.#outer.read(p)) {
          part.#addNumbered(batch);
          if (run.shouldPause()) yield run.pause();
        }
        yield* part.#joinParts();
        this.#batches += part.#batches;
        this.#diskBytes += part.#diskBytes;
        this.#peakBytes = Math.max(this.#peakBytes, part.#peakBytes);
        part.release();
      }
      side.release();
    }
  }

  release(): void {
    this.#part?.release();
    this.#side?.release();
    this.#inner.release();
    this.#outer.release();
    if (this.#depth === 0) this.#results.release();
  }
}

function singlesOf(starts: Int32Array, ids: Int32Array): Int32Array | undefined {
  const singles = new Int32Array(starts.length - 1).fill(-1);
  for (let n = 0; n < singles.length; n++) {
    const count = starts[n + 1] - starts[n];
    if (count > 1) return undefined;
    if (count === 1) singles[n] = ids[starts[n]];
  }
  return singles;
}

/** The inner rows of each key number: rows of key n are #ids[#starts[n]] .. #ids[#starts[n + 1] - 1], in order of arrival. */
class JoinTable {
  #parts: Int32Array[] = [];
  #rowCount = 0;
  #starts = new Int32Array(0);
  #ids = new Int32Array(0);
  /** Where no key has two rows: the row of each key number, -1 where there is none. */
  singles: Int32Array | undefined;
  /** Rows with a NULL in their key. */
  #withNulls: number[] = [];

  get bytes(): number {
    return this.#rowCount * 12;
  }

  add(numbers: Int32Array): void {
    this.#parts.push(numbers);
    this.#rowCount += numbers.length;
  }

  seal(keyCount: number): void {
    const starts = new Int32Array(keyCount + 1);
    for (const part of this.#parts) for (let i = 0; i < part.length; i++) if (part[i] >= 0) starts[part[i] + 1]++;
    for (let n = 0; n < keyCount; n++) starts[n + 1] += starts[n];
    const next = starts.slice();
    const ids = new Int32Array(starts[keyCount]);
    let row = 0;
    for (const part of this.#parts)
      for (let i = 0; i < part.length; i++, row++) {
        if (part[i] >= 0) ids[next[part[i]]++] = row;
        else this.#withNulls.push(row);
      }
    this.#starts = starts;
    this.#ids = ids;
    this.singles = singlesOf(starts, ids);
    this.#parts = [];
  }

  // Hot: once an outer row.
  candidates(numbers: Int32Array): Candidates {
    const from = new Int32Array(numbers.length);
    const to = new Int32Array(numbers.length);
    for (let row = 0; row < numbers.length; row++) {
      const number = numbers[row];
      if (number < 0) continue;
      from[row] = this.#starts[number];
      to[row] = this.#starts[number + 1];
    }
    return { from, to, ids: this.#ids };
  }

  /** H1: inner rows that are equal, or may be because one side of a key is NULL. */
  possibleCandidates(
    numbers: Int32Array,
    outerKeys: readonly Vector[],
    innerKeys: readonly Vector[],
    equality: readonly ReturnType<typeof datumComparator>[],
  ): Candidates {
    const known = this.candidates(numbers);
    const from = new Int32Array(numbers.length);
    const to = new Int32Array(numbers.length);
    const ids: number[] = [];
    const mayEqual = (outerRow: number, innerRow: number): boolean =>
      equality.every((compare, k) => {
        const left = datumAt(outerKeys[k], outerRow);
        const right = datumAt(innerKeys[k], innerRow);
        return left === null || right === null || compare(left, right) === 0;
      });
    for (let row = 0; row < numbers.length; row++) {
      from[row] = ids.length;
      if (outerKeys.some((vector) => datumAt(vector, row) === null)) {
        for (let id = 0; id < this.#rowCount; id++) if (mayEqual(row, id)) ids.push(id);
      } else {
        for (let at = known.from[row]; at < known.to[row]; at++) ids.push(known.ids[at]);
        for (const id of this.#withNulls) if (mayEqual(row, id)) ids.push(id);
      }
      to[row] = ids.length;
    }
    return { from, to, ids: Int32Array.from(ids) };
  }
}
