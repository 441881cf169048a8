/**
 * Row images: a batch of a table's rows as they are to be stored, or were: keys, values and index entries, made a batch at a time from
 * column vectors. What INSERT, UPDATE, DELETE and COPY have in common before anything is written.
 */
import { InvariantError } from '#base/assert.ts';
import type { SqlError } from '#base/sql-error.ts';
import { type Batch, datumAt, toDatums, type Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression, compilePredicate } from '#sql/evaluate/compile.ts';
import type { VectorEvaluator } from '#sql/function.ts';
import type { Key } from '#sql/key.ts';
import type { OutputColumn, TableCheck } from '../analyzer/logical-plan.ts';
import type { IndexDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import { type IndexEntry, type IndexLayout, indexLayoutOf, layoutOf, type TableLayout } from '../catalog/table-layout.ts';
import type { IndexMaintenance } from '../planner/physical-plan.ts';
import { columnsOf } from './column-references.ts';
import { checkViolation, notNullViolation, viewCheckViolation } from './constraint-errors.ts';
import type { Run } from './operator.ts';
import { idsOf } from './prepared.ts';
import { nullVector } from './row-buffer.ts';

/** Columns of a table by attributeNumber - 1, dropped ones included (NULL). */
export type RowVectors = readonly Vector[];

export type MaintainedIndex = {
  readonly index: IndexDescriptor;
  readonly layout: IndexLayout;
  readonly columns: readonly OutputColumn[];
  readonly keys: readonly VectorEvaluator[];
  readonly predicate: ReturnType<typeof compilePredicate> | undefined;
  /** Attribute numbers that an entry depends on. */
  readonly attributes: ReadonlySet<number>;
};

/** What a node that changes a table needs of it; kept with the node. */
export type MaintainedTable = {
  readonly table: TableDescriptor;
  readonly layout: TableLayout;
  readonly indexes: readonly MaintainedIndex[];
  readonly primaryKey: ReadonlySet<number>;
  /** Columns of unique indexes that are neither partial nor over expressions, and of the primary key: changing one is a change of key. */
  readonly keyAttributes: ReadonlySet<number>;
};

export function maintainedTable(table: TableDescriptor, maintained: readonly IndexMaintenance[]): MaintainedTable {
  const primaryKey = new Set(table.primaryKey?.attributeNumbers ?? []);
  const keyAttributes = new Set(primaryKey);
  for (const index of table.indexes) {
    if (!index.isUnique || index.predicateText !== undefined || index.keys.some((key) => key.attributeNumber === 0)) continue;
    for (const key of index.keys) keyAttributes.add(key.attributeNumber);
  }
  return {
    table,
    layout: layoutOf(table),
    indexes: maintained.map((maintenance) => maintainedIndex(table, maintenance)),
    primaryKey,
    keyAttributes,
  };
}

function maintainedIndex(table: TableDescriptor, maintenance: IndexMaintenance): MaintainedIndex {
  const index = table.indexes.find((candidate) => candidate.oid === maintenance.indexOid);
  if (index === undefined) throw new InvariantError('a maintained index belongs to the table');
  const ids = idsOf(maintenance.columns);
  const attributes = new Set([...index.included, ...(table.primaryKey?.attributeNumbers ?? [])]);
  for (const expression of [...maintenance.keys, ...(maintenance.predicate === undefined ? [] : [maintenance.predicate])])
    for (const id of columnsOf(expression)) {
      const column = maintenance.columns[ids.indexOf(id)];
      if (column !== undefined) attributes.add(column.attributeNumber);
    }
  return {
    index,
    layout: indexLayoutOf(table, index),
    columns: maintenance.columns,
    keys: maintenance.keys.map((key) => compileExpression(key, ids)),
    predicate: maintenance.predicate === undefined ? undefined : compilePredicate(maintenance.predicate, ids),
    attributes,
  };
}

/** One batch's rows of a table. Index arrays follow MaintainedTable.indexes; undefined: that index was not asked for. */
export type RowImages = {
  readonly rowCount: number;
  /** Stored fields of each row. */
  readonly fields: readonly (readonly Datum[])[];
  readonly entries: readonly (readonly (IndexEntry | undefined)[] | undefined)[];
  /** Key values of each index, for error messages. */
  readonly keyVectors: readonly (readonly Vector[] | undefined)[];
};

/** The vectors as columns that expressions over `columns` read. */
export function batchOf(vectors: RowVectors, columns: readonly OutputColumn[], rowCount: number): Batch {
  return { rowCount, columns: columns.map((column) => vectors[column.attributeNumber - 1]) };
}

/** Stored fields of each row. Hot. */
export function fieldsOf(vectors: RowVectors, rowCount: number): Datum[][] {
  const columns = vectors.map((vector) => (vector.mask === 0 ? undefined : toDatums(vector, rowCount)));
  const constants = vectors.map((vector) => (vector.mask === 0 ? datumAt(vector, 0) : null));
  const width = vectors.length;
  const rows: Datum[][] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const fields: Datum[] = new Array(width);
    for (let c = 0; c < width; c++) {
      const column = columns[c];
      fields[c] = column === undefined ? constants[c] : column[row];
    }
    rows[row] = fields;
  }
  return rows;
}

