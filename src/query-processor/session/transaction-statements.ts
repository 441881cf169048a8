/** BEGIN, COMMIT, ROLLBACK, savepoints, and what SET TRANSACTION says. */
import type { DefElem, Node, TransactionStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate, warning } from '#base/sql-error.ts';
import type { Maybe } from '../query-processor.ts';
import { constantOf } from './constants.ts';
import { after } from './maybe.ts';
import type { StatementHost } from './statement-host.ts';

/** Statements that a failed transaction block still takes. */
export function isTransactionExit(node: Node): boolean {
  if (!('TransactionStmt' in node)) return false;
  const { kind } = node.TransactionStmt;
  return (
    kind === 'TRANS_STMT_COMMIT' || kind === 'TRANS_STMT_ROLLBACK' || kind === 'TRANS_STMT_ROLLBACK_TO' || kind === 'TRANS_STMT_PREPARE'
  );
}

const noTransaction = () => warning(sqlstate.noActiveSqlTransaction, 'there is no transaction in progress');

export function runTransactionStatement(session: StatementHost, statement: TransactionStmt): Maybe<string> {
  switch (statement.kind) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return begin(session, statement);
    case 'TRANS_STMT_COMMIT':
      return end(session, statement, 'COMMIT');
    case 'TRANS_STMT_ROLLBACK':
      return end(session, statement, 'ROLLBACK');
    case 'TRANS_STMT_SAVEPOINT':
    case 'TRANS_STMT_RELEASE':
    case 'TRANS_STMT_ROLLBACK_TO':
      return savepoint(session, statement);
    default:
      throw notSupported('unsupported transaction statement');
  }
}

function begin(session: StatementHost, statement: TransactionStmt): Maybe<string> {
  const { block } = session;
  const { isReadOnly } = transactionModes(statement.options ?? []);
  return after(block.open(), () => {
    if (!block.begin(isReadOnly)) {
      session.notice(warning(sqlstate.activeSqlTransaction, 'there is already a transaction in progress'));
      if (isReadOnly !== undefined) block.setReadOnly(isReadOnly);
    }
    return statement.kind === 'TRANS_STMT_START' ? 'START TRANSACTION' : 'BEGIN';
  });
}

function end(session: StatementHost, statement: TransactionStmt, command: 'COMMIT' | 'ROLLBACK'): Maybe<string> {
  const { block } = session;
  const { state } = block;
  const isInBlock = state === 'block' || state === 'failed';
  if (statement.chain && !isInBlock)
    throw new SqlError(sqlstate.noActiveSqlTransaction, `${command} AND CHAIN can only be used in transaction blocks`);
  if (!isInBlock) session.notice(noTransaction());
  const isReadOnly = block.hasTransaction ? block.transaction.isReadOnly : false;
  session.closeAllPortals();
  const commits = command === 'COMMIT' && state !== 'failed';
  if (!commits) block.rollback();
  return after(commits ? block.commit() : undefined, () => {
    const tag = commits ? 'COMMIT' : 'ROLLBACK';
    if (!statement.chain) return tag;
    return after(block.open(), () => {
      block.begin(isReadOnly);
      return tag;
    });
  });
}

function savepoint(session: StatementHost, statement: TransactionStmt): Maybe<string> {
  const { block } = session;
  const command =
    statement.kind === 'TRANS_STMT_SAVEPOINT' ? 'SAVEPOINT' : statement.kind === 'TRANS_STMT_RELEASE' ? 'RELEASE' : 'ROLLBACK TO';
  if (block.state !== 'block' && block.state !== 'failed') {
    const name = command === 'SAVEPOINT' ? 'SAVEPOINT' : command === 'RELEASE' ? 'RELEASE SAVEPOINT' : 'ROLLBACK TO SAVEPOINT';
    throw new SqlError(sqlstate.noActiveSqlTransaction, `${name} can only be used in transaction blocks`);
  }
  const name = statement.savepoint_name ?? '';
  if (command === 'SAVEPOINT') {
    block.setSavepoint(name);
    return 'SAVEPOINT';
  }
  if (command === 'RELEASE') {
    block.releaseSavepoint(name);
    return 'RELEASE';
  }
  session.closeAllPortals();
  block.rollbackToSavepoint(name);
  return 'ROLLBACK';
}

/** ISOLATION LEVEL, READ ONLY, DEFERRABLE of BEGIN and SET TRANSACTION. There is one isolation level; asking for another is an error. */
export function transactionModes(options: readonly Node[]): { readonly isReadOnly: boolean | undefined } {
  let isReadOnly: boolean | undefined;
  for (const node of options) {
    if (!('DefElem' in node)) continue;
    const option: DefElem = node.DefElem;
    const value = option.arg === undefined ? '' : (constantOf(option.arg) ?? '');
    if (option.defname === 'transaction_isolation' && value.toLowerCase() !== 'repeatable read')
      throw notSupported(`Unsupported isolation level: ${value.toUpperCase()}`);
    if (option.defname === 'transaction_read_only') isReadOnly = value !== '0';
  }
  return { isReadOnly };
}
