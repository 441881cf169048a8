/** Statements that Aurora DSQL refuses whole. Those with no rule of their own fall under the last one, by their node's name. */
import type { Node } from '@pgsql/types';
import type { SyntaxExtension } from '../parser/extension-syntax.ts';
import { intoClauseOf } from '../parser/select-into.ts';
import { documented, type Finding, found, inferred, type NodeKind, nothing, published, type Rule, recorded, rule } from './rule.ts';

/** Statement kinds that DSQL takes, in some form at least (dsql-behaviour 2.3, 3). All others are `unsupported statement: Name`. */
const takenByDsql: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'ExplainStmt',
  'CopyStmt',
  'CallStmt',
  'TransactionStmt',
  'VariableSetStmt',
  'VariableShowStmt',
  'ConstraintsSetStmt',
  'CreateStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'CreateDomainStmt',
  'CreateFunctionStmt',
  'CreateStatsStmt',
  'CreateRoleStmt',
  'IndexStmt',
  'ViewStmt',
  'AlterTableStmt',
  'AlterSeqStmt',
  'AlterDomainStmt',
  'AlterFunctionStmt',
  'AlterStatsStmt',
  'AlterRoleStmt',
  'AlterRoleSetStmt',
  'AlterDefaultPrivilegesStmt',
  'AlterObjectSchemaStmt',
  'AlterOwnerStmt',
  'RenameStmt',
  'DropStmt',
  'DropRoleStmt',
  'GrantStmt',
  'GrantRoleStmt',
  'CommentStmt',
  'VacuumStmt',
]);

/** The node's name without "Stmt", as DSQL prints it. */
const statementName = (node: Node): string => (Object.keys(node)[0] ?? '').replace(/Stmt$/, '');

/** What to say of a statement that is no table's or column's business: one per kind, with what Borealis does in `open`. */
function whole(
  name: string,
  kind: NodeKind,
  construct: string,
  answer: string,
  source: Rule['source'],
  open: Rule['open'],
  hint?: string,
): Rule {
  return rule({ name, area: 'Statements', construct, answer, source, open, hint, on: [kind], find: () => found });
}

function commentRule(name: string, construct: string, open: Rule['open'], applies: (objectType: string) => boolean): Rule {
  return rule({
    name,
    area: 'Statements',
    construct,
    answer: 'unsupported object in COMMENT statement',
    source: inferred,
    open,
    on: ['CommentStmt'],
    find: (node) => {
      if (!('CommentStmt' in node)) return nothing;
      const { objtype = '' } = node.CommentStmt;
      return applies(objtype) ? [{ construct: `COMMENT ON ${objectName(objtype)}` }] : nothing;
    },
  });
}

