/**
 * Actions: what ON DELETE and ON UPDATE do to the children's rows. They are changes like any other, with the table's rules, indexes and
 * limits; only the statement's row count does not tell of them. Each is handed to the transaction at once, so that the next sees it.
 */
import { vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import { bindChecks, bindGenerated } from '../../analyzer/data-change.ts';
import type { OutputColumn } from '../../analyzer/logical-plan.ts';
import { bindTableText, columnDefault } from '../../analyzer/table-expression.ts';
import type { TableDescriptor } from '../../catalog/descriptors.ts';
import type { IndexMaintenance } from '../../planner/physical-plan.ts';
import type { Run } from '../operator.ts';
import { deleteRow, KeyHolders, replaceRow, uniqueKeys } from '../row-changes.ts';
import { applyRules, fieldsOf, imagesOf, type MaintainedTable, maintainedTable, type RowRules, rowRules } from '../row-images.ts';
import { statementWrites } from '../statement-writes.ts';
import { changedKeyColumns } from '../update.ts';
import { analysisOf } from './key-conversion.ts';
import type { RowEvent, RowImage } from './row-events.ts';

type WrittenTable = { readonly maintained: MaintainedTable; readonly rules: RowRules };

const writtenTables = new WeakMap<TableDescriptor, WrittenTable>();

function writtenTable(table: TableDescriptor, run: Run): WrittenTable {
  const known = writtenTables.get(table);
  if (known !== undefined) return known;
  const analysis = analysisOf(run);
  analysis.reserveColumnIds(table.columns.length);
  const columns: OutputColumn[] = table.columns.map((column) => ({
    id: column.attributeNumber,
    name: column.name,
    type: column.type,
    tableOid: table.oid,
    attributeNumber: column.attributeNumber,
  }));
  const live = columns.filter((_, at) => !table.columns[at].isDropped);
  const made = {
    maintained: maintainedTable(
      table,
      maintenanceOf(table, columns, (text) => bindTableText(analysis, text, table.name, live, indexText)),
    ),
    rules: rowRules(table, columns, bindGenerated(analysis, table, live), bindChecks(analysis, table, live)),
  };
  writtenTables.set(table, made);
  return made;
}

const indexText = { kind: 'alterType' } as const;

function maintenanceOf(
  table: TableDescriptor,
  columns: readonly OutputColumn[],
  bind: (text: string) => IndexMaintenance['keys'][number],
): readonly IndexMaintenance[] {
  return table.indexes
    .filter((index) => index.state !== 'invalid' || index.isUnique)
    .map((index) => ({
      indexOid: index.oid,
      columns,
      keys: index.keys.map((key) => {
        if (key.expressionText !== undefined) return bind(key.expressionText);
        const { id, type, name } = columns[key.attributeNumber - 1];
        return { kind: 'column', id, type, name };
      }),
      predicate: index.predicateText === undefined ? undefined : bind(index.predicateText),
    }));
}

const always = (): boolean => true;

export function deleteChildren(table: TableDescriptor, rows: readonly RowImage[], run: Run): readonly RowEvent[] {
  const { maintained } = writtenTable(table, run);
  const fields = rows.map(({ row }) => maintained.layout.decode(row));
  const vectors = table.columns.map((_, at) => vectorOf(fields.map((values) => values[at])));
  const keys = rows.map(({ key }) => key);
  const images = imagesOf(maintained, vectors, fields, keys, always, run);
  for (let at = 0; at < rows.length; at++) deleteRow(images, at, keys[at], run);
  hand(maintained, rows.length, run);
  return rows.map((before) => ({ table, before, after: undefined, wasOwn: false }));
}

/** `values`: by attribute number, the same for all rows. */
export function updateChildren(
  table: TableDescriptor,
  rows: readonly RowImage[],
  values: ReadonlyMap<number, Datum>,
  run: Run,
): readonly RowEvent[] {
  const { maintained, rules } = writtenTable(table, run);
  const { layout } = maintained;
  const { overlay } = run.transaction;
  const owned = rows.map(({ key }) => overlay?.get(key) !== undefined);
  const oldFields = rows.map(({ row }) => layout.decode(row));
  const oldVectors = table.columns.map((_, at) => vectorOf(oldFields.map((fields) => fields[at])));
  const newVectors = [...oldVectors];
  for (const [attributeNumber, value] of values) newVectors[attributeNumber - 1] = vectorOf(rows.map(() => value));
  const violation = applyRules(rules, newVectors, rows.length, run);
  const count = violation?.row ?? rows.length;

  const change = changedKeyColumns(maintained, [...values.keys(), ...rules.generated.map((item) => item.attributeNumber)]);
  const keys = rows.slice(0, count).map(({ key }) => key);
  const newFields = fieldsOf(newVectors, count);
  const newKeys = change.movesRows ? newFields.map((fields) => layout.rowKey(fields, run.context.random)) : keys;
  const oldImages = imagesOf(maintained, oldVectors, oldFields, keys, change.touches, run);
  const newImages = imagesOf(maintained, newVectors, newFields, newKeys, change.touches, run);
  const holders = new KeyHolders(run);
  holders.fetch(uniqueKeys(maintained, newImages, change.movesRows ? newKeys : undefined));
  const events: RowEvent[] = [];
  for (let at = 0; at < count; at++) {
    const row = layout.encode(newFields[at]);
    replaceRow(
      maintained,
      { images: oldImages, row: at, key: keys[at] },
      { images: newImages, row: at, key: newKeys[at], value: row },
      change.isKeyChange(oldFields[at], newFields[at]),
      holders,
      run,
    );
    events.push({ table, before: rows[at], after: { key: newKeys[at], row }, wasOwn: owned[at] });
  }
  if (violation !== undefined) throw violation.error();
  hand(maintained, count, run);
  return events;
}

function hand({ table }: MaintainedTable, rows: number, run: Run): void {
  run.transaction.countRows(rows);
  const writes = statementWrites(run);
  writes.useRelation(table.oid);
  writes.flush(run.transaction);
}

/** What SET DEFAULT sets: evaluated anew for each action, as a default is. */
export function defaultOf(table: TableDescriptor, attributeNumber: number, run: Run): Datum {
  return evaluateOnce(columnDefault(analysisOf(run), table, table.columns[attributeNumber - 1]), run.context);
}
