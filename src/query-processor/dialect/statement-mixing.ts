/** One DDL statement in a transaction, and no row changes beside it: what a script shows of it (dsql-behaviour 6.5). */
import type { Node } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';

export type TransactionMixing = { isInBlock: boolean; schemaChanges: number; rowChanges: number };

const rowChanging = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'] as const;

/** Statements that change the catalog. */
export const isSchemaChange = (node: Node): boolean => {
  const [kind] = Object.keys(node);
  if (kind === 'AlterSystemStmt') return false;
  return /^(Create|Alter|Drop|Rename|Grant|Comment|View|Index|Truncate)/.test(kind);
};

const isRowChange = (node: Node): boolean =>
  rowChanging.some((kind) => kind in node) || ('CopyStmt' in node && node.CopyStmt.is_from === true);

type Refusal = { readonly rule: string; readonly sqlstate: string; readonly message: string; readonly hint: string };

/** Takes the statement into account. Only BEGIN ... COMMIT counts: whether other statements share a message cannot be seen. */
export function mixingOf(node: Node, state: TransactionMixing): Refusal | undefined {
  if ('TransactionStmt' in node) {
    const { kind } = node.TransactionStmt;
    state.isInBlock = kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START' || (state.isInBlock && keepsBlock(kind));
    if (!state.isInBlock) Object.assign(state, { schemaChanges: 0, rowChanges: 0 });
    return undefined;
  }
  if (!state.isInBlock) return undefined;
  const hint = 'COMMIT between them.';
  if (isSchemaChange(node)) {
    state.schemaChanges++;
    if (state.schemaChanges > 1) return refusal('multiple-ddl', 'multiple ddl statements not supported in a transaction', hint);
    if (state.rowChanges > 0) return refusal('ddl-and-dml', 'ddl and dml are not supported in the same transaction', hint);
  } else if (isRowChange(node)) {
    state.rowChanges++;
    if (state.schemaChanges > 0) return refusal('ddl-and-dml', 'ddl and dml are not supported in the same transaction', hint);
  }
  return undefined;
}

const keepsBlock = (kind: string | undefined): boolean =>
  kind === 'TRANS_STMT_SAVEPOINT' || kind === 'TRANS_STMT_RELEASE' || kind === 'TRANS_STMT_ROLLBACK_TO';

const refusal = (rule: string, message: string, hint: string): Refusal => ({
  rule,
  sqlstate: sqlstate.featureNotSupported,
  message,
  hint,
});
