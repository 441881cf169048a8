/**
 * Foreign-key plan: how a foreign key's two tables are read, made once and kept as long as their descriptors live.
 *
 *   P1  Two rows refer to each other exactly when both have the same `matchKey`: the columns' values in the parent's types, as a key. So
 *       equality is the parent index' own, and sets of values are maps of strings.
 *   P2  A matchKey is undefined when a column is NULL, or holds what the parent's type cannot equal.
 */
import { InvariantError } from '#base/assert.ts';
import type { Datum } from '#sql/datum.ts';
import type { EvaluationContext } from '#sql/function.ts';
import type { Key } from '#sql/key.ts';
import { asBuffer, RowReader } from '#sql/row.ts';
import type { NonNull, Type } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { ForeignKeyDescriptor, TableDescriptor } from '../../catalog/descriptors.ts';
import { indexLayoutOf, type KeyPart, layoutOf } from '../../catalog/table-layout.ts';
import { keyPrefix } from '../key-access.ts';
import type { Run } from '../operator.ts';
import { exactConversion, type KeyConversion, keyConversion } from './key-conversion.ts';

export type ForeignKeyPlan = {
  readonly foreignKey: ForeignKeyDescriptor;
  readonly child: TableDescriptor;
  readonly parent: TableDescriptor;
  readonly childColumns: FieldReader;
  readonly parentColumns: FieldReader;
  /** Of a child's row, by its columns' values. */
  childKey(values: readonly Datum[], context: EvaluationContext): string | undefined;
  /** Of a parent's row. */
  parentKey(values: readonly Datum[]): string | undefined;
  /** The stored key under which the parent of these values is found: its row's, or an index entry's. */
  parentLookUp(values: readonly NonNull[]): Key;
  /** Child's values in the parent's types. */
  converted(values: readonly Datum[], context: EvaluationContext): readonly NonNull[] | undefined;
  /** False: parentLookUp gives an index entry, whose value names the row. */
  readonly parentKeyIsRow: boolean;
  readonly childAccess: ChildAccess | undefined;
};

/** A key of the child that begins with some of the foreign key's columns; undefined where there is none, and all rows are read. */
export type ChildAccess = {
  /** undefined: the child's primary key. */
  readonly indexOid: number | undefined;
  readonly space: number;
  /** The key prefix of a parent's values; undefined when the child can hold no such value. */
  prefix(parentValues: readonly NonNull[], context: EvaluationContext): Key | undefined;
};

/** Reads some columns of stored rows. */
export class FieldReader {
  readonly attributeNumbers: readonly number[];
  readonly types: readonly Type[];
  readonly #missing: readonly Datum[];
  readonly #reader = new RowReader();

  constructor(table: TableDescriptor, attributeNumbers: readonly number[]) {
    const { missing } = layoutOf(table);
    this.attributeNumbers = attributeNumbers;
    this.types = attributeNumbers.map((number) => typeByOid(table.columns[number - 1].type.oid));
    this.#missing = attributeNumbers.map((number) => missing[number - 1] ?? null);
  }

  // Hot: once a row written to a table with foreign keys.
  read(row: Uint8Array): Datum[] {
    const reader = this.#reader;
    reader.open(asBuffer(row), 0, row.length);
    const values: Datum[] = new Array(this.types.length);
    for (let at = 0; at < values.length; at++) values[at] = reader.datum(this.attributeNumbers[at] - 1, this.types[at], this.#missing[at]);
    return values;
  }
}

const plans = new WeakMap<ForeignKeyDescriptor, ForeignKeyPlan>();

export function foreignKeyPlan(
  foreignKey: ForeignKeyDescriptor,
  child: TableDescriptor,
  parent: TableDescriptor,
  run: Run,
): ForeignKeyPlan {
  const known = plans.get(foreignKey);
  if (known !== undefined && known.child === child && known.parent === parent) return known;
  const made = makePlan(foreignKey, child, parent, run);
  plans.set(foreignKey, made);
  return made;
}

/** The plan of a table's own foreign key. */
export function planOf(foreignKey: ForeignKeyDescriptor, child: TableDescriptor, run: Run): ForeignKeyPlan {
  const parent = foreignKey.parentOid === child.oid ? child : run.catalog.relationByOid(foreignKey.parentOid);
  if (parent?.kind !== 'table') throw new InvariantError('the parent of a foreign key is there');
  return foreignKeyPlan(foreignKey, child, parent, run);
}

function makePlan(foreignKey: ForeignKeyDescriptor, child: TableDescriptor, parent: TableDescriptor, run: Run): ForeignKeyPlan {
  const childColumns = new FieldReader(child, foreignKey.attributeNumbers);
  const parentColumns = new FieldReader(parent, foreignKey.parentAttributeNumbers);
  const conversions = childColumns.types.map((type, at) => keyConversion(type.oid, parentColumns.types[at].oid, run));
  const parts: KeyPart[] = parentColumns.types.map((type) => ({ type, descending: false, nullsFirst: false }));
  const look = parentAccess(foreignKey, parent);

  const converted = (values: readonly Datum[], context: EvaluationContext): NonNull[] | undefined => {
    const out: NonNull[] = new Array(values.length);
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      const other = value === null ? undefined : conversions[at](value, context);
      if (other === undefined) return undefined;
      out[at] = other;
    }
    return out;
  };

