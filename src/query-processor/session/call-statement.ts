/** CALL: the one procedure there is, sys.wait_for_job. */
import type { CallStmt } from '@pgsql/types';
import { fromBase32 } from '#base/base32.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { coerceToTarget } from '../analyzer/coercion.ts';
import { Analysis } from '../analyzer/environment.ts';
import { bindExpression } from '../analyzer/expression.ts';
import { Scope } from '../analyzer/scope.ts';
import { decodeJob, isFinished, jobKey } from '../catalog/job-rows.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import type { Field } from '../query-processor.ts';
import { stringsOf } from './constants.ts';
import { analyzerEnvironment, plainField } from './prepared-statement.ts';
import { untilStable } from './run-plan.ts';
import { sendRows } from './send-rows.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';

const pollMs = 50;

export const callFields = (): readonly Field[] => [plainField('succeeded', oid.bool)];

export async function runCall(
  session: StatementHost,
  parsed: ParsedStatement,
  statement: CallStmt,
  output: UtilityOutput,
): Promise<string> {
  const names = stringsOf(statement.funccall?.funcname ?? []);
  const args = statement.funccall?.args ?? [];
  if (names.join('.') !== 'sys.wait_for_job' || args.length !== 1)
    throw new SqlError(sqlstate.undefinedFunction, `procedure ${names.join('.')}() does not exist`, {
      hint: 'No procedure matches the given name and argument types. You might need to add explicit type casts.',
    });
  if ('SubLink' in args[0]) throw notSupported('cannot use subquery in CALL argument');
  const analysis = new Analysis(analyzerEnvironment(session.compilation, parsed.text, undefined), parsed.positionOf);
  const scope = new Scope(analysis, undefined);
  scope.kind = 'call';
  const id = coerceToTarget(analysis, bindExpression(scope, args[0]), typeRef(oid.text), 'implicit');
  const value = id === undefined ? null : evaluateOnce(id, session.startRun([]).context);
  const text = String(value ?? '');
  if (fromBase32(text) === undefined) throw new SqlError(sqlstate.invalidTextRepresentation, 'Unable to convert text to UUID');
  const succeeded = await waitForJob(session, text);
  await sendRows(session, output, callFields(), [[succeeded]]);
  return 'CALL';
}

/**
 * Looks at the newest commits that are here, not at the transaction's snapshot: the job goes on while this waits. What it tells is told when it
 * is stable, as every answer (N2): whoever hears of the end of a job finds it ended at the other Regions too.
 */
async function waitForJob(session: StatementHost, id: string): Promise<boolean> {
  const { storage, world, readPoint } = session.host;
  for (;;) {
    const observed = { newest: 0 };
    const [row] = storage.get(storage.appliedTimestamp, [jobKey(id)], observed);
    if (row === undefined) throw new SqlError(sqlstate.undefinedObject, `job "${id}" does not exist`);
    const job = decodeJob(row);
    if (isFinished(job)) {
      const wait = untilStable(readPoint, observed);
      if (wait !== undefined) await session.cancellable(wait);
      return job.status === 'completed';
    }
    await session.cancellable(world.timers.sleep(pollMs));
  }
}
