/** Names that PostgreSQL chooses for constraints and indexes: t_pkey, t_a_b_key, t_a_check, t_lower_idx1. */
import { maximumNameBytes } from '#base/limits.ts';

const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Cuts to so many bytes, never within a character. */
export function cutName(name: string, bytes: number = maximumNameBytes): string {
  if (byteLength(name) <= bytes) return name;
  let cut = '';
  let used = 0;
  for (const letter of name) {
    used += byteLength(letter);
    if (used > bytes) break;
    cut += letter;
  }
  return cut;
}

/** makeObjectName: the longer of the two names is cut until all fits. */
export function objectName(first: string, second: string | undefined, label: string): string {
  const overhead = byteLength(label) + 1 + (second === undefined ? 0 : 1);
  const available = maximumNameBytes - overhead;
  let firstBytes = byteLength(first);
  let secondBytes = second === undefined ? 0 : byteLength(second);
  while (firstBytes + secondBytes > available) {
    if (firstBytes > secondBytes) firstBytes--;
    else secondBytes--;
  }
  const parts = [cutName(first, firstBytes)];
  if (second !== undefined) parts.push(cutName(second, secondBytes));
  return [...parts, label].join('_');
}

/** The first such name that is free: the label grows a number until one is. */
export function freeName(first: string, second: string | undefined, label: string, isTaken: (name: string) => boolean): string {
  for (let pass = 0; ; pass++) {
    const name = objectName(first, second, pass === 0 ? label : `${label}${pass}`);
    if (!isTaken(name)) return name;
  }
}

/** The middle part of an index' name: its columns joined, cut where PostgreSQL stops joining. */
export function joinedColumns(names: readonly string[]): string {
  let joined = '';
  for (const name of names) {
    if (joined !== '') joined += '_';
    joined += name;
    if (byteLength(joined) >= maximumNameBytes) break;
  }
  return joined;
}
