/**
 * ALTER TABLE: which of its forms Aurora DSQL takes. The others are `unsupported ALTER TABLE <form> statement`, with the form's name
 * as PostgreSQL itself writes it in messages.
 */
import type { AlterTableCmd, Node } from '@pgsql/types';
import type { ParsedStatement } from '../parser/parse.ts';
import { documented, type Finding, nothing, type Rule, recorded, rule } from './rule.ts';
import { objectName } from './statement-rules.ts';

type Form = {
  readonly name: string;
  readonly dsql: 'taken' | 'refused';
  readonly open?: 'runs' | 'refused';
  readonly hint?: string;
};

const setting = { name: 'SET', dsql: 'refused', open: 'runs' } as const;

/** By the tree's name. */
const forms: Readonly<Record<string, Form>> = {
  AT_AddColumn: { name: 'ADD COLUMN', dsql: 'taken' },
  AT_DropColumn: { name: 'DROP COLUMN', dsql: 'taken' },
  AT_ColumnDefault: { name: 'ALTER COLUMN ... SET DEFAULT', dsql: 'taken' },
  AT_DropNotNull: { name: 'ALTER COLUMN ... DROP NOT NULL', dsql: 'taken' },
  AT_DropExpression: { name: 'ALTER COLUMN ... DROP EXPRESSION', dsql: 'taken' },
  AT_SetStorage: { name: 'ALTER COLUMN ... SET STORAGE', dsql: 'taken' },
  AT_AddIdentity: { name: 'ALTER COLUMN ... ADD IDENTITY', dsql: 'taken' },
  AT_SetIdentity: { name: 'ALTER COLUMN ... SET', dsql: 'taken' },
  AT_DropIdentity: { name: 'ALTER COLUMN ... DROP IDENTITY', dsql: 'taken' },
  AT_AddConstraint: { name: 'ADD CONSTRAINT', dsql: 'taken' },
  AT_AlterConstraint: { name: 'ALTER CONSTRAINT', dsql: 'taken' },
  AT_DropConstraint: { name: 'DROP CONSTRAINT', dsql: 'taken' },
  AT_ValidateConstraint: { name: 'VALIDATE CONSTRAINT', dsql: 'taken' },
  AT_ChangeOwner: { name: 'OWNER TO', dsql: 'taken' },
  AT_EnableTrigAll: { name: 'ENABLE TRIGGER ALL', dsql: 'taken' },
  AT_EnableTrigUser: { name: 'ENABLE TRIGGER USER', dsql: 'taken' },
  AT_DisableTrigAll: { name: 'DISABLE TRIGGER ALL', dsql: 'taken' },
  AT_DisableTrigUser: { name: 'DISABLE TRIGGER USER', dsql: 'taken' },

  AT_AlterColumnType: {
    name: 'ALTER COLUMN ... SET DATA TYPE',
    dsql: 'refused',
    open: 'runs',
    hint: 'Add a column of the new type, copy the values in batches, drop the old column and rename the new one.',
  },
  AT_SetNotNull: {
    name: 'ALTER COLUMN ... SET NOT NULL',
    dsql: 'refused',
    open: 'runs',
    hint: 'ADD CONSTRAINT ... CHECK (column IS NOT NULL) NOT VALID, then ALTER TABLE ASYNC ... VALIDATE CONSTRAINT.',
  },
  AT_SetStatistics: { name: 'ALTER COLUMN ... SET STATISTICS', dsql: 'refused', open: 'runs' },
  AT_SetOptions: { name: 'ALTER COLUMN ... SET', dsql: 'refused' },
  AT_ResetOptions: { name: 'ALTER COLUMN ... RESET', dsql: 'refused' },
  AT_SetCompression: { name: 'ALTER COLUMN ... SET COMPRESSION', dsql: 'refused', hint: 'SET STORAGE PLAIN turns compression off.' },
  AT_AlterColumnGenericOptions: { name: 'ALTER COLUMN ... OPTIONS', dsql: 'refused' },
  AT_AddIndexConstraint: { name: 'ADD CONSTRAINT', dsql: 'refused' },
  AT_ClusterOn: { name: 'CLUSTER ON', dsql: 'refused' },
  AT_DropCluster: { name: 'SET WITHOUT CLUSTER', dsql: 'refused' },
  AT_SetAccessMethod: { name: 'SET ACCESS METHOD', dsql: 'refused' },
  AT_SetLogged: { name: 'SET LOGGED', dsql: 'refused' },
  AT_SetUnLogged: { name: 'SET UNLOGGED', dsql: 'refused' },
  AT_DropOids: { name: 'SET WITHOUT OIDS', dsql: 'refused' },
  AT_SetTableSpace: { name: 'SET TABLESPACE', dsql: 'refused' },
  AT_SetRelOptions: setting,
  AT_ResetRelOptions: { name: 'RESET', dsql: 'refused', open: 'runs' },
  AT_EnableTrig: { name: 'ENABLE TRIGGER', dsql: 'refused' },
  AT_EnableAlwaysTrig: { name: 'ENABLE ALWAYS TRIGGER', dsql: 'refused' },
  AT_EnableReplicaTrig: { name: 'ENABLE REPLICA TRIGGER', dsql: 'refused' },
  AT_DisableTrig: { name: 'DISABLE TRIGGER', dsql: 'refused' },
  AT_EnableRule: { name: 'ENABLE RULE', dsql: 'refused' },
  AT_EnableAlwaysRule: { name: 'ENABLE ALWAYS RULE', dsql: 'refused' },
  AT_EnableReplicaRule: { name: 'ENABLE REPLICA RULE', dsql: 'refused' },
  AT_DisableRule: { name: 'DISABLE RULE', dsql: 'refused' },
  AT_AddInherit: { name: 'INHERIT', dsql: 'refused' },
  AT_DropInherit: { name: 'NO INHERIT', dsql: 'refused' },
  AT_AddOf: { name: 'OF', dsql: 'refused' },
  AT_DropOf: { name: 'NOT OF', dsql: 'refused' },
  AT_ReplicaIdentity: { name: 'REPLICA IDENTITY', dsql: 'refused' },
  AT_EnableRowSecurity: { name: 'ENABLE ROW SECURITY', dsql: 'refused' },
  AT_DisableRowSecurity: { name: 'DISABLE ROW SECURITY', dsql: 'refused' },
  AT_ForceRowSecurity: { name: 'FORCE ROW SECURITY', dsql: 'refused' },
  AT_NoForceRowSecurity: { name: 'NO FORCE ROW SECURITY', dsql: 'refused' },
  AT_GenericOptions: { name: 'OPTIONS', dsql: 'refused' },
  AT_AttachPartition: { name: 'ATTACH PARTITION', dsql: 'refused' },
  AT_DetachPartition: { name: 'DETACH PARTITION', dsql: 'refused' },
  AT_DetachPartitionFinalize: { name: 'DETACH PARTITION ... FINALIZE', dsql: 'refused' },
};

