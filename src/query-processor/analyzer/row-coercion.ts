/** A record becomes a row of a relation's type field by field, where the statement says what its fields are. */
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { typeRef } from '#sql/type.ts';
import type { CoercionContext } from './cast-path.ts';
import { rowTypeShape } from './catalog-type.ts';
import { coerceToTarget, nullConstant } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { typeDisplayName } from './type-facts.ts';

export function coerceRecordToRow(
  analysis: Analysis,
  record: Expression,
  target: number,
  context: CoercionContext,
  location: number | undefined,
): Expression {
  const refuse = (place: number | undefined, detail?: string) =>
    analysis.error(
      sqlstate.cannotCoerce,
      `cannot cast type ${typeDisplayName(record.type.oid)} to ${typeDisplayName(target)}`,
      place,
      detail === undefined ? {} : { detail },
    );
  const shape = rowTypeShape(analysis.environment.catalog, target);
  const branch = record.kind === 'case' && analysis.wholeRows.has(record) ? record.branches[0] : undefined;
  const row = branch === undefined ? record : branch.then;
  if (shape === undefined || row.kind !== 'row') throw refuse(location);
  // A stored text was written when the relation may have had fewer columns.
  const isPadded = analysis.environment.stored !== undefined;
  const fields = shape.types.map((type, at) => {
    const field = row.fields[at] ?? (isPadded ? nullConstant(type.oid) : undefined);
    if (field === undefined) throw refuse(location, 'Input has too few columns.');
    const coerced = coerceToTarget(analysis, field, type, context);
    if (coerced === undefined)
      throw refuse(
        context === 'explicit' ? location : analysis.locationOf(field),
        `Cannot cast type ${typeDisplayName(field.type.oid)} to ${typeDisplayName(type.oid)} in column ${at + 1}.`,
      );
    return coerced;
  });
  if (row.fields.length > shape.names.length) throw refuse(location, 'Input has too many columns.');
  const made: Expression = { kind: 'row', fields, names: shape.names, type: typeRef(target) };
  if (record.kind !== 'case' || branch === undefined) return analysis.locate(made, location);
  // biome-ignore lint/suspicious/noThenProperty: SQL's own word; nobody awaits a branch
  return analysis.locate({ ...record, branches: [{ when: branch.when, then: made }], type: made.type }, location);
}
