/**
 * Hash join: keeps the inner rows, numbered by their keys, and streams the outer rows past them; an inner side beyond work memory is divided, or taken
 * a stretch at a time.
 *
 *   H1  A NULL key finds no partner (SQL's `=`), but for a null-aware anti join: `x NOT IN (...)` is unknown, and the row left out, as
 *       soon as an inner row might be equal for all that is known.
 */
import { InvariantError } from '#base/assert.ts';
import type { Batch } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { Wait } from '#storage/storage.ts';
import type { OutputColumn } from '../analyzer/logical-plan.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { withOrdinals } from './distinct.ts';
import { canMatchSingles, type JoinKind, type JoinShape, joinShape, matchBatch, matchSingles, unmatchedInner } from './join-matching.ts';
import { JoinTable } from './join-table.ts';
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

const ofOneStretch: Readonly<Record<JoinKind, JoinKind>> = {
  inner: 'inner',
  left: 'inner',
  right: 'right',
  full: 'right',
  semi: 'semi',
  anti: 'anti',
};

const prepare = prepared((plan: HashJoin) => {
  const outer = idsOf(plan.outer.output);
  const inner = idsOf(plan.inner.output);
  for (let k = 0; k < plan.outerKeys.length; k++)
    if (!isHashable(plan.outerKeys[k].type.oid, plan.innerKeys[k].type.oid))
      throw new InvariantError('keys of a hash join are of one type');
  const numbered = [...outer, ordinalColumn.id];
  /** As `shape`, where outer rows carry their ordinal, which comes out behind the other columns. */
  const ordinalShape = joinShape(plan, numbered, inner, [...plan.output, ordinalColumn]);
  return {
    shape: joinShape(plan, outer, inner),
    ordinalShape,
    /** Where inner rows are taken a stretch at a time: what a stretch gives whatever the others hold; */
    stretchShape: { ...ordinalShape, join: ofOneStretch[plan.join] },
    /** and the outer rows that have no partner in it. */
    partnerlessShape: { ...joinShape(plan, numbered, inner, [...plan.outer.output, ordinalColumn]), join: 'anti' } as const,
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
    const hasInnerAlone = shape.join === 'right' || shape.join === 'full';
    if (hasInnerAlone && this.#matched !== undefined) yield* unmatchedInner(shape, rows, this.#matched, run);
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
  #partnerless: KeptBatches | undefined;
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
      let isOfOneKey = false;
      for (const batch of this.#inner.read(p)) {
        if (part !== undefined) part.addInner(batch);
        else {
          side.add(batch);
          if (run.memory.mustSpill(side.bytes, 'hash')) {
            isOfOneKey = this.#depth + 1 >= deepestPartition;
            if (isOfOneKey) break;
            part = new Division(this.#plan, run, this.#depth + 1, this.#results);
            this.#part = part;
            part.takeOver(side);
          }
        }
        if (run.shouldPause()) yield run.pause();
      }
      this.#peakBytes = Math.max(this.#peakBytes, side.bytes);
      if (isOfOneKey) {
        side.release();
        yield* this.#joinByStretches(p);
      } else if (part === undefined) {
        this.#batches++;
        side.seal();
        yield* this.#keepRun(side.join(prepare(this.#plan).ordinalShape, this.#outer.read(p)));
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

  *#keepRun(rows: Rows): Generator<Wait, void, undefined> {
    this.#results.beginRun();
    for (const item of rows)
      if (item instanceof Promise) yield item;
      else this.#results.write(item);
    this.#results.endRun();
  }

  /**
   * A part whose inner rows have one key, or nearly so, and are too many: they are taken a stretch at a time, and the outer rows go past each. Whether an
   * outer row has no partner at all is known after the last stretch: those that have found none so far go on to the next.
   */
  *#joinByStretches(p: number): Generator<Wait, void, undefined> {
    const run = this.#run;
    const { join } = this.#plan;
    const { stretchShape, partnerlessShape, ordinalShape, outerTypes } = prepare(this.#plan);
    const asksForPartnerless = join !== 'inner' && join !== 'right';
    const partnerless = (): Rows => this.#partnerless?.rows() ?? this.#outer.read(p);
    const inner = this.#inner.read(p);
    for (let isAtEnd = false; !isAtEnd; ) {
      const side = new InnerSide(this.#plan, run);
      this.#side = side;
      while (!isAtEnd && (side.rowCount === 0 || !run.memory.mustSpill(side.bytes, 'hash'))) {
        const next = inner.next();
        if (next.done === true) isAtEnd = true;
        else side.add(next.value);
        if (run.shouldPause()) yield run.pause();
      }
      this.#batches++;
      this.#peakBytes = Math.max(this.#peakBytes, side.bytes);
      side.seal();
      if (join !== 'anti') yield* this.#keepRun(side.join(stretchShape, join === 'semi' ? partnerless() : this.#outer.read(p)));
      if (asksForPartnerless) {
        const left = new KeptBatches([...outerTypes, oid.float8], run);
        try {
          yield* left.collect(side.join(partnerlessShape, partnerless()));
        } finally {
          this.#partnerless?.release();
          this.#partnerless = left;
        }
      }
      side.release();
    }
    if (asksForPartnerless && join !== 'semi') {
      const nothing = new InnerSide(this.#plan, run);
      nothing.seal();
      yield* this.#keepRun(nothing.join(ordinalShape, partnerless()));
      nothing.release();
    }
    this.#partnerless?.release();
    this.#partnerless = undefined;
  }

  release(): void {
    this.#part?.release();
    this.#side?.release();
    this.#partnerless?.release();
    this.#inner.release();
    this.#outer.release();
    if (this.#depth === 0) this.#results.release();
  }
}