const addConstraint = 'unsupported ALTER TABLE ADD CONSTRAINT statement';

/** Commands of ALTER TABLE; of a statement about another kind of object none. */
function commandsOf(node: Node): readonly AlterTableCmd[] {
  if (!('AlterTableStmt' in node)) return [];
  const { objtype, cmds } = node.AlterTableStmt;
  if (objtype !== undefined && objtype !== 'OBJECT_TABLE') return [];
  return (cmds ?? []).flatMap((command) => ('AlterTableCmd' in command ? [command.AlterTableCmd] : []));
}

const eachCommand =
  (look: (command: AlterTableCmd, statement: ParsedStatement) => readonly Finding[]): Rule['find'] =>
  (node, statement) =>
    commandsOf(node).flatMap((command) => look(command, statement));

export const alterTableRules: readonly Rule[] = [
  rule({
    name: 'alter-type-attributes',
    area: 'Statements',
    construct: 'ALTER TYPE ... ADD, DROP, ALTER ATTRIBUTE',
    answer: 'ALTER TYPE not supported',
    source: documented,
    open: 'refused',
    on: ['AlterTableStmt'],
    find: (node) => ('AlterTableStmt' in node && node.AlterTableStmt.objtype === 'OBJECT_TYPE' ? [{}] : nothing),
  }),
  rule({
    name: 'add-column-constraint',
    area: 'ALTER TABLE',
    construct: 'ALTER TABLE ADD COLUMN with constraint',
    answer: 'ALTER TABLE ADD COLUMN with constraint not supported',
    source: recorded,
    open: 'runs',
    hint: 'Add the bare column, then SET DEFAULT, or ADD CONSTRAINT ... NOT VALID, in statements of their own.',
    on: ['AlterTableStmt'],
    find: eachCommand(({ subtype, def }) => {
      if (subtype !== 'AT_AddColumn' || def === undefined || !('ColumnDef' in def)) return nothing;
      const [first] = def.ColumnDef.constraints ?? [];
      return first === undefined ? nothing : [{ location: 'Constraint' in first ? first.Constraint.location : undefined }];
    }),
  }),
  rule({
    name: 'add-constraint',
    area: 'ALTER TABLE',
    construct: 'ALTER TABLE ADD CONSTRAINT without NOT VALID',
    answer: addConstraint,
    source: recorded,
    open: 'runs',
    hint: 'ADD CONSTRAINT ... NOT VALID, then ALTER TABLE ASYNC ... VALIDATE CONSTRAINT.',
    on: ['AlterTableStmt'],
    find: eachCommand(({ subtype, def }) => {
      if (subtype !== 'AT_AddConstraint' || def === undefined || !('Constraint' in def)) return nothing;
      const { contype, skip_validation, location } = def.Constraint;
      return (contype === 'CONSTR_CHECK' || contype === 'CONSTR_FOREIGN') && !skip_validation ? [{ location }] : nothing;
    }),
  }),
  rule({
    name: 'add-unique',
    area: 'ALTER TABLE',
    construct: 'ALTER TABLE ADD UNIQUE',
    answer: addConstraint,
    source: recorded,
    open: 'runs',
    hint: 'CREATE UNIQUE INDEX ASYNC, and once it is valid ADD CONSTRAINT ... UNIQUE USING INDEX.',
    on: ['AlterTableStmt'],
    find: eachCommand(({ subtype, def }) => {
      if (subtype !== 'AT_AddConstraint' || def === undefined || !('Constraint' in def)) return nothing;
      const { contype, indexname, location } = def.Constraint;
      return contype === 'CONSTR_UNIQUE' && indexname === undefined ? [{ location }] : nothing;
    }),
  }),
  rule({
    name: 'add-primary-key',
    area: 'ALTER TABLE',
    construct: 'ALTER TABLE ADD PRIMARY KEY',
    answer: addConstraint,
    source: recorded,
    open: 'runs',
    hint: 'A primary key is part of CREATE TABLE.',
    on: ['AlterTableStmt'],
    find: eachCommand(({ subtype, def }) => {
      if (subtype !== 'AT_AddConstraint' || def === undefined || !('Constraint' in def)) return nothing;
      const { contype, location } = def.Constraint;
      return contype === 'CONSTR_PRIMARY' ? [{ location }] : nothing;
    }),
  }),
  rule({
    name: 'add-exclusion',
    area: 'ALTER TABLE',
    construct: 'ALTER TABLE ADD EXCLUDE',
    answer: addConstraint,
    source: recorded,
    open: 'refused',
    on: ['AlterTableStmt'],
    find: eachCommand(({ subtype, def }) => {
      if (subtype !== 'AT_AddConstraint' || def === undefined || !('Constraint' in def)) return nothing;
      const { contype, location } = def.Constraint;
      return contype === 'CONSTR_EXCLUSION' ? [{ location }] : nothing;
    }),
  }),
  rule({
    name: 'validate-constraint',
    area: 'ALTER TABLE',
    construct: 'ALTER TABLE VALIDATE CONSTRAINT without ASYNC',
    answer: 'unsupported ALTER TABLE VALIDATE CONSTRAINT statement',
    source: recorded,
    open: 'runs',
    hint: 'ALTER TABLE ASYNC ... VALIDATE CONSTRAINT.',
    on: ['AlterTableStmt'],
    find: eachCommand(({ subtype }, { extension }) =>
      subtype === 'AT_ValidateConstraint' && extension?.kind !== 'alterTableAsync' ? [{}] : nothing,
    ),
  }),
  ...Object.entries(forms).flatMap(([subtype, form]) =>
    form.dsql === 'taken'
      ? []
      : [
          rule({
            name: `alter-table-${subtype
              .slice(3)
              .replace(/(?<=[a-z])(?=[A-Z])/g, '-')
              .toLowerCase()}`,
            area: 'ALTER TABLE',
            construct: `ALTER TABLE ${form.name}`,
            answer: `unsupported ALTER TABLE ${form.name} statement`,
            source: subtype === 'AT_AlterColumnType' ? recorded : documented,
            open: form.open ?? 'refused',
            hint: form.hint,
            on: ['AlterTableStmt'],
            find: eachCommand((command) => (command.subtype === subtype ? [{}] : nothing)),
          }),
        ],
  ),
  rule({
    name: 'alter-other-relation',
    area: 'ALTER TABLE',
    construct: 'the forms above in ALTER INDEX, ALTER VIEW, ALTER SEQUENCE',
    answer: 'unsupported ALTER <kind> <form> statement',
    source: documented,
    open: 'refused',
    on: ['AlterTableStmt'],
    find: alterOtherRelation,
  }),
];

/** All forms of ALTER VIEW are taken, among them SET and RESET of options. */
function alterOtherRelation(node: Node): readonly Finding[] {
  if (!('AlterTableStmt' in node)) return nothing;
  const { objtype, cmds } = node.AlterTableStmt;
  if (objtype === undefined || objtype === 'OBJECT_TABLE' || objtype === 'OBJECT_TYPE') return nothing;
  return (cmds ?? []).flatMap((command) => {
    if (!('AlterTableCmd' in command)) return [];
    const { subtype = '' } = command.AlterTableCmd;
    const form: Form | undefined = Object.hasOwn(forms, subtype) ? forms[subtype] : undefined;
    const isOfViews = objtype === 'OBJECT_VIEW' && (subtype === 'AT_SetRelOptions' || subtype === 'AT_ResetRelOptions');
    if (form === undefined || form.dsql === 'taken' || isOfViews) return [];
    const construct = `ALTER ${objectName(objtype)} ${form.name}`;
    return [{ message: `unsupported ${construct} statement`, construct }];
  });
}