export const statementRules: readonly Rule[] = [
  whole(
    'truncate',
    'TruncateStmt',
    'TRUNCATE',
    'unsupported statement: Truncate',
    recorded,
    'runs',
    'DELETE the rows, at most 3000 of them in a transaction, or drop the table and create it again.',
  ),
  rule({
    name: 'create-table-as',
    area: 'Statements',
    construct: 'CREATE TABLE AS',
    answer: 'unsupported statement: CreateTableAs',
    source: recorded,
    open: 'runs',
    hint: 'CREATE TABLE, then INSERT ... SELECT in a transaction of its own.',
    on: ['CreateTableAsStmt'],
    find: (node) => ('CreateTableAsStmt' in node && node.CreateTableAsStmt.objtype !== 'OBJECT_MATVIEW' ? found : nothing),
  }),
  rule({
    name: 'create-materialized-view',
    area: 'Statements',
    construct: 'CREATE MATERIALIZED VIEW',
    answer: 'unsupported statement: CreateTableAs',
    source: recorded,
    open: 'refused',
    hint: 'A view, or a table that the application fills again.',
    on: ['CreateTableAsStmt'],
    find: (node) => ('CreateTableAsStmt' in node && node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW' ? found : nothing),
  }),
  whole('create-extension', 'CreateExtensionStmt', 'CREATE EXTENSION', 'unsupported statement: CreateExtension', recorded, 'refused'),
  whole(
    'create-database',
    'CreatedbStmt',
    'CREATE DATABASE',
    'unsupported statement: Createdb',
    recorded,
    'refused',
    'There is one database, postgres. Use schemas.',
  ),
  whole(
    'create-enum',
    'CreateEnumStmt',
    'CREATE TYPE ... AS ENUM',
    'CREATE TYPE not supported',
    recorded,
    'refused',
    'Use a domain over text, or a column of type text, with CHECK (VALUE IN (...)).',
  ),
  whole('alter-enum', 'AlterEnumStmt', 'ALTER TYPE ... ADD VALUE', 'ALTER TYPE not supported', recorded, 'refused'),
  whole('alter-type', 'AlterTypeStmt', 'ALTER TYPE ... SET', 'ALTER TYPE not supported', inferred, 'refused'),
  whole(
    'create-composite-type',
    'CompositeTypeStmt',
    'CREATE TYPE ... AS (...)',
    'unsupported statement: CompositeType',
    recorded,
    'refused',
  ),
  whole('create-range-type', 'CreateRangeStmt', 'CREATE TYPE ... AS RANGE', 'unsupported statement: CreateRange', recorded, 'refused'),
  whole(
    'create-trigger',
    'CreateTrigStmt',
    'CREATE TRIGGER',
    'CREATE TRIGGER not supported',
    recorded,
    'refused',
    'Do it in the application, or with generated columns, defaults and foreign key actions.',
  ),
  rule({
    name: 'create-procedure',
    area: 'Statements',
    construct: 'CREATE PROCEDURE',
    answer: 'PROCEDURE is not supported',
    source: documented,
    open: 'refused',
    on: ['CreateFunctionStmt'],
    find: (node) => ('CreateFunctionStmt' in node && node.CreateFunctionStmt.is_procedure ? found : nothing),
  }),
  rule({
    name: 'function-language',
    area: 'Statements',
    construct: 'CREATE FUNCTION in a language other than SQL',
    answer: 'CREATE FUNCTION with language <language> not supported',
    source: recorded,
    open: 'refused',
    hint: 'Write it with LANGUAGE sql.',
    on: ['CreateFunctionStmt'],
    find: functionLanguage,
  }),
  rule({
    name: 'vacuum',
    area: 'Statements',
    construct: 'VACUUM',
    answer: 'unsupported VACUUM statement',
    source: recorded,
    open: 'runs',
    hint: 'Leave it out: old versions are cleaned up without it.',
    on: ['VacuumStmt'],
    find: (node) => ('VacuumStmt' in node && node.VacuumStmt.is_vacuumcmd ? found : nothing),
  }),
  whole(
    'merge',
    'MergeStmt',
    'MERGE',
    'unsupported statement type: MERGE',
    recorded,
    'runs',
    'INSERT ... ON CONFLICT, or UPDATE and INSERT in one transaction.',
  ),
  rule({
    name: 'select-into',
    area: 'Statements',
    construct: 'SELECT ... INTO',
    answer: 'unsupported statement: CreateTableAs',
    source: inferred,
    open: 'runs',
    hint: 'CREATE TABLE, then INSERT ... SELECT in a transaction of its own.',
    on: ['SelectStmt'],
    find: (node) => ('SelectStmt' in node && intoClauseOf(node.SelectStmt) !== undefined ? found : nothing),
  }),
  whole('lock-table', 'LockStmt', 'LOCK TABLE', 'unsupported statement: Lock', published, 'runs', 'Lock rows with SELECT ... FOR UPDATE.'),
  whole('prepare', 'PrepareStmt', 'PREPARE', 'unsupported statement: Prepare', documented, 'runs', "Use the driver's prepared statements."),
  whole('execute', 'ExecuteStmt', 'EXECUTE', 'unsupported statement: Execute', inferred, 'runs', "Use the driver's prepared statements."),
  rule({
    name: 'deallocate',
    area: 'Statements',
    construct: 'DEALLOCATE of one statement',
    answer: 'unsupported statement: Deallocate',
    source: documented,
    open: 'runs',
    hint: 'DEALLOCATE ALL works.',
    on: ['DeallocateStmt'],
    find: (node) => ('DeallocateStmt' in node && node.DeallocateStmt.name !== undefined ? found : nothing),
  }),
  whole('discard', 'DiscardStmt', 'DISCARD', 'unsupported statement: Discard', documented, 'runs'),
  whole('declare-cursor', 'DeclareCursorStmt', 'DECLARE CURSOR', 'unsupported statement: DeclareCursor', documented, 'runs'),
  whole('listen', 'ListenStmt', 'LISTEN', 'unsupported statement: Listen', recorded, 'refused'),
  whole('notify', 'NotifyStmt', 'NOTIFY', 'unsupported statement: Notify', recorded, 'refused'),
  whole('unlisten', 'UnlistenStmt', 'UNLISTEN', 'unsupported statement: Unlisten', recorded, 'refused'),
  whole('alter-system', 'AlterSystemStmt', 'ALTER SYSTEM', 'unsupported statement: AlterSystem', recorded, 'refused'),
  whole('create-tablespace', 'CreateTableSpaceStmt', 'CREATE TABLESPACE', 'unsupported statement: CreateTableSpace', recorded, 'refused'),
  whole(
    'create-foreign-table',
    'CreateForeignTableStmt',
    'CREATE FOREIGN TABLE',
    'unsupported statement: CreateForeignTable',
    recorded,
    'refused',
  ),
  whole('create-policy', 'CreatePolicyStmt', 'CREATE POLICY', 'unsupported statement: CreatePolicy', documented, 'refused'),
  whole(
    'define',
    'DefineStmt',
    'CREATE AGGREGATE, OPERATOR, COLLATION, TYPE (base), TEXT SEARCH',
    'unsupported statement: Define',
    documented,
    'refused',
  ),
  whole('do', 'DoStmt', 'DO', 'unsupported statement: Do', documented, 'refused', 'There is no procedural language.'),
  rule({
    name: 'drop-object',
    area: 'Statements',
    construct: 'DROP of an object kind that DSQL does not have (EXTENSION, MATERIALIZED VIEW, POLICY, ...)',
    answer: 'unsupported object in DROP statement',
    source: recorded,
    open: 'refused',
    on: ['DropStmt'],
    find: (node) => {
      if (!('DropStmt' in node)) return nothing;
      const { removeType, missing_ok } = node.DropStmt;
      if (removeType === 'OBJECT_TYPE' || (removeType === 'OBJECT_TRIGGER' && missing_ok)) return nothing;
      return droppable.has(removeType ?? '') ? nothing : [{ construct: `DROP ${objectName(removeType)}` }];
    },
  }),
  rule({
    name: 'drop-type',
    area: 'Statements',
    construct: 'DROP TYPE (of a domain)',
    answer: 'unsupported object in DROP statement',
    source: recorded,
    open: 'runs',
    on: ['DropStmt'],
    find: (node) => ('DropStmt' in node && node.DropStmt.removeType === 'OBJECT_TYPE' ? found : nothing),
  }),
  rule({
    name: 'drop-domain-cascade',
    area: 'Statements',
    construct: 'DROP DOMAIN ... CASCADE',
    answer: 'DROP DOMAIN with CASCADE unsupported',
    source: documented,
    open: 'runs',
    on: ['DropStmt'],
    find: (node) =>
      'DropStmt' in node && node.DropStmt.removeType === 'OBJECT_DOMAIN' && node.DropStmt.behavior === 'DROP_CASCADE' ? found : nothing,
  }),
  rule({
    name: 'alter-domain',
    area: 'Statements',
    construct: 'ALTER DOMAIN ... SET NOT NULL, ADD CONSTRAINT, VALIDATE CONSTRAINT',
    answer: 'unsupported ALTER DOMAIN <form> statement',
    source: inferred,
    open: 'runs',
    hint: 'Create another domain and columns of it.',
    on: ['AlterDomainStmt'],
    find: (node) => {
      const form = 'AlterDomainStmt' in node ? domainForms[node.AlterDomainStmt.subtype ?? ''] : undefined;
      return form === undefined ? nothing : [{ message: `unsupported ALTER DOMAIN ${form} statement`, construct: `ALTER DOMAIN ${form}` }];
    },
  }),
  rule({
    name: 'rename-object',
    area: 'Statements',
    construct: 'ALTER ... RENAME of an object kind that DSQL does not have (TYPE, DATABASE, ...)',
    answer: 'unsupported object in RENAME statement',
    source: recorded,
    open: 'refused',
    on: ['RenameStmt'],
    find: (node) => {
      if (!('RenameStmt' in node)) return nothing;
      const { renameType } = node.RenameStmt;
      return renamable.has(renameType ?? '') ? nothing : [{ construct: `ALTER ${objectName(renameType)} ... RENAME` }];
    },
  }),
  commentRule('comment-statistics', 'COMMENT ON STATISTICS', 'runs', (type) => type === 'OBJECT_STATISTIC_EXT'),
  commentRule('comment-domain', 'COMMENT ON DOMAIN, TYPE, or CONSTRAINT ... ON DOMAIN', 'runs', (type) => ofDomains.has(type)),
  commentRule(
    'comment-object',
    'COMMENT ON an object kind other than TABLE, COLUMN, VIEW, INDEX, SEQUENCE, CONSTRAINT, SCHEMA, ROLE, FUNCTION, ROUTINE, DOMAIN, TYPE, STATISTICS',
    'refused',
    (type) => !commentable.has(type) && !ofDomains.has(type) && type !== 'OBJECT_STATISTIC_EXT',
  ),
  rule({
    name: 'other-statement',
    area: 'Statements',
    construct: 'every other statement of PostgreSQL (CLUSTER, REINDEX, LOAD, CREATE SERVER, CREATE PUBLICATION, ...)',
    answer: 'unsupported statement: <parse node without "Stmt">',
    source: recorded,
    open: 'refused',
    on: [],
    find: (node) => {
      const [kind] = Object.keys(node);
      if (takenByDsql.has(kind as NodeKind) || ruled.has(kind as NodeKind)) return nothing;
      const name = statementName(node);
      return [
        {
          message: `unsupported statement: ${name}`,
          construct: name === 'ClosePortal' ? 'CLOSE CURSOR' : wordsOf(name),
          open: runsBeyond.has(kind as NodeKind) ? 'runs' : 'refused',
        },
      ];
    },
  }),
];

const ruled: ReadonlySet<NodeKind> = new Set(statementRules.flatMap((entry) => entry.on));
/** Kinds without a rule of their own that `open` runs. */
const runsBeyond: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'FetchStmt',
  'ClosePortalStmt',
  'CheckPointStmt',
  'ReindexStmt',
  'ClusterStmt',
  'ReassignOwnedStmt',
  'DropOwnedStmt',
]);

