/**
 * Routine: the statements of a user's function, each bound by itself, for calls that are not replaced by what the body says (function-call.ts).
 *
 *   R1  Arguments are the statements' parameters, of the types that the call has given them.
 *   R2  All statements are bound before the first is run, as PostgreSQL does: what one of them creates the next does not know.
 *   R3  The last statement has the columns of the result; one of a void function has whatever it has.
 */
import type { LockClauseStrength, Node } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import { procOf } from '../catalog/function-proc.ts';
import { boundQuery } from './analyze.ts';
import { Analysis, type AnalyzerEnvironment } from './environment.ts';
import { bodyStatements } from './function-body.ts';
import { bodyEnvironment } from './function-call.ts';
import { functionResult } from './function-result.ts';
import { bindBodyStatement, bindLastStatement } from './function-statement.ts';
import type { BoundQuery } from './logical-plan.ts';
import type { BoundSelect } from './select.ts';

const commandOf = (node: Node): string => {
  if (!('SelectStmt' in node)) return (Object.keys(node)[0] ?? '').replace(/Stmt$/, '').toUpperCase();
  const [locking] = node.SelectStmt.lockingClause ?? [];
  const strength = locking !== undefined && 'LockingClause' in locking ? locking.LockingClause.strength : undefined;
  return `SELECT${strength === undefined ? '' : lockingWords[strength]}`;
};

const lockingWords: Readonly<Record<LockClauseStrength, string>> = {
  LCS_NONE: '',
  LCS_FORKEYSHARE: ' FOR KEY SHARE',
  LCS_FORSHARE: ' FOR SHARE',
  LCS_FORNOKEYUPDATE: ' FOR NO KEY UPDATE',
  LCS_FORUPDATE: ' FOR UPDATE',
};

/** `environment`: what the call was bound in. */
export function bindRoutine(
  environment: AnalyzerEnvironment,
  descriptor: FunctionDescriptor,
  argTypes: readonly TypeRef[],
  result: number,
): readonly BoundQuery[] {
  try {
    const statements = bodyStatements(descriptor);
    return statements.map((statement, at) => {
      const outer = new Analysis(environment, () => undefined);
      const values = argTypes.map((type, index): Expression => ({ kind: 'parameter', index: index + 1, type }));
      const type = result === descriptor.returnType.oid ? { ...descriptor.returnType, typmod: -1 } : typeRef(result);
      const form = functionResult(outer, descriptor, procOf(descriptor), values, type);
      const analysis = new Analysis(bodyEnvironment(outer, descriptor, values), () => undefined);
      const givesResult = at === statements.length - 1 && form.type.oid !== oid.void;
      const bound = analysis.withinFunction(descriptor, (): BoundSelect => {
        if (!givesResult) return bindBodyStatement(analysis, statement.node);
        const { plan, targets } = bindLastStatement(analysis, descriptor, statement, form);
        return {
          plan,
          output: targets.map(({ id, name, expression }) => ({ id, name, type: expression.type, tableOid: 0, attributeNumber: 0 })),
        };
      });
      const query = boundQuery(analysis, statement.node, bound);
      if (!query.isReadOnly && descriptor.volatility !== 'v')
        throw new SqlError(sqlstate.featureNotSupported, `${commandOf(statement.node)} is not allowed in a non-volatile function`);
      return query;
    });
  } catch (error) {
    if (!(error instanceof SqlError) || error.fields.where !== undefined) throw error;
    const { position: _, ...fields } = error.fields;
    throw new SqlError(error.sqlstate, error.message, { ...fields, where: `SQL function "${descriptor.name}" during startup` });
  }
}
