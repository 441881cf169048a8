/** Expression keys: a text that two expressions share exactly when they mean the same (up to where they stand in the statement). */
import type { Expression } from '#sql/expression.ts';

/** Not part of the meaning: where it stood and how it was written. */
const ignored = new Set(['position', 'name', 'sqlSyntax']);

export function expressionKey(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) => {
    if (ignored.has(key) && typeof value !== 'object') return undefined;
    if (isCastForm(value)) return 'cast';
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number' && !Number.isFinite(value)) return `${value}`;
    if (Object.is(value, -0)) return '-0';
    if (value instanceof Map) return [...value];
    return value;
  });
}

const isCastForm = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'cast' && 'explicit' in value;

export const sameExpression = (a: Expression, b: Expression): boolean =>
  a === b || (a.kind === b.kind && expressionKey(a) === expressionKey(b));
