/** What a client is told of a foreign key that does not hold, in PostgreSQL's words. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import type { EvaluationContext } from '#sql/function.ts';
import type { TableDescriptor } from '../../catalog/descriptors.ts';
import type { FieldReader, ForeignKeyPlan } from './foreign-key-plan.ts';

const place = ({ child, foreignKey }: ForeignKeyPlan) => ({
  schema: child.schemaName,
  table: child.name,
  constraint: foreignKey.name,
});

const orphan = (plan: ForeignKeyPlan, detail: string): SqlError =>
  new SqlError(
    sqlstate.foreignKeyViolation,
    `insert or update on table "${plan.child.name}" violates foreign key constraint "${plan.foreignKey.name}"`,
    { detail, ...place(plan) },
  );

export const mixedNulls = (plan: ForeignKeyPlan): SqlError =>
  orphan(plan, 'MATCH FULL does not allow mixing of null and nonnull key values.');

export const parentMissing = (plan: ForeignKeyPlan, childValues: readonly Datum[], context: EvaluationContext): SqlError =>
  orphan(plan, `Key ${shown(plan.child, plan.childColumns, childValues, context)} is not present in table "${plan.parent.name}".`);

export const stillReferenced = (plan: ForeignKeyPlan, parentValues: readonly Datum[], context: EvaluationContext): SqlError =>
  new SqlError(
    sqlstate.foreignKeyViolation,
    `update or delete on table "${plan.parent.name}" violates foreign key constraint "${plan.foreignKey.name}" on table "${plan.child.name}"`,
    {
      detail: `Key ${shown(plan.parent, plan.parentColumns, parentValues, context)} is still referenced from table "${plan.child.name}".`,
      ...place(plan),
    },
  );

function shown(table: TableDescriptor, columns: FieldReader, values: readonly Datum[], context: EvaluationContext): string {
  const names = columns.attributeNumbers.map((number) => table.columns[number - 1].name);
  const texts = values.map((value, at) => (value === null ? 'null' : columns.types[at].output(value, context)));
  return `(${names.join(', ')})=(${texts.join(', ')})`;
}
