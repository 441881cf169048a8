/** Which equalities of a join give the leading columns of a path's key, and by which expressions over the outer side. */
import type { ColumnId, Expression } from '#sql/expression.ts';
import { columnsOf, overlaps } from '../expression-tree.ts';
import { keyEquality, type Path } from './access-paths.ts';

export function lookupKeys(
  path: Path,
  conditions: readonly Expression[],
  scanIds: ReadonlySet<ColumnId>,
): { readonly keys: readonly Expression[]; readonly used: readonly Expression[] } | undefined {
  const keys: Expression[] = [];
  const used: Expression[] = [];
  for (const part of path.parts) {
    let found: { readonly value: Expression; readonly source: Expression } | undefined;
    for (const condition of conditions) {
      const value = keyEquality(part, condition);
      if (value === undefined || overlaps(columnsOf(value), scanIds)) continue;
      found = { value, source: condition };
      break;
    }
    if (found === undefined) break;
    keys.push(found.value);
    used.push(found.source);
  }
  return keys.length === 0 ? undefined : { keys, used };
}
