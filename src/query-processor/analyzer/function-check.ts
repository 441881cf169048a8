/** The check of a function's body when it is stated, and the printing of one that is written in SQL itself. */
import type { Node } from '@pgsql/types';
import { notSupported, SqlError } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { Dependency, FunctionDescriptor } from '../catalog/descriptors.ts';
import { inputArguments, procOf } from '../catalog/function-proc.ts';
import type { PositionOf } from '../parser/parse.ts';
import type { ObjectNames } from './deparse-query.ts';
import { Analysis, type AnalyzerEnvironment } from './environment.ts';
import { bodyStatements } from './function-body.ts';
import { bodyEnvironment } from './function-call.ts';
import { functionResult, noResult, resultColumns } from './function-result.ts';
import { bindBodyStatement } from './function-statement.ts';
import { bindStoredQuery, printStoredQuery } from './stored-query.ts';

/** Arguments as they stand in a body that is not run: parameters. */
const argumentParameters = (descriptor: FunctionDescriptor): readonly Expression[] =>
  inputArguments(descriptor).map(({ type }, at): Expression => ({ kind: 'parameter', index: at + 1, type }));

/** Throws what is wrong with the body. `nodes`: those of a body in SQL itself. Without `binds` only its grammar is looked at. */
export function checkFunctionBody(
  environment: AnalyzerEnvironment,
  descriptor: FunctionDescriptor,
  nodes: readonly Node[] | undefined,
  positionOf: PositionOf,
  binds: boolean,
): void {
  try {
    const statements = nodes ?? bodyStatements(descriptor).map(({ node }) => node);
    if (!binds) return;
    const outer = new Analysis(environment, positionOf);
    outer.keepsCalls = true;
    const values = argumentParameters(descriptor);
    const form = functionResult(outer, descriptor, procOf(descriptor), values, descriptor.returnType);
    const inner = new Analysis(bodyEnvironment(outer, descriptor, values), nodes === undefined ? () => undefined : positionOf);
    inner.keepsCalls = true;
    const bound = statements.map((node) => bindBodyStatement(inner, node));
    if (form.type.oid === oid.void) return;
    const last = bound[bound.length - 1];
    if (last === undefined || last.output.length === 0) throw noResult(form);
    resultColumns(
      inner,
      form,
      last.output.map(({ id, name, type }): Expression => ({ kind: 'column', id, name, type })),
      descriptor,
    );
  } catch (error) {
    if (!(error instanceof SqlError) || nodes !== undefined) throw error;
    const { position: _, ...fields } = error.fields;
    throw new SqlError(error.sqlstate, error.message, { ...fields, where: `SQL function "${descriptor.name}"` });
  }
}

export type PrintedBody = { readonly statements: readonly string[]; readonly dependencies: readonly Dependency[] };

export function printFunctionBody(
  environment: AnalyzerEnvironment,
  descriptor: FunctionDescriptor,
  nodes: readonly Node[],
  positionOf: PositionOf,
  names: ObjectNames,
  /** What stands for $n; stored bodies have the number. */
  argumentName?: (index: number) => string | undefined,
): PrintedBody {
  const outer = new Analysis(environment, positionOf);
  const body = bodyEnvironment(outer, descriptor, argumentParameters(descriptor));
  const printed = nodes.map((node) => {
    if (!('SelectStmt' in node)) throw notSupported('only SELECT is supported in a function body that is not a string');
    return printStoredQuery(bindStoredQuery(body, node.SelectStmt, positionOf), {
      names,
      pretty: false,
      ...(argumentName === undefined ? {} : { argumentName }),
    });
  });
  const used = new Map<number, Set<number>>();
  for (const { oid: object, attributeNumbers } of printed.flatMap(({ dependencies }) => dependencies))
    used.set(object, new Set([...(used.get(object) ?? []), ...attributeNumbers]));
  return {
    statements: printed.map(({ text }) => text),
    dependencies: [...used].map(([object, numbers]) => ({ oid: object, attributeNumbers: [...numbers].sort((a, b) => a - b) })),
  };
}