/** The rule for kinds that no other looks at. */
export const otherStatement: Rule = statementRules[statementRules.length - 1];

export const isDialectExtension = (extension: SyntaxExtension | undefined): boolean =>
  extension?.kind === 'iamGrant' || extension?.kind === 'iamRevoke';

/** Forms of ALTER DOMAIN that DSQL refuses, by the tree's letter. */
const domainForms: Readonly<Record<string, string>> = { O: 'SET NOT NULL', C: 'ADD CONSTRAINT', V: 'VALIDATE CONSTRAINT' };

const droppable = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
  'OBJECT_SCHEMA',
  'OBJECT_DOMAIN',
  'OBJECT_FUNCTION',
  'OBJECT_ROUTINE',
  'OBJECT_STATISTIC_EXT',
]);
const renamable = new Set([
  'OBJECT_TABLE',
  'OBJECT_COLUMN',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_VIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
  'OBJECT_SCHEMA',
  'OBJECT_ROLE',
  'OBJECT_DOMAIN',
  'OBJECT_DOMCONSTRAINT',
  'OBJECT_FUNCTION',
  'OBJECT_ROUTINE',
  'OBJECT_STATISTIC_EXT',
]);
const commentable = new Set([
  'OBJECT_TABLE',
  'OBJECT_COLUMN',
  'OBJECT_VIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_SCHEMA',
  'OBJECT_ROLE',
  'OBJECT_FUNCTION',
  'OBJECT_ROUTINE',
]);

