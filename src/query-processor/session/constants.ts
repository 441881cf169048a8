/** Constants in the parse tree, as the statements that take names and options (SET, COPY, EXPLAIN) read them. */
import type { Node } from '@pgsql/types';

/** Text of a constant or a bare word; undefined for anything else. */
export function constantOf(node: Node): string | undefined {
  if ('A_Const' in node) {
    const constant = node.A_Const;
    if (constant.isnull) return undefined;
    if (constant.sval !== undefined) return constant.sval.sval ?? '';
    if (constant.fval !== undefined) return constant.fval.fval ?? '0';
    if (constant.boolval !== undefined) return constant.boolval.boolval === true ? 'true' : 'false';
    if (constant.ival !== undefined) return String(constant.ival.ival ?? 0);
    return undefined;
  }
  if ('String' in node) return node.String.sval ?? '';
  if ('Integer' in node) return String(node.Integer.ival ?? 0);
  if ('Float' in node) return node.Float.fval ?? '0';
  if ('Boolean' in node) return node.Boolean.boolval === true ? 'true' : 'false';
  if ('TypeName' in node) return stringsOf(node.TypeName.names ?? []).at(-1);
  return undefined;
}

/** A list of String nodes: the parts of a qualified name. */
export function stringsOf(nodes: readonly Node[]): string[] {
  return nodes.map((node) => ('String' in node ? (node.String.sval ?? '') : ''));
}

export const isString = (node: Node): boolean => ('A_Const' in node && node.A_Const.sval !== undefined) || 'String' in node;
