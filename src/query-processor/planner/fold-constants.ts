/**
 * Evaluates immutable expressions over constants at planning time.
 *
 *   C1  Only what gives the same value for ever, in every session, is folded: a plan may be kept and used by others.
 *   C2  An expression that fails is left as it is: what is around it may drop it yet (a CASE of known outcome). What remains of such
 *       expressions when all is simplified fails the planning, as in PostgreSQL (`throwFailed`).
 */
import { InvariantError } from '#base/assert.ts';
import { SqlError } from '#base/sql-error.ts';
import { procByOid, procsByName } from '#sql/builtins.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import type { Expression } from '#sql/expression.ts';
import { childrenOf } from '#sql/expression-walk.ts';
import type { EvaluationContext } from '#sql/function.ts';
import type { PgProc } from '#sql/postgres/pg-proc.ts';
import { pgTypes } from '#sql/postgres/pg-type.ts';
import { defaultSettings } from '#sql/settings.ts';
import { isConstant } from './expression-tree.ts';

const unavailable = (): never => {
  throw new InvariantError('C1: an immutable function asked for something of the session');
};

/** For what is the same in every session. */
export const foldingContext: EvaluationContext = {
  settings: defaultSettings,
  transactionTimestamp: 0,
  names: undefined,
  statementTimestamp: 0,
  clock: unavailable,
  random: { float: unavailable, bytes: unavailable },
  parameters: [],
  outerValues: new Map(),
  session: {
    currentUser: '',
    sessionUser: '',
    iamUser: undefined,
    database: '',
    backendPid: 0,
    applicationName: '',
    schemas: unavailable,
    setting: unavailable,
    setSetting: unavailable,
    setSeed: unavailable,
    catalogFunction: unavailable,
    sequence: unavailable,
    cursors: () => [],
    advisoryLocks: () => [],
  },
};

/** The constant that an expression over constants is, or the expression itself. Its children have been folded before. */
export function foldConstants(e: Expression): Expression {
  if (!isFoldable(e)) return e;
  try {
    return { kind: 'constant', value: evaluateOnce(e, foldingContext), type: e.type };
  } catch (error) {
    if (error instanceof SqlError) return e; // C2
    throw error;
  }
}

/** Throws the error of the first expression over constants that is left, which is left because it fails (C2). */
export function throwFailed(e: Expression): void {
  for (const child of childrenOf(e)) throwFailed(child);
  if (isFoldable(e)) evaluateOnce(e, foldingContext);
}

/** True when the value of `e` follows from those of its children, for which `isKnown` must hold. */
export function isFoldable(e: Expression, isKnown: (child: Expression) => boolean = isConstant): boolean {
  switch (e.kind) {
    case 'function': {
      const proc = procByOid(e.function);
      return proc !== undefined && isImmutable(proc) && proc.kind === 'f' && !e.returnsSet && e.args.every(isKnown);
    }
    case 'convertByText':
      return isKnown(e.arg) && textFormIsImmutable(e.arg.type.oid, e.type.oid);
    case 'arrayComparison':
      return isKnown(e.left) && isKnown(e.right) && isImmutable(procByOid(e.function));
    case 'distinct':
    case 'nullif':
      return isKnown(e.left) && isKnown(e.right);
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'relabel':
    case 'applyTypmod':
    case 'minmax':
    case 'array':
    case 'subscript':
    case 'rowComparison':
      return childrenOf(e).every(isKnown);
    default:
      return false;
  }
}

/**
 * Said to be immutable, though they look at the session: age() of two timestamptz at the time zone; makeaclitem() and acldefault() at the
 * catalog, as an aclitem here names its roles.
 */
const looksAtSession: ReadonlySet<number> = new Set([1199, 1365, 3943]);
const isImmutable = (proc: PgProc | undefined): boolean => proc?.volatility === 'i' && !looksAtSession.has(proc.oid);

/** Said to be immutable, though extra_float_digits and bytea_output are looked at. */
const followsSettings: ReadonlySet<string> = new Set(['float4out', 'float8out', 'byteaout']);
let typeFunctions: Map<number, { readonly input: string; readonly output: string }> | undefined;

/** Dates, times and arrays depend on settings in their text form; numbers and text do not. */
function textFormIsImmutable(source: number, target: number): boolean {
  typeFunctions ??= new Map(pgTypes.map((type) => [type.oid, { input: type.input, output: type.output }]));
  const output = typeFunctions.get(source)?.output;
  const input = typeFunctions.get(target)?.input;
  const isSettled = (name: string | undefined) => name !== undefined && !followsSettings.has(name) && isImmutable(procsByName(name)[0]);
  return isSettled(output) && isSettled(input);
}
