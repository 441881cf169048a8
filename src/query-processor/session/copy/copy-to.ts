/** COPY ... TO STDOUT: the rows of a query as lines, or in binary format. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import type { NonNull } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { execute } from '../../executor/execute.ts';
import type { ParsedStatement } from '../../parser/parse.ts';
import type { Maybe } from '../../query-processor.ts';
import { compileQuery } from '../prepared-statement.ts';
import { PlanExecution } from '../run-plan.ts';
import type { StatementHost, UtilityOutput } from '../statement-host.ts';
import { CopyBinaryWriter } from './copy-binary-writer.ts';
import type { CopyOptions } from './copy-options.ts';
import { CopyLineWriter } from './copy-writer.ts';

export async function copyTo(
  session: StatementHost,
  query: ParsedStatement,
  text: string,
  options: CopyOptions,
  { sink }: UtilityOutput,
): Promise<string> {
  const planned = compileQuery(query, text, [], session.compilation);
  const { bound, fields } = planned;
  if (fields.length === 0 && bound.command !== 'SELECT')
    throw new SqlError(sqlstate.featureNotSupported, 'COPY query must have a RETURNING clause');
  if (!bound.isReadOnly) {
    session.block.throwIfReadOnly(bound.command);
    session.block.noteRowChange();
  }
  const names = fields.map((field) => field.name);
  for (const name of options.forceQuote)
    if (name !== '*' && !names.includes(name)) throw new SqlError(sqlstate.undefinedColumn, `column "${name}" does not exist`);
  session.block.startQuery(bound);
  const run = session.startRun([]);
  const execution = new PlanExecution(execute(planned.plan, run), run, session.host.readPoint);
  const types = fields.map((field) => typeByOid(field.type.oid));
  const context = session.typeContext;
  if (options.format === 'binary') {
    const writer = new CopyBinaryWriter(types, context);
    sink.copyOutStart(fields.map(() => 1));
    await execution.fetch(0, (batch): Maybe<void> => sink.copyOutData(writer.rows(batch)));
    await sink.copyOutData([writer.end()]);
    sink.copyOutEnd();
    return `COPY ${execution.fetched}`;
  }
  const writer = new CopyLineWriter(options, names);

  const linesOf = (batch: Batch): readonly string[] => {
    const lines: string[] = new Array(batch.rowCount);
    const row: (string | null)[] = new Array(types.length);
    for (let at = 0; at < batch.rowCount; at++) {
      for (let column = 0; column < types.length; column++) {
        const value = datumAt(batch.columns[column], at);
        row[column] = value === null ? null : types[column].output(value as NonNull, context);
      }
      lines[at] = writer.line(row);
    }
    return lines;
  };

  sink.copyOutStart(fields.map(() => 0));
  if (options.header !== 'none') await sink.copyOutData([writer.header(names)]);
  await execution.fetch(0, (batch): Maybe<void> => sink.copyOutData(linesOf(batch)));
  sink.copyOutEnd();
  return `COPY ${execution.fetched}`;
}