  return {
    foreignKey,
    child,
    parent,
    childColumns,
    parentColumns,
    childKey(values, context) {
      const other = converted(values, context);
      return other === undefined ? undefined : keyPrefix(other, 0, parts);
    },
    parentKey: (values) => (values.includes(null) ? undefined : keyPrefix(values, 0, parts)),
    parentLookUp: (values) =>
      keyPrefix(
        look.order.map((at) => values[at]),
        look.space,
        look.parts,
      ),
    converted,
    parentKeyIsRow: look.isRow,
    childAccess: childAccess(foreignKey, child, childColumns, parentColumns),
  };
}

type ParentAccess = {
  readonly space: number;
  readonly parts: readonly KeyPart[];
  /** For each column of the key, its place in the foreign key. */
  readonly order: readonly number[];
  readonly isRow: boolean;
};

function parentAccess(foreignKey: ForeignKeyDescriptor, parent: TableDescriptor): ParentAccess {
  const orderOf = (attributeNumbers: readonly number[]): readonly number[] =>
    attributeNumbers.map((number) => foreignKey.parentAttributeNumbers.indexOf(number));
  if (parent.primaryKey?.indexOid === foreignKey.parentIndexOid)
    return { space: parent.space, parts: layoutOf(parent).keyParts, order: orderOf(parent.primaryKey.attributeNumbers), isRow: true };
  const index = parent.indexes.find((entry) => entry.oid === foreignKey.parentIndexOid);
  if (index === undefined) throw new InvariantError('the index that a foreign key relies on is there');
  return {
    space: index.space,
    parts: indexLayoutOf(parent, index).keyParts,
    order: orderOf(index.keys.map((key) => key.attributeNumber)),
    isRow: false,
  };
}

/** The child's key with the most leading columns of the foreign key. */
function childAccess(
  foreignKey: ForeignKeyDescriptor,
  child: TableDescriptor,
  childColumns: FieldReader,
  parentColumns: FieldReader,
): ChildAccess | undefined {
  const back: readonly (KeyConversion | undefined)[] = parentColumns.types.map((type, at) =>
    exactConversion(type.oid, childColumns.types[at].oid),
  );
  let best: ChildAccess | undefined;
  let bestLength = 0;
  const consider = (indexOid: number | undefined, space: number, parts: readonly KeyPart[], attributeNumbers: readonly number[]): void => {
    const places: number[] = [];
    for (const number of attributeNumbers) {
      const at = foreignKey.attributeNumbers.indexOf(number);
      if (at < 0 || back[at] === undefined) break;
      places.push(at);
    }
    if (places.length <= bestLength) return;
    bestLength = places.length;
    best = {
      indexOid,
      space,
      prefix(parentValues, context) {
        const values: NonNull[] = [];
        for (const at of places) {
          const value = back[at]?.(parentValues[at], context);
          if (value === undefined) return undefined;
          values.push(value);
        }
        return keyPrefix(values, space, parts);
      },
    };
  };
  if (child.primaryKey !== undefined) consider(undefined, child.space, layoutOf(child).keyParts, child.primaryKey.attributeNumbers);
  for (const index of child.indexes) {
    if (index.state !== 'valid' || index.predicateText !== undefined) continue;
    consider(
      index.oid,
      index.space,
      indexLayoutOf(child, index).keyParts,
      index.keys.map((key) => key.attributeNumber),
    );
  }
  return best;
}
