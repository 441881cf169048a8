/** The hash keys of several values as one string: equal only when all are, since each part tells its kind and where it ends. */

export function joinHashKey(joined: string, key: string | number | bigint | boolean | undefined): string {
  if (typeof key === 'string') return `${joined}s${key.length}:${key}`;
  return key === undefined ? `${joined}~` : `${joined}${String(key)};`;
}
