/** SET, transaction modes and savepoints: what of them Aurora DSQL refuses. */
import type { Node } from '@pgsql/types';
import { type Finding, inferred, nothing, type Rule, recorded, rule } from './rule.ts';

/** What a session of DSQL may set (dsql-behaviour 1.6). `role` only by SET LOCAL in a transaction block. */
export const settableInDsql: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'datestyle',
  'extra_float_digits',
  'intervalstyle',
  'timezone',
  'search_path',
  'enable_bitmapscan',
  'enable_hashjoin',
  'enable_indexonlyscan',
  'enable_indexscan',
  'enable_material',
  'enable_mergejoin',
  'enable_nestloop',
  'enable_seqscan',
  'dsql.enable_batched_nestloop',
  'disable_sync_create_index',
]);

const parameterRefused = (name: string): string => `setting configuration parameter "${name}" not supported`;

export const settingRules: readonly Rule[] = [
  rule({
    name: 'isolation-level',
    area: 'Settings and transactions',
    construct: 'an isolation level other than REPEATABLE READ, in BEGIN or SET',
    answer: 'Unsupported isolation level: <LEVEL>',
    source: recorded,
    open: 'same',
    hint: 'There is one isolation level. FOR UPDATE on the rows that a decision rests on prevents write skew.',
    on: ['TransactionStmt', 'VariableSetStmt'],
    find: isolationLevel,
  }),
  rule({
    name: 'set-transaction',
    area: 'Settings and transactions',
    construct: 'SET TRANSACTION, SET SESSION CHARACTERISTICS',
    answer: parameterRefused('TRANSACTION'),
    source: recorded,
    open: 'runs',
    hint: 'Say it in BEGIN: BEGIN READ ONLY.',
    on: ['VariableSetStmt'],
    find: (node) => {
      if (!('VariableSetStmt' in node) || node.VariableSetStmt.kind !== 'VAR_SET_MULTI') return nothing;
      return [{ construct: `SET ${node.VariableSetStmt.name}` }];
    },
  }),
  rule({
    name: 'set-parameter',
    area: 'Settings and transactions',
    construct: `SET, SET LOCAL and RESET of a parameter other than ${[...settableInDsql].join(', ')}; role (SET LOCAL only)`,
    answer: parameterRefused('<name>'),
    source: recorded,
    open: 'runs',
    on: ['VariableSetStmt'],
    find: setParameter,
  }),
  ...(['SAVEPOINT', 'RELEASE', 'ROLLBACK TO'] as const).map((command) =>
    rule({
      name: command.toLowerCase().replaceAll(' ', '-'),
      area: 'Settings and transactions',
      construct: command,
      answer: `unsupported transaction statement: ${command}`,
      source: command === 'RELEASE' ? inferred : recorded,
      open: 'runs',
      hint: 'There are no subtransactions: retry the whole transaction.',
      on: ['TransactionStmt'],
      find: (node) => transactionKind(node, `TRANS_STMT_${command.replaceAll(' ', '_')}`),
    }),
  ),
  ...(['PREPARE TRANSACTION', 'COMMIT PREPARED', 'ROLLBACK PREPARED'] as const).map((command) =>
    rule({
      name: command.toLowerCase().replaceAll(' ', '-'),
      area: 'Settings and transactions',
      construct: command,
      answer: `unsupported transaction statement: ${command}`,
      source: inferred,
      open: 'refused',
      on: ['TransactionStmt'],
      find: (node) => transactionKind(node, `TRANS_STMT_${command.replace(' TRANSACTION', '').replaceAll(' ', '_')}`),
    }),
  ),
];

function transactionKind(node: Node, kind: string): readonly Finding[] {
  return 'TransactionStmt' in node && node.TransactionStmt.kind === kind ? [{}] : nothing;
}

function isolationLevel(node: Node): readonly Finding[] {
  const options =
    'TransactionStmt' in node
      ? node.TransactionStmt.options
      : 'VariableSetStmt' in node && node.VariableSetStmt.kind === 'VAR_SET_MULTI'
        ? node.VariableSetStmt.args
        : undefined;
  for (const option of options ?? []) {
    if (!('DefElem' in option) || option.DefElem.defname !== 'transaction_isolation') continue;
    const { arg, location } = option.DefElem;
    const level = (arg === undefined ? '' : constantText(arg)).toUpperCase();
    if (level !== 'REPEATABLE READ')
      return [{ message: `Unsupported isolation level: ${level}`, construct: `ISOLATION LEVEL ${level}`, location }];
  }
  return nothing;
}

/** The text of a string constant. */
export function constantText(node: Node): string {
  return 'A_Const' in node ? (node.A_Const.sval?.sval ?? '') : '';
}

function setParameter(node: Node): readonly Finding[] {
  if (!('VariableSetStmt' in node)) return nothing;
  const { kind, name = '', is_local } = node.VariableSetStmt;
  if (kind === 'VAR_SET_MULTI' || kind === 'VAR_RESET_ALL') return nothing;
  const key = name.toLowerCase();
  if (settableInDsql.has(key) || key.startsWith('borealis.')) return nothing;
  // Whether SET LOCAL role stands in a block is seen when it runs.
  if (key === 'role' && (is_local || kind === 'VAR_RESET')) return nothing;
  if (key === 'session_authorization' && kind !== 'VAR_SET_VALUE') return nothing;
  return [{ message: parameterRefused(name), construct: `SET ${name}` }];
}
