/**
 * The evaluation context of work that belongs to no session: descriptors' expressions are evaluated under default settings, so that
 * they mean the same for everyone (index expressions and predicates are immutable, and depend on nothing here).
 */
import { notSupported } from '#base/sql-error.ts';
import type { Random } from '#base/world.ts';
import type { EvaluationContext, SessionFacts } from '#sql/function.ts';
import { defaultSettings } from '#sql/settings.ts';

export function fixedContext(now: number, random: Random, user: string): EvaluationContext {
  const refuse = (): never => {
    throw notSupported('this function cannot be used outside a session');
  };
  const session: SessionFacts = {
    currentUser: user,
    sessionUser: user,
    iamUser: undefined,
    database: 'postgres',
    backendPid: 0,
    applicationName: '',
    schemas: () => [],
    setting: () => undefined,
    setSetting: refuse,
    setSeed: refuse,
    catalogFunction: refuse,
    sequence: refuse,
    cursors: () => [],
    advisoryLocks: () => [],
  };
  return {
    settings: defaultSettings,
    transactionTimestamp: now,
    names: undefined,
    statementTimestamp: now,
    clock: () => now,
    random,
    parameters: [],
    outerValues: new Map(),
    session,
  };
}
