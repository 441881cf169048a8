/** SELECT ... INTO: a query by its look, CREATE TABLE AS by what it does. */
import type { IntoClause, SelectStmt } from '@pgsql/types';

/** INTO stands in the leftmost SELECT of a set operation. */
export function intoClauseOf(select: SelectStmt): IntoClause | undefined {
  for (let part: SelectStmt | undefined = select; part !== undefined; part = part.larg)
    if (part.intoClause !== undefined) return part.intoClause;
  return undefined;
}

export function withoutInto(select: SelectStmt): SelectStmt {
  const { intoClause: _, ...rest } = select;
  return rest.larg === undefined ? rest : { ...rest, larg: withoutInto(rest.larg) };
}
