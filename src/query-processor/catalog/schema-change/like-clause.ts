/** CREATE TABLE (LIKE source ...): columns of another relation, and by option what hangs on them. A copy: nothing ties the two. */
import type { Constraint, Node, TableLikeClause } from '@pgsql/types';
import { InvariantError } from '#base/assert.ts';
import { maximumIndexes } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { parse } from '../../parser/parse.ts';
import type { ColumnDescriptor, IndexDescriptor, SequenceDescriptor, TableDescriptor } from '../descriptors.ts';
import type { CheckConstraint, ColumnDraft, KeyConstraint } from './create-table.ts';
import { ownedSequences } from './drop-relation.ts';
import { freeName, joinedColumns } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';

/** Bits of the clause's options, as the grammar sets them. */
const included = { comments: 1, constraints: 4, defaults: 8, generated: 16, identity: 32, indexes: 64 } as const;

export type LikeSource = { readonly table: TableDescriptor; readonly includes: (what: keyof typeof included) => boolean };

/** Adds the source's columns, checks and keys to what is being made. Gives the source, for what can be copied only afterwards. */
export function likeColumns(
  change: SchemaChange,
  clause: TableLikeClause,
  drafts: ColumnDraft[],
  keys: KeyConstraint[],
  checks: CheckConstraint[],
): LikeSource | undefined {
  const target = clause.relation ?? {};
  const source = change.findRelation(target);
  if (source === undefined) throw change.missingRelation(target);
  if (source.kind === 'sequence')
    throw new SqlError(sqlstate.wrongObjectType, `relation "${source.name}" is invalid in LIKE clause`, {
      detail: 'This operation is not supported for sequences.',
    });
  if (source.kind === 'view') {
    for (const { name, type } of source.columns) drafts.push({ ...bare(name), type });
    return undefined;
  }
  const options = clause.options ?? 0;
  const includes = (what: keyof typeof included): boolean => (options & included[what]) !== 0;
  const sequences = source.kind === 'table' ? ownedSequences(change, source) : [];
  for (const column of source.columns) if (!column.isDropped) drafts.push(draftOf(column, includes, sequences));
  if (includes('constraints'))
    for (const check of source.checks)
      checks.push({ constraint: { contype: 'CONSTR_CHECK', conname: check.name, raw_expr: expressionOf(check.text) }, column: undefined });
  if (includes('indexes')) keys.push(...keysOf(source));
  return { table: source, includes };
}

const bare = (name: string): Omit<ColumnDraft, 'type'> => ({
  definition: { colname: name },
  name,
  notNull: undefined,
  defaultNode: undefined,
  generatedNode: undefined,
  identity: undefined,
  isSerial: false,
});

function draftOf(column: ColumnDescriptor, includes: LikeSource['includes'], sequences: readonly SequenceDescriptor[]): ColumnDraft {
  const { name, type, notNull, defaultText, generated, identity } = column;
  const draft: ColumnDraft = { ...bare(name), type, notNull: notNull ? true : undefined };
  if (defaultText !== undefined && generated === undefined && includes('defaults')) draft.defaultNode = expressionOf(defaultText);
  if (defaultText !== undefined && generated !== undefined && includes('generated')) draft.generatedNode = expressionOf(defaultText);
  const sequence = sequences.find(({ ownedBy }) => ownedBy?.attributeNumber === column.attributeNumber);
  if (identity !== undefined && sequence !== undefined && includes('identity'))
    draft.identity = { kind: identity, options: optionsOf(sequence) };
  return draft;
}

/** A stored expression as a tree again. */
function expressionOf(text: string): Node {
  const [{ node }] = parse(`SELECT ${text}`);
  const [target] = 'SelectStmt' in node ? (node.SelectStmt.targetList ?? []) : [];
  if (target === undefined || !('ResTarget' in target) || target.ResTarget.val === undefined)
    throw new InvariantError('a stored expression is one expression');
  return target.ResTarget.val;
}

function optionsOf(sequence: SequenceDescriptor): readonly Node[] {
  const option = (defname: string, fval: string): Node => ({ DefElem: { defname, arg: { Float: { fval } } } });
  return [
    option('increment', sequence.increment),
    option('minvalue', sequence.minimum),
    option('maxvalue', sequence.maximum),
    option('start', sequence.start),
    option('cache', sequence.cache),
    { DefElem: { defname: 'cycle', arg: { Boolean: { boolval: sequence.cycle } } } },
  ];
}

const stringNodes = (texts: readonly string[]): Node[] => texts.map((sval) => ({ String: { sval } }));

/** The primary key and UNIQUE constraints, under names of their own. */
function keysOf(source: TableDescriptor): readonly KeyConstraint[] {
  const namesOf = (numbers: readonly number[]): string[] => numbers.map((number) => source.columns[number - 1].name);
  const keys: KeyConstraint[] = [];
  if (source.primaryKey !== undefined)
    keys.push({ constraint: { contype: 'CONSTR_PRIMARY' }, columns: namesOf(source.primaryKey.attributeNumbers), isPrimary: true });
  for (const index of source.indexes) {
    if (index.constraintOid === undefined) continue;
    const constraint: Constraint = {
      contype: 'CONSTR_UNIQUE',
      including: stringNodes(namesOf(index.included)),
      nulls_not_distinct: index.nullsNotDistinct,
    };
    keys.push({ constraint, columns: namesOf(index.keys.map((key) => key.attributeNumber)), isPrimary: false });
  }
  return keys;
}

/** Indexes that no constraint owns, with the attribute numbers of the new table; and comments on the columns. */
export function likeRest(change: SchemaChange, table: TableDescriptor, sources: readonly LikeSource[]): TableDescriptor {
  const indexes: IndexDescriptor[] = [...table.indexes];
  for (const { table: source, includes } of sources) {
    const numberOf = (old: number): number => {
      const { name } = source.columns[old - 1];
      return table.columns.find((column) => column.name === name)?.attributeNumber ?? 0;
    };
    for (const index of includes('indexes') ? source.indexes : []) {
      if (index.constraintOid !== undefined) continue;
      const names = index.keys.map((key) => (key.attributeNumber === 0 ? 'expr' : source.columns[key.attributeNumber - 1].name));
      const isTaken = (name: string): boolean =>
        change.catalog.hasRelationName(table.schemaOid, name) || indexes.some((other) => other.name === name);
      const oid = change.newOid();
      indexes.push({
        ...index,
        oid,
        space: oid,
        name: freeName(table.name, joinedColumns(names), 'idx', isTaken),
        keys: index.keys.map((key) => (key.attributeNumber === 0 ? key : { ...key, attributeNumber: numberOf(key.attributeNumber) })),
        included: index.included.map(numberOf),
        state: 'valid',
      });
    }
    if (!includes('comments')) continue;
    for (const { classOid, objectOid, subId, text } of change.catalog.comments())
      if (objectOid === source.oid && subId > 0)
        change.put({ kind: 'comment', oid: change.newOid(), classOid, objectOid: table.oid, subId: numberOf(subId), text });
  }
  if (indexes.length + (table.primaryKey === undefined ? 0 : 1) > maximumIndexes)
    throw new SqlError(sqlstate.programLimitExceeded, `more than ${maximumIndexes} indexes per table are not allowed`);
  return { ...table, indexes };
}
