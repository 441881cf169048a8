/** What an ALTER TABLE or CREATE INDEX has to do with a table's rows within its statement, a slice at a time. */
import { indexBuildRows } from '#base/limits.ts';
import type { Datum } from '#sql/datum.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { Rewrite } from '../catalog/schema-change/alter-column-type.ts';
import type { AlteredTable } from '../catalog/schema-change/alter-table.ts';
import { storedExpression } from '../catalog/schema-change/table-expressions.ts';
import { TableRewrite } from '../catalog/schema-change/table-rewrite.ts';
import {
  type BindTableText,
  checkNotNull,
  checkRows,
  compileOver,
  fillColumn,
  fillWith,
  IndexBuilder,
  nextStart,
  readRows,
  type StoredRow,
} from '../catalog/schema-change/table-rows.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import { checkChildren, childCheck } from '../executor/foreign-keys/enforce.ts';
import { planOf } from '../executor/foreign-keys/foreign-key-plan.ts';
import type { Maybe } from '../query-processor.ts';
import { analyzerEnvironment } from './prepared-statement.ts';
import { untilStable } from './run-plan.ts';
import type { StatementHost } from './statement-host.ts';
import type { StatementRun } from './statement-run.ts';

const bindFor =
  (session: StatementHost): BindTableText =>
  (table, text, column) =>
    storedExpression(analyzerEnvironment(session.compilation, text, undefined), table, text, column);

export async function buildIndex(session: StatementHost, table: TableDescriptor, indexOid: number): Promise<void> {
  const builder = new IndexBuilder(table, indexOid, bindFor(session));
  await eachSlice(session, table, (rows, run) => builder.build(rows, session.host.storage, session.block.transaction, run.context, false));
}

export async function doRowWork(session: StatementHost, { before, after, work }: AlteredTable): Promise<void> {
  const bind = bindFor(session);
  const { transaction } = session.block;
  const withoutFilled = work.some((item) => item.kind === 'fillColumn');
  for (const item of work) {
    switch (item.kind) {
      case 'rewrite':
        await rewriteTable(session, before, after, item.rewrite);
        break;
      case 'checkForeignKey': {
        const child = item.childOid === undefined ? after : session.block.catalog.relationByOid(item.childOid);
        if (child?.kind === 'table') await checkForeignKey(session, child, item.constraintOid);
        break;
      }
      case 'buildIndex':
        await buildIndex(session, after, item.indexOid);
        break;
      case 'checkNotNull':
        await eachSlice(session, after, (rows) => checkNotNull(after, item.attributeNumber, rows));
        break;
      case 'checkConstraint': {
        const check = after.checks.find((entry) => entry.name === item.name);
        if (check === undefined) break;
        const condition = compileOver(after, bind(after, check.text));
        await eachSlice(session, after, (rows, run) => checkRows(after, check.name, condition, rows, run.context));
        break;
      }
      case 'fillFromSequence':
        await eachSlice(session, after, async (rows) => {
          const values = await session.facts.sequences.nextval(rows.map(() => [item.sequenceOid]));
          fillWith(after, item.attributeNumber, values, rows, transaction);
        });
        break;
      case 'fillColumn': {
        const column = after.columns[item.attributeNumber - 1];
        if (column.defaultText === undefined) break;
        const value = compileOver(after, bind(after, column.defaultText, column));
        await eachSlice(session, withoutFilled ? after : before, (rows, run) =>
          fillColumn(after, item.attributeNumber, value, rows, transaction, run.context),
        );
        break;
      }
    }
  }
}

/** Carries every row over, then builds every index. */
async function rewriteTable(session: StatementHost, before: TableDescriptor, after: TableDescriptor, rewrite: Rewrite): Promise<void> {
  const rewriting = new TableRewrite(before, after, rewrite, bindFor(session));
  await eachSlice(session, before, async (rows, run) => {
    const taken = new Map<number, readonly Datum[]>();
    for (const [attributeNumber, sequenceOid] of rewrite.sequences)
      taken.set(attributeNumber, await session.facts.sequences.nextval(rows.map(() => [sequenceOid])));
    rewriting.write(rows, taken, session.block.transaction, run.context);
  });
  for (const index of after.indexes) await buildIndex(session, after, index.oid);
}

/** Every row of the child has its parent: for ADD FOREIGN KEY and VALIDATE CONSTRAINT. */
async function checkForeignKey(session: StatementHost, table: TableDescriptor, constraintOid: number): Promise<void> {
  const foreignKey = table.foreignKeys.find((entry) => entry.constraintOid === constraintOid);
  if (foreignKey === undefined) return;
  await eachSlice(session, table, (rows, run) => {
    const plan = planOf(foreignKey, table, run);
    checkChildren(
      plan,
      rows.map((row) => childCheck(plan, plan.childColumns.read(row.value), run)),
      run,
    );
  });
}

/** Goes over a table's rows as the transaction sees them, with pauses. */
export async function eachSlice(
  session: StatementHost,
  table: TableDescriptor,
  work: (rows: readonly StoredRow[], run: StatementRun) => Maybe<void>,
): Promise<void> {
  const { storage, readPoint } = session.host;
  const { transaction } = session.block;
  const run = session.startRun([]);
  // Raw versions do not tell how new they are; what is said of the rows, also as an error, waits for the whole snapshot to be stable (N2).
  run.observed.newest = transaction.snapshot;
  const { rowRange } = layoutOf(table);
  for (let start: string | undefined = rowRange.start; start !== undefined; ) {
    const range = { start, end: rowRange.end };
    const next = nextStart(storage, transaction, range, indexBuildRows);
    await work(readRows(storage, transaction, range, indexBuildRows), run);
    start = next;
    if (run.shouldPause()) await run.pause();
  }
  await untilStable(readPoint, run.observed);
}
