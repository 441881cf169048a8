/** The name that a result column without AS gets: PostgreSQL's FigureColname. */
import type { Node, SelectStmt } from '@pgsql/types';

/** Strength 2: a good name; 1: better than nothing (a cast's type, "case"). */
type Figured = { readonly name: string; readonly strength: 1 | 2 };

export function figureName(node: Node): string {
  return figure(node)?.name ?? '?column?';
}

/** The name for a column of an index over an expression; undefined when there is none. */
export const figureIndexName = (node: Node): string | undefined => figure(node)?.name;

const lastName = (parts: readonly Node[] | undefined): string | undefined => {
  const last = parts?.[parts.length - 1];
  return last !== undefined && 'String' in last ? (last.String.sval ?? '') : undefined;
};

const good = (name: string | undefined): Figured | undefined => (name === undefined ? undefined : { name, strength: 2 });

const sqlValueNames: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_ROLE: 'current_role',
  SVFOP_CURRENT_USER: 'current_user',
  SVFOP_USER: 'user',
  SVFOP_SESSION_USER: 'session_user',
  SVFOP_CURRENT_CATALOG: 'current_catalog',
  SVFOP_CURRENT_SCHEMA: 'current_schema',
};

function figure(node: Node | undefined): Figured | undefined {
  if (node === undefined) return undefined;
  if ('ColumnRef' in node) {
    const names = (node.ColumnRef.fields ?? []).filter((field) => 'String' in field);
    return good(lastName(names));
  }
  if ('A_Indirection' in node) {
    const names = (node.A_Indirection.indirection ?? []).filter((step) => 'String' in step);
    return good(lastName(names)) ?? figure(node.A_Indirection.arg);
  }
  if ('FuncCall' in node) return good(lastName(node.FuncCall.funcname));
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? good('nullif') : undefined;
  if ('TypeCast' in node) {
    const inner = figure(node.TypeCast.arg);
    if (inner?.strength === 2) return inner;
    const name = lastName(node.TypeCast.typeName?.names);
    return name === undefined ? inner : { name, strength: 1 };
  }
  if ('CollateClause' in node) return figure(node.CollateClause.arg);
  if ('GroupingFunc' in node) return good('grouping');
  if ('SubLink' in node) {
    const { subLinkType, subselect } = node.SubLink;
    if (subLinkType === 'EXISTS_SUBLINK') return good('exists');
    if (subLinkType === 'ARRAY_SUBLINK') return good('array');
    return subLinkType === 'EXPR_SUBLINK' && subselect !== undefined && 'SelectStmt' in subselect
      ? good(firstColumnName(subselect.SelectStmt))
      : undefined;
  }
  if ('CaseExpr' in node) {
    const inner = figure(node.CaseExpr.defresult);
    return inner?.strength === 2 ? inner : { name: 'case', strength: 1 };
  }
  if ('A_ArrayExpr' in node) return good('array');
  if ('RowExpr' in node) return good('row');
  if ('CoalesceExpr' in node) return good('coalesce');
  if ('MinMaxExpr' in node) return good(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest');
  if ('SQLValueFunction' in node) {
    const op = node.SQLValueFunction.op ?? '';
    return good(
      sqlValueNames[op] ??
        op
          .replace(/^SVFOP_/, '')
          .replace(/_N$/, '')
          .toLowerCase(),
    );
  }
  if ('JsonObjectConstructor' in node) return good('json_object');
  if ('JsonArrayConstructor' in node || 'JsonArrayQueryConstructor' in node) return good('json_array');
  if ('JsonObjectAgg' in node) return good('json_objectagg');
  if ('JsonArrayAgg' in node) return good('json_arrayagg');
  return undefined;
}

/** A scalar subquery is named like its column. */
function firstColumnName(query: SelectStmt): string | undefined {
  let select = query;
  while (select.larg !== undefined) select = select.larg;
  if (select.valuesLists !== undefined) return 'column1';
  const target = select.targetList?.[0];
  if (target === undefined || !('ResTarget' in target)) return undefined;
  return target.ResTarget.name ?? (target.ResTarget.val === undefined ? undefined : figureName(target.ResTarget.val));
}
