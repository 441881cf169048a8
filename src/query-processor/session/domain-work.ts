/** Looks at the stored values of a domain whose constraints have grown (M1 of schema-change/domain.ts). */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { constantVector, datumAt } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import { valueName } from '../analyzer/domain.ts';
import { Analysis } from '../analyzer/environment.ts';
import { bindTableText } from '../analyzer/table-expression.ts';
import type { DomainWork } from '../catalog/schema-change/domain.ts';
import type { StoredRow } from '../catalog/schema-change/table-rows.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import { analyzerEnvironment } from './prepared-statement.ts';
import type { StatementHost } from './statement-host.ts';
import type { StatementRun } from './statement-run.ts';

/** What is done with the rows of the table. */
export function domainRowCheck(session: StatementHost, work: DomainWork): (rows: readonly StoredRow[], run: StatementRun) => void {
  const { table, column, domain, check } = work;
  const layout = layoutOf(table);
  const storedValue = (row: StoredRow) => layout.decode(row.value)[column.attributeNumber - 1];
  const place = { schema: table.schemaName, table: table.name, column: column.name };
  if (check === undefined)
    return (rows) => {
      if (rows.some((row) => storedValue(row) === null))
        throw new SqlError(sqlstate.notNullViolation, `column "${column.name}" of table "${table.name}" contains null values`, place);
    };
  // The condition is the new one, which the session's catalog does not have yet.
  const base = { oid: domain.base.oid, typmod: domain.base.typmod };
  const environment = analyzerEnvironment(session.compilation, check.text, undefined);
  const value = { id: 1, name: valueName, type: base, tableOid: 0, attributeNumber: 1 };
  const condition = bindTableText(new Analysis(environment, () => undefined), check.text, domain.name, [value], { kind: 'check' });
  const evaluate = compileExpression(condition, [value.id]);
  return (rows, run) => {
    for (const row of rows) {
      const answer = evaluate({ rowCount: 1, columns: [constantVector(storedValue(row))] }, run.context);
      if (datumAt(answer, 0) === false)
        throw new SqlError(
          sqlstate.checkViolation,
          `column "${column.name}" of table "${table.name}" contains values that violate the new constraint`,
          place,
        );
    }
  };
}
