/**
 * Conditions of policy statements: an operator compares what the request says of a key with the values of the policy.
 *
 * Without a qualifier any value of the policy may fit, and a key that the request does not have fails, but for negated operators and …IfExists.
 */
import { isLike } from './wildcard.ts';

type Compare = (actual: string, expected: string) => boolean;

const same: Compare = (actual, expected) => actual === expected;
const sameIgnoringCase: Compare = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const like: Compare = isLike;
/** Each of an ARN's six parts by itself: a star does not reach over a colon. */
const arnLike: Compare = (actual, expected) => {
  const [have, want] = [splitArn(actual), splitArn(expected)];
  if (have === undefined || want === undefined) return false;
  return want.every((pattern, i) => isLike(have[i], pattern));
};
const number =
  (compare: (difference: number) => boolean): Compare =>
  (actual, expected) =>
    compare(Number(actual) - Number(expected));
const date =
  (compare: (difference: number) => boolean): Compare =>
  (actual, expected) =>
    compare(moment(actual) - moment(expected));

type Operator = { readonly compare: Compare; readonly isNegated: boolean };

const comparisons: readonly (readonly [string, string | undefined, Compare])[] = [
  ['StringEquals', 'StringNotEquals', same],
  ['StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', sameIgnoringCase],
  ['StringLike', 'StringNotLike', like],
  ['ArnEquals', 'ArnNotEquals', arnLike],
  ['ArnLike', 'ArnNotLike', arnLike],
  ['NumericEquals', 'NumericNotEquals', number((d) => d === 0)],
  ['NumericLessThan', undefined, number((d) => d < 0)],
  ['NumericLessThanEquals', undefined, number((d) => d <= 0)],
  ['NumericGreaterThan', undefined, number((d) => d > 0)],
  ['NumericGreaterThanEquals', undefined, number((d) => d >= 0)],
  ['DateEquals', 'DateNotEquals', date((d) => d === 0)],
  ['DateLessThan', undefined, date((d) => d < 0)],
  ['DateLessThanEquals', undefined, date((d) => d <= 0)],
  ['DateGreaterThan', undefined, date((d) => d > 0)],
  ['DateGreaterThanEquals', undefined, date((d) => d >= 0)],
  ['Bool', undefined, sameIgnoringCase],
  ['IpAddress', 'NotIpAddress', isInNetwork],
];

const operators: ReadonlyMap<string, Operator> = new Map(
  comparisons.flatMap(([name, negated, compare]): [string, Operator][] => [
    [name, { compare, isNegated: false }],
    ...(negated === undefined ? [] : [[negated, { compare, isNegated: true }] satisfies [string, Operator]]),
  ]),
);

export const conditionOperators: ReadonlySet<string> = new Set([...operators.keys(), 'Null']);

export function conditionHolds(
  condition: { readonly operator: string; readonly key: string; readonly values: readonly string[] },
  context: ReadonlyMap<string, readonly string[]>,
): boolean {
  const parts = /^(?:(ForAnyValue|ForAllValues):)?(.+?)(IfExists)?$/.exec(condition.operator);
  const [, quantifier, name, ifExists] = parts ?? [];
  const actual = context.get(condition.key);
  if (name === 'Null') return condition.values.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  const operator = operators.get(name);
  if (operator === undefined) return false;
  const { compare, isNegated } = operator;
  const fits = (value: string): boolean => condition.values.some((expected) => compare(value, expected)) !== isNegated;
  if (quantifier === 'ForAllValues') return (actual ?? []).every(fits);
  if (actual === undefined || actual.length === 0) return ifExists !== undefined || (isNegated && quantifier === undefined);
  return isNegated && quantifier === undefined ? actual.every(fits) : actual.some(fits);
}

function splitArn(text: string): readonly string[] | undefined {
  const parts = text.split(':');
  return parts.length < 6 ? undefined : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** Milliseconds of an ISO date or of seconds since 1970. */
const moment = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text));

function isInNetwork(address: string, network: string): boolean {
  const [base, lengthText] = network.split('/');
  const [have, want] = [addressBits(address), addressBits(base)];
  if (have === undefined || want === undefined || have.length !== want.length) return false;
  const length = lengthText === undefined ? have.length : Number(lengthText);
  return Number.isInteger(length) && length >= 0 && have.slice(0, length) === want.slice(0, length);
}

/** An address as zeros and ones; IPv4 in IPv6 is IPv4. */
function addressBits(text: string): string | undefined {
  const plain = text.replace(/^::ffff:(?=\d+\.)/i, '');
  const bits = (value: number, width: number): string => value.toString(2).padStart(width, '0');
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(plain)) {
    const bytes = plain.split('.').map(Number);
    return bytes.every((byte) => byte < 256) ? bytes.map((byte) => bits(byte, 8)).join('') : undefined;
  }
  if (!/^[0-9a-f:]+$/i.test(plain) || plain.split('::').length > 2) return undefined;
  const [head, tail] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined;
  const groups = [...head, ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...(tail ?? [])];
  return groups.every((group) => group.length <= 4) ? groups.map((group) => bits(Number.parseInt(group, 16), 16)).join('') : undefined;
}
