/** Error context: errors of a function's body say in which function they arose, the innermost first, as PostgreSQL's CONTEXT lines do. */
import { SqlError } from '#base/sql-error.ts';
import type { Batch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { Rows } from './operator.ts';

export function inContext(error: unknown, where: string): unknown {
  if (!(error instanceof SqlError)) return error;
  // A place in the body is none in the client's text.
  const { position: _, ...fields } = error.fields;
  return new SqlError(error.sqlstate, error.message, {
    ...fields,
    where: fields.where === undefined ? where : `${fields.where}\n${where}`,
  });
}

/** The rows, with errors that arise while they are computed put into their context. */
export function* withContext(rows: Rows, where: string): Generator<Batch | Wait, void, undefined> {
  try {
    yield* rows;
  } catch (error) {
    throw inContext(error, where);
  }
}
