/** Forms of the statements about roles and privileges that Aurora DSQL refuses (dsql-behaviour 2.3). */
import { documented, inferred, nothing, type Rule, rule } from './rule.ts';
import { objectName } from './statement-rules.ts';

/** Options of CREATE ROLE and ALTER ROLE that DSQL takes, by the tree's names. */
const takenOptions = new Set(['canlogin', 'inherit', 'addroleto', 'rolemembers', 'adminmembers']);

const optionNames: Readonly<Record<string, string>> = {
  superuser: 'SUPERUSER',
  createdb: 'CREATEDB',
  createrole: 'CREATEROLE',
  isreplication: 'REPLICATION',
  bypassrls: 'BYPASSRLS',
  connectionlimit: 'CONNECTION LIMIT',
  validUntil: 'VALID UNTIL',
  password: 'PASSWORD',
  sysid: 'SYSID',
};

/** Object kinds of GRANT and REVOKE that DSQL takes. */
const grantable = new Set(['OBJECT_TABLE', 'OBJECT_SEQUENCE', 'OBJECT_SCHEMA', 'OBJECT_FUNCTION', 'OBJECT_ROUTINE']);

export const roleRules: readonly Rule[] = [
  rule({
    name: 'role-option',
    area: 'Statements',
    construct: 'CREATE ROLE and ALTER ROLE with an option other than LOGIN, INHERIT, ADMIN, ROLE, IN ROLE',
    answer: 'unsupported option <option> in <statement> statement',
    source: inferred,
    open: 'runs',
    hint: "There are no passwords: AWS IAM GRANT role TO 'arn'.",
    on: ['CreateRoleStmt', 'AlterRoleStmt'],
    find: (node) => {
      const isNew = 'CreateRoleStmt' in node;
      const options = isNew ? node.CreateRoleStmt.options : 'AlterRoleStmt' in node ? node.AlterRoleStmt.options : undefined;
      const statement = isNew ? 'CREATE ROLE' : 'ALTER ROLE';
      for (const option of options ?? []) {
        if (!('DefElem' in option) || takenOptions.has(option.DefElem.defname ?? '')) continue;
        const { defname = '', location } = option.DefElem;
        const name = optionNames[defname] ?? defname.toUpperCase();
        return [{ message: `unsupported option ${name} in ${statement} statement`, construct: `${statement} with ${name}`, location }];
      }
      return nothing;
    },
  }),
  rule({
    name: 'grant-object',
    area: 'Statements',
    construct:
      'GRANT and REVOKE on an object kind other than TABLE, SEQUENCE, SCHEMA, FUNCTION, ROUTINE, ALL TABLES or SEQUENCES IN SCHEMA',
    answer: 'unsupported object in GRANT statement',
    source: inferred,
    open: 'runs',
    on: ['GrantStmt'],
    find: (node) => {
      if (!('GrantStmt' in node)) return nothing;
      const { objtype = 'OBJECT_TABLE', targtype, is_grant } = node.GrantStmt;
      if (grantable.has(objtype) && !(targtype === 'ACL_TARGET_ALL_IN_SCHEMA' && objtype === 'OBJECT_FUNCTION')) return nothing;
      return [{ construct: `${is_grant === true ? 'GRANT' : 'REVOKE'} ON ${objectName(objtype)}` }];
    },
  }),
  rule({
    name: 'alter-role-set',
    area: 'Settings and transactions',
    construct: 'ALTER ROLE ... SET',
    answer: 'unsupported statement: AlterRoleSet',
    source: documented,
    open: 'runs',
    on: ['AlterRoleSetStmt'],
    find: (node) => ('AlterRoleSetStmt' in node && !node.AlterRoleSetStmt.setstmt?.kind?.startsWith('VAR_RESET') ? [{}] : nothing),
  }),
];
