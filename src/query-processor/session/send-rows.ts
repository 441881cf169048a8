/** Rows that a utility statement makes itself, on their way to the client. */
import { BatchBuilder } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Field, Maybe } from '../query-processor.ts';
import { after } from './maybe.ts';
import { outputFor } from './prepared-statement.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';

export function sendRows(
  session: StatementHost,
  output: UtilityOutput,
  fields: readonly Field[],
  rows: readonly (readonly Datum[])[],
): Maybe<void> {
  const { sink } = output;
  const formatted = outputFor(fields, output.isSimple ? [] : output.resultFormats, session.typeContext);
  if (output.isSimple) sink.rowDescription(formatted.fields);
  let sent: Promise<void> | undefined;
  const builder = new BatchBuilder(fields.length);
  const flush = (): void => {
    if (builder.rowCount === 0) return;
    const batch = builder.take();
    sent = after(sent, () => sink.rows(batch, formatted.fields, formatted.encoders)) ?? undefined;
  };
  for (const row of rows) {
    builder.addRow(row);
    if (builder.isFull) flush();
  }
  flush();
  return sent;
}
