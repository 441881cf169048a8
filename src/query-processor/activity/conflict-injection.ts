/**
 * Conflicts on order, for tests of retry loops: `SET borealis.inject_conflict = 'code=OC000, next=3'` (docs/observing.md).
 *
 *   code=OC000|OC001    what the commits fail with; OC000 unless told
 *   next=N              the next N of them fail
 *   share=F, seed=N     or a share of them, by numbers from the seed, the same each time
 *   scope=cluster       of all sessions of the cluster, not of this one alone
 *   off                 none
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';

export type InjectionCode = 'OC000' | 'OC001';

export type InjectionOrder = {
  readonly code: InjectionCode;
  readonly next: number | undefined;
  readonly share: number | undefined;
  readonly seed: number;
  readonly isForCluster: boolean;
};

export const injectionSetting = 'borealis.inject_conflict';

/** undefined for `off`. Throws 22023. */
export function parseInjection(text: string): InjectionOrder | undefined {
  const parts = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((word) => word.trim().toLowerCase());
    if (name !== '') parts.set(name, value);
  }
  const isForCluster = parts.get('scope') === 'cluster';
  const isOff = parts.size === 0 || parts.has('off');
  if (isOff && !isForCluster) return undefined;
  const order = {
    code: parts.get('code') === 'oc001' ? 'OC001' : 'OC000',
    next: isOff ? 0 : wholeNumber(parts.get('next')),
    share: isOff ? undefined : fraction(parts.get('share')),
    seed: wholeNumber(parts.get('seed')) ?? 0,
    isForCluster,
  } as const;
  const isKnown = [...parts.keys()].every((name) => ['code', 'next', 'share', 'seed', 'scope', 'off'].includes(name));
  const hasCode = !parts.has('code') || parts.get('code') === 'oc000' || parts.get('code') === 'oc001';
  const hasScope = !parts.has('scope') || isForCluster || parts.get('scope') === 'session';
  const isOne = (order.next === undefined) !== (order.share === undefined);
  const isReadable = Object.values(order).every((value) => typeof value !== 'number' || !Number.isNaN(value));
  if (isKnown && hasCode && hasScope && isOne && isReadable) return order;
  throw new SqlError(sqlstate.invalidParameterValue, `invalid value for parameter "${injectionSetting}": "${text}"`, {
    hint: 'For example "code=OC000, next=3", "code=OC001, share=0.1, seed=7, scope=cluster", or "off".',
  });
}

/** NaN for what is no number. */
const wholeNumber = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;

const fraction = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : /^(?:0?\.\d+|[01](?:\.0*)?)$/.test(text) ? Number(text) : Number.NaN;

export class ConflictInjection {
  readonly #order: InjectionOrder;
  #left: number;
  #state: number;

  constructor(order: InjectionOrder) {
    this.#order = order;
    this.#left = order.next ?? 0;
    this.#state = order.seed;
  }

  /** What this commit fails with, if it does. OC000 is for commits that have something to decide: others never conflict. */
  next(decides: boolean): InjectionCode | undefined {
    const { code, share } = this.#order;
    if (code === 'OC000' && !decides) return undefined;
    if (share !== undefined) return this.#random() < share ? code : undefined;
    if (this.#left === 0) return undefined;
    this.#left--;
    return code;
  }

  /** In [0, 1), by the mulberry32 generator: equal seeds, equal numbers. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
