/** An EvaluationContext with fixed time, chance and session: for tests, and for whatever is evaluated outside a statement. */
import { InvariantError } from '#base/assert.ts';
import type { EvaluationContext } from '../function.ts';
import { defaultSettings } from '../settings.ts';

/** 2024-02-29 12:34:56.789 UTC. */
const fixedTime = 1709210096789000;

export function fixedContext(own: Partial<EvaluationContext> = {}): EvaluationContext {
  let seed = 42;
  const float = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 4294967296;
  };
  return {
    settings: defaultSettings,
    transactionTimestamp: fixedTime,
    statementTimestamp: fixedTime,
    clock: () => fixedTime,
    random: { float, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(float() * 256)) },
    names: undefined,
    parameters: [],
    outerValues: new Map(),
    session: {
      currentUser: 'admin',
      sessionUser: 'admin',
      iamUser: undefined,
      database: 'postgres',
      backendPid: 1,
      applicationName: '',
      schemas: (includeImplicit) => (includeImplicit ? ['pg_catalog', 'public'] : ['public']),
      setting: () => undefined,
      setSetting: (_, value) => value,
      setSeed: (value) => {
        seed = Math.floor(value * 2147483647) >>> 0;
      },
      catalogFunction: (name) => {
        throw new InvariantError(`${name}: no catalog here`);
      },
      cursors: () => [],
      advisoryLocks: () => [],
      sequence: (name) => {
        throw new InvariantError(`${name}: no sequences here`);
      },
    },
    ...own,
  };
}
