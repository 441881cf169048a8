/** The text of a type alone, as regtype, to_regtype and pg_input_is_valid read it: with the grammar, as a cast would. */
import type { TypeName } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { parse } from './parse.ts';

const opening = 'SELECT CAST(NULL AS ';

/** Throws 42601 with PostgreSQL's words; positions count from the start of `text`. */
export function parseTypeText(text: string): TypeName {
  if (/^\s*$/.test(text)) throw new SqlError(sqlstate.syntaxError, `invalid type name "${text}"`);
  const name = typeOf(text);
  if (name.setof === true) throw new SqlError(sqlstate.syntaxError, `invalid type name "${text}"`);
  return name;
}

function typeOf(text: string): TypeName {
  try {
    const [statement, ...more] = parse(`${opening}${text}\n)`);
    const targets = more.length === 0 && 'SelectStmt' in statement.node ? (statement.node.SelectStmt.targetList ?? []) : [];
    const [target] = targets;
    const value = targets.length === 1 && 'ResTarget' in target ? target.ResTarget.val : undefined;
    if (value !== undefined && 'TypeCast' in value && value.TypeCast.typeName !== undefined) return value.TypeCast.typeName;
    throw new SqlError(sqlstate.syntaxError, 'syntax error at or near ")"');
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw within(error, text);
  }
}

/** The error without what was written around the text. */
function within(error: SqlError, text: string): SqlError {
  const { position } = error.fields;
  if (position === undefined) return error;
  const own = position - opening.length;
  if (own > [...text].length)
    return new SqlError(error.sqlstate, 'syntax error at end of input', { ...error.fields, position: [...text].length + 1 });
  // What is quoted runs to the end of the text at most.
  const message = error.message.replace(/\n\)"$/, '"');
  return new SqlError(error.sqlstate, message, { ...error.fields, position: own });
}
