/** LIKE with a fixed beginning as a range of text keys (C collation: the order of keys is the order of code points). */
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';

const likeOperators: ReadonlySet<number> = new Set([1209]); // text ~~ text
const startsWithOperator = 3877; // text ^@ text
const text = { oid: oid.text, typmod: -1 };

type Pattern =
  | { readonly kind: 'equal'; readonly value: Expression; readonly isExact: boolean }
  | {
      readonly kind: 'range';
      readonly lower: { readonly value: Expression; readonly inclusive: boolean };
      readonly upper: { readonly value: Expression; readonly inclusive: boolean } | undefined;
      readonly isExact: boolean;
    };

export function likeRange(call: Extract<Expression, { kind: 'function' }>, keyType: number, value: Expression): Pattern | undefined {
  if (call.form.kind !== 'operator' || (keyType !== oid.text && keyType !== oid.varchar)) return undefined;
  if (value.kind !== 'constant' || typeof value.value !== 'string') return undefined;
  const { operator } = call.form;
  const parsed =
    operator === startsWithOperator
      ? { prefix: value.value, rest: '%' as const }
      : likeOperators.has(operator)
        ? parsePattern(value.value)
        : undefined;
  if (parsed === undefined || (parsed.prefix === '' && parsed.rest !== '')) return undefined;
  const constant = (prefix: string): Expression => ({ kind: 'constant', value: prefix, type: text });
  if (parsed.rest === '') return { kind: 'equal', value: constant(parsed.prefix), isExact: true };
  const end = afterPrefix(parsed.prefix);
  return {
    kind: 'range',
    lower: { value: constant(parsed.prefix), inclusive: true },
    upper: end === undefined ? undefined : { value: constant(end), inclusive: false },
    isExact: parsed.rest === '%' && end !== undefined,
  };
}

/** The pattern's fixed beginning, and what follows it. undefined for a pattern that ends in an escape: its error comes at run time. */
export function parsePattern(pattern: string): { readonly prefix: string; readonly rest: string } | undefined {
  let prefix = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === '%' || character === '_') return { prefix, rest: pattern.slice(i) };
    if (character === '\\') {
      i++;
      if (i === pattern.length) return undefined;
    }
    prefix += pattern[i];
  }
  return { prefix, rest: '' };
}

/** The least text above every text that begins with `prefix`, in code point order. */
export function afterPrefix(prefix: string): string | undefined {
  const points = [...prefix].map((character) => character.codePointAt(0) ?? 0);
  for (let i = points.length - 1; i >= 0; i--) {
    if (points[i] >= 0x10ffff) continue;
    const next = points[i] + 1;
    // Surrogates are no characters: the next one is behind them.
    return String.fromCodePoint(...points.slice(0, i), next >= 0xd800 && next <= 0xdfff ? 0xe000 : next);
  }
  return undefined;
}