const ofDomains = new Set(['OBJECT_DOMAIN', 'OBJECT_TYPE', 'OBJECT_DOMCONSTRAINT']);

export const objectName = (type: string | undefined): string => {
  const name = (type ?? 'OBJECT_TABLE').replace('OBJECT_', '');
  if (name === 'MATVIEW') return 'MATERIALIZED VIEW';
  if (name === 'STATISTIC_EXT') return 'STATISTICS';
  if (name === 'TABCONSTRAINT') return 'CONSTRAINT';
  return name.replaceAll('_', ' ');
};

/** CreateForeignServer: CREATE FOREIGN SERVER. */
const wordsOf = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase();

function functionLanguage(node: Node): readonly Finding[] {
  if (!('CreateFunctionStmt' in node) || node.CreateFunctionStmt.is_procedure) return nothing;
  for (const option of node.CreateFunctionStmt.options ?? []) {
    if (!('DefElem' in option) || option.DefElem.defname !== 'language') continue;
    const { arg } = option.DefElem;
    const language = arg !== undefined && 'String' in arg ? (arg.String.sval ?? '') : '';
    if (language.toLowerCase() === 'sql') return nothing;
    return [
      {
        message: `CREATE FUNCTION with language ${language} not supported`,
        construct: `CREATE FUNCTION with language ${language}`,
        location: option.DefElem.location,
      },
    ];
  }
  return nothing;
}