/**
 * Images of rows under their keys. `wanted` says which indexes matter; the others' entries are not made.
 */
export function imagesOf(
  { indexes }: MaintainedTable,
  vectors: RowVectors,
  fields: readonly (readonly Datum[])[],
  keys: readonly Key[],
  wanted: (index: MaintainedIndex) => boolean,
  run: Run,
): RowImages {
  const rowCount = keys.length;
  const entries: ((IndexEntry | undefined)[] | undefined)[] = [];
  const keyVectors: (readonly Vector[] | undefined)[] = [];
  for (const index of indexes) {
    if (!wanted(index)) {
      entries.push(undefined);
      keyVectors.push(undefined);
      continue;
    }
    const batch = batchOf(vectors, index.columns, rowCount);
    const made: (IndexEntry | undefined)[] = new Array(rowCount).fill(undefined);
    const values = index.keys.map((evaluate) => evaluate(batch, run.context));
    const make = (row: number): void => {
      const keyValues = values.map((vector) => datumAt(vector, row));
      made[row] = index.layout.entry(keyValues, fields[row], keys[row]);
    };
    if (index.predicate === undefined) for (let row = 0; row < rowCount; row++) make(row);
    else {
      const { rows, count } = index.predicate(batch, run.context);
      for (let i = 0; i < count; i++) make(rows[i]);
    }
    entries.push(made);
    keyVectors.push(values);
  }
  return { rowCount, fields, entries, keyVectors };
}

export type Generation = readonly { readonly attributeNumber: number; readonly evaluate: VectorEvaluator }[];

/** What a new row must satisfy; kept with the node. */
export type RowRules = {
  readonly table: TableDescriptor;
  readonly columns: readonly OutputColumn[];
  readonly generated: Generation;
  readonly checks: readonly { readonly name: string; readonly isOfView: boolean; readonly evaluate: VectorEvaluator }[];
};

export function rowRules(
  table: TableDescriptor,
  columns: readonly OutputColumn[],
  generated: readonly { readonly attributeNumber: number; readonly expression: Parameters<typeof compileExpression>[0] }[],
  checks: readonly TableCheck[],
): RowRules {
  const ids = idsOf(columns);
  return {
    table,
    columns,
    generated: generated.map(({ attributeNumber, expression }) => ({
      attributeNumber,
      evaluate: compileExpression(expression, ids),
    })),
    checks: checks.map(({ name, condition, isOfView = false }) => ({ name, isOfView, evaluate: compileExpression(condition, ids) })),
  };
}

/** A row that breaks a rule, and the error that says so. */
export type Violation = { readonly row: number; readonly error: () => SqlError };

/** Fills in the generated columns (in place), and finds the first row that breaks NOT NULL or CHECK: rows before it are still good. */
export function applyRules(rules: RowRules, vectors: Vector[], rowCount: number, run: Run): Violation | undefined {
  const { table, columns, generated, checks } = rules;
  if (generated.length > 0) {
    const batch = batchOf(vectors, columns, rowCount);
    for (const { attributeNumber, evaluate } of generated) vectors[attributeNumber - 1] = evaluate(batch, run.context);
  }
  let violation: Violation | undefined;
  const rowFields = (row: number): Datum[] => vectors.map((vector) => datumAt(vector, row));
  for (const column of table.columns) {
    if (!column.notNull || column.isDropped) continue;
    const row = firstNull(vectors[column.attributeNumber - 1], violation?.row ?? rowCount);
    if (row >= 0) violation = { row, error: () => notNullViolation(table, column, rowFields(row), run.context) };
  }
  if (checks.length > 0) {
    const batch = batchOf(vectors, columns, rowCount);
    for (const { name, isOfView, evaluate } of checks) {
      const result = evaluate(batch, run.context);
      const end = violation?.row ?? rowCount;
      for (let row = 0; row < end; row++) {
        if (datumAt(result, row) !== false) continue;
        violation = { row, error: () => (isOfView ? viewCheckViolation : checkViolation)(table, name, rowFields(row), run.context) };
        break;
      }
    }
  }
  return violation;
}

function firstNull(vector: Vector, end: number): number {
  const { values, nulls, mask } = vector;
  if (end === 0) return -1;
  if (mask === 0) return (nulls !== undefined ? nulls[0] === 1 : values[0] === null) ? 0 : -1;
  if (nulls !== undefined) {
    for (let row = 0; row < end; row++) if (nulls[row] === 1) return row;
    return -1;
  }
  if (values instanceof Float64Array || values instanceof Int32Array) return -1;
  for (let row = 0; row < end; row++) if (values[row] === null) return row;
  return -1;
}

/** All columns NULL, to be filled in. */
export const emptyVectors = (table: TableDescriptor): Vector[] => table.columns.map(() => nullVector);
