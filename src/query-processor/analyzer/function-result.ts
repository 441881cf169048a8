/** What a function returns: one value or the fields of a record, and how the columns of its last statement become that. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import { formatType } from '#sql/types/registry.ts';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import { outputArguments, type Proc } from '../catalog/function-proc.ts';
import { rowTypeShape } from './catalog-type.ts';
import { coerceToTarget } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { recordShapeOf } from './expression-names.ts';
import type { NamedExpression } from './logical-plan.ts';
import { resolvePolymorphic } from './polymorphism.ts';
import type { RecordShape } from './scope.ts';

export type ResultForm = {
  readonly type: TypeRef;
  readonly isRecord: boolean;
  /** Of a record; undefined: whatever the body's last statement has. */
  readonly fields: RecordShape | undefined;
};

export function functionResult(
  analysis: Analysis,
  descriptor: FunctionDescriptor,
  proc: Proc,
  args: readonly Expression[],
  type: TypeRef,
): ResultForm {
  const fields = rowTypeShape(analysis.environment.catalog, type.oid);
  if (fields !== undefined) return { type, isRecord: true, fields };
  if (type.oid !== oid.record) return { type, isRecord: false, fields: undefined };
  const outputs = outputArguments(descriptor);
  if (outputs.length === 0) return { type, isRecord: true, fields: undefined };
  const actual = args.map((arg) => arg.type.oid);
  const types = outputs.map(({ type: declared }) => {
    const found = resolvePolymorphic(analysis, proc.argTypes, actual, declared.oid).result;
    return found === declared.oid ? declared : typeRef(found);
  });
  return { type, isRecord: true, fields: { names: outputs.map(({ name }, at) => name || `column${at + 1}`), types } };
}

const mismatch = (form: ResultForm, detail: string): SqlError =>
  new SqlError(sqlstate.invalidFunctionDefinition, `return type mismatch in function declared to return ${formatType(form.type)}`, {
    detail,
  });

/** 42P13: the last statement gives nothing. */
export const noResult = (form: ResultForm): SqlError =>
  mismatch(form, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");

/** The last statement's columns as the function's result. */
export function resultColumns(
  analysis: Analysis,
  form: ResultForm,
  values: readonly Expression[],
  descriptor: FunctionDescriptor,
): readonly NamedExpression[] {
  const refuse = (detail: string): SqlError => mismatch(form, detail);
  if (!form.isRecord) {
    if (values.length !== 1) throw refuse('Final statement must return exactly one column.');
    const coerced = coerceToTarget(analysis, values[0], form.type, 'assignment');
    if (coerced === undefined) throw refuse(`Actual return type is ${formatType(values[0].type)}.`);
    return [{ id: analysis.newColumnId(), name: descriptor.name, expression: coerced }];
  }
  const shape = values.length === 1 && isComposite(values[0].type.oid) ? recordShapeOf(analysis, values[0]) : undefined;
  const given =
    shape === undefined || (form.fields !== undefined && form.fields.names.length === 1)
      ? values
      : shape.names.map((name, index): Expression => ({ kind: 'field', arg: values[0], index, name, type: shape.types[index] }));
  const { fields } = form;
  if (fields === undefined)
    return given.map((expression, at) => ({
      id: analysis.newColumnId(),
      name: 'name' in expression && typeof expression.name === 'string' ? expression.name : `column${at + 1}`,
      expression,
    }));
  if (given.length > fields.names.length) throw refuse('Final statement returns too many columns.');
  if (given.length < fields.names.length) throw refuse('Final statement returns too few columns.');
  return given.map((value, at) => {
    const expression = coerceToTarget(analysis, value, fields.types[at], 'assignment');
    if (expression === undefined)
      throw refuse(`Final statement returns ${formatType(value.type)} instead of ${formatType(fields.types[at])} at column ${at + 1}.`);
    return { id: analysis.newColumnId(), name: fields.names[at], expression };
  });
}
