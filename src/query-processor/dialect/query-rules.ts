/** Clauses of queries that Aurora DSQL refuses, wherever in a statement the query stands. */
import { sqlstate } from '#base/sql-error.ts';
import { inferred, nothing, type Rule, recorded, rule } from './rule.ts';

export const queryRules: readonly Rule[] = [
  rule({
    name: 'locking-clause',
    area: 'Queries',
    construct: 'FOR SHARE, FOR NO KEY UPDATE',
    answer: 'locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported',
    source: recorded,
    open: 'runs',
    hint: 'FOR UPDATE, or FOR KEY SHARE.',
    inside: { kinds: ['LockingClause'], words: ['share', 'no'] },
    find: (node) => {
      if (!('LockingClause' in node)) return nothing;
      const { strength } = node.LockingClause;
      if (strength === 'LCS_FORSHARE') return [{ construct: 'FOR SHARE' }];
      return strength === 'LCS_FORNOKEYUPDATE' ? [{ construct: 'FOR NO KEY UPDATE' }] : nothing;
    },
  }),
  rule({
    name: 'tablesample',
    area: 'Queries',
    construct: 'TABLESAMPLE',
    answer: 'TABLESAMPLE clause not supported',
    source: recorded,
    open: 'runs',
    hint: 'WHERE random() < 0.01 takes about one row in a hundred.',
    inside: { kinds: ['RangeTableSample'], words: ['tablesample'] },
    find: (node) => ('RangeTableSample' in node ? [{ location: node.RangeTableSample.location }] : nothing),
  }),
  rule({
    name: 'copy-file',
    area: 'Queries',
    construct: 'COPY from or to a file or program of the server',
    sqlstate: sqlstate.insufficientPrivilege,
    answer: 'permission denied to COPY <from or to> <a file or an external program>',
    source: inferred,
    open: 'same',
    hint: "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
    on: ['CopyStmt'],
    find: (node) => {
      if (!('CopyStmt' in node)) return nothing;
      const { filename, is_program, is_from } = node.CopyStmt;
      if (filename === undefined && !is_program) return nothing;
      return [{ message: `permission denied to COPY ${is_from ? 'from' : 'to'} ${is_program ? 'an external program' : 'a file'}` }];
    },
  }),
];
