/** Parts of CREATE TABLE, CREATE SEQUENCE and CREATE VIEW that Aurora DSQL refuses. */
import type { Constraint, CreateStmt, Node } from '@pgsql/types';
import { columnTypeName, keylessTypes } from './column-type.ts';
import { documented, type Finding, found, inferred, nothing, type Rule, recorded, rule, stringsOf } from './rule.ts';
import { columnsIn } from './type-rules.ts';

function part(
  name: string,
  construct: string,
  answer: string,
  source: Rule['source'],
  open: Rule['open'],
  applies: (statement: CreateStmt) => boolean,
  hint?: string,
): Rule {
  return rule({
    name,
    area: 'CREATE TABLE',
    construct,
    answer,
    source,
    open,
    hint,
    on: ['CreateStmt'],
    find: (node) => ('CreateStmt' in node && applies(node.CreateStmt) ? found : nothing),
  });
}

/** Before columns and their types are looked at. */
export const tablePartRules: readonly Rule[] = [
  part(
    'temporary-table',
    'CREATE TEMPORARY TABLE',
    'TEMPORARY or TEMP table not supported for CREATE TABLE',
    recorded,
    'runs',
    (statement) => statement.relation?.relpersistence === 't',
    'Use a WITH query, or a table with a column for the session.',
  ),
  part(
    'unlogged-table',
    'CREATE UNLOGGED TABLE',
    'UNLOGGED table not supported for CREATE TABLE',
    recorded,
    'refused',
    (statement) => statement.relation?.relpersistence === 'u',
    'Leave UNLOGGED out.',
  ),
  part(
    'partition-of',
    'CREATE TABLE ... PARTITION OF',
    'PARTITION OF clause not supported for CREATE TABLE',
    documented,
    'refused',
    (statement) => statement.partbound !== undefined,
    'Tables are partitioned by primary key without being told.',
  ),
  part(
    'partition-by',
    'CREATE TABLE ... PARTITION BY',
    'PARTITION BY clause not supported for CREATE TABLE',
    documented,
    'refused',
    (statement) => statement.partspec !== undefined,
    'Tables are partitioned by primary key without being told.',
  ),
  part(
    'inherits',
    'CREATE TABLE ... INHERITS',
    'INHERITS clause not supported for CREATE TABLE',
    inferred,
    'refused',
    (statement) => statement.partbound === undefined && (statement.inhRelations?.length ?? 0) > 0,
  ),
  part(
    'of-type',
    'CREATE TABLE ... OF type',
    'OF type clause not supported for CREATE TABLE',
    inferred,
    'refused',
    (statement) => statement.ofTypename !== undefined,
  ),
  part(
    'table-tablespace',
    'CREATE TABLE ... TABLESPACE',
    'TABLESPACE clause not supported for CREATE TABLE',
    inferred,
    'refused',
    (statement) => statement.tablespacename !== undefined,
    'Leave TABLESPACE out.',
  ),
  part(
    'table-access-method',
    'CREATE TABLE ... USING',
    'USING clause not supported for CREATE TABLE',
    inferred,
    'refused',
    (statement) => statement.accessMethod !== undefined,
    'Leave USING out.',
  ),
  part(
    'storage-parameters',
    'storage parameters of CREATE TABLE',
    'WITH clause not supported for CREATE TABLE',
    inferred,
    'runs',
    (statement) => (statement.options?.length ?? 0) > 0,
    'Leave WITH (...) out.',
  ),
  rule({
    name: 'temporary-view',
    area: 'CREATE TABLE',
    construct: 'CREATE TEMPORARY VIEW',
    answer: 'TEMPORARY or TEMP view not supported for CREATE VIEW',
    source: inferred,
    open: 'runs',
    on: ['ViewStmt'],
    find: (node) => ('ViewStmt' in node && node.ViewStmt.view?.relpersistence === 't' ? found : nothing),
  }),
  rule({
    name: 'temporary-sequence',
    area: 'CREATE TABLE',
    construct: 'CREATE TEMPORARY SEQUENCE',
    answer: 'TEMPORARY or TEMP sequence not supported for CREATE SEQUENCE',
    source: inferred,
    open: 'runs',
    on: ['CreateSeqStmt'],
    find: (node) => ('CreateSeqStmt' in node && node.CreateSeqStmt.sequence?.relpersistence === 't' ? found : nothing),
  }),
];

const leastCache = 65_536;
const cacheRefused = (what: string): string =>
  `${what} is not supported without an explicit cache size. please define CACHE greater than or equal to ${leastCache} or equal to 1`;
const cacheHint = `CACHE 1 keeps the order; CACHE ${leastCache} is faster.`;

/** After the columns' types. */
export const columnRules: readonly Rule[] = [
  rule({
    name: 'column-collation',
    area: 'CREATE TABLE',
    construct: 'COLLATE on a column',
    answer: 'COLLATE on a column is not supported',
    source: inferred,
    open: 'runs',
    hint: 'Leave COLLATE out: the only collation is C.',
    on: ['CreateStmt', 'AlterTableStmt'],
    find: (node) => columnsIn(node).flatMap(({ collClause }) => (collClause === undefined ? [] : [{ location: collClause.location }])),
  }),
  rule({
    name: 'identity-type',
    area: 'CREATE TABLE',
    construct: 'identity columns of a type other than bigint',
    answer: 'datatype <type> not supported, identity column type must be bigint',
    source: recorded,
    open: 'runs',
    hint: 'Make the column bigint.',
    on: ['CreateStmt'],
    find: (node) =>
      columnsIn(node).flatMap((column) => {
        const [identity] = constraintsOf(column.constraints, 'CONSTR_IDENTITY');
        const type = columnTypeName(column);
        if (identity === undefined || type === 'bigint' || type === '') return [];
        return [{ message: `datatype ${type} not supported, identity column type must be bigint`, location: column.location }];
      }),
  }),
  rule({
    name: 'identity-cache',
    area: 'CREATE TABLE',
    construct: `identity columns without CACHE 1 or CACHE >= ${leastCache}`,
    answer: cacheRefused('identity column'),
    source: recorded,
    open: 'runs',
    hint: cacheHint,
    on: ['CreateStmt', 'AlterTableStmt'],
    find: identityCache,
  }),
  rule({
    name: 'sequence-type',
    area: 'CREATE TABLE',
    construct: 'CREATE SEQUENCE AS smallint, integer',
    answer: 'datatype <type> not supported, sequence type must be bigint',
    source: inferred,
    open: 'runs',
    hint: 'Leave AS out, or write AS bigint.',
    on: ['CreateSeqStmt'],
    find: sequenceType,
  }),
  rule({
    name: 'sequence-cache',
    area: 'CREATE TABLE',
    construct: `CREATE SEQUENCE without CACHE 1 or CACHE >= ${leastCache}, ALTER SEQUENCE to another CACHE`,
    answer: cacheRefused('CREATE SEQUENCE'),
    source: recorded,
    open: 'runs',
    hint: cacheHint,
    on: ['CreateSeqStmt', 'AlterSeqStmt'],
    find: (node) => {
      if ('CreateSeqStmt' in node)
        return hasCache(node.CreateSeqStmt.options)
          ? nothing
          : [{ construct: `CREATE SEQUENCE without CACHE 1 or CACHE >= ${leastCache}` }];
      if (!('AlterSeqStmt' in node)) return nothing;
      const { options } = node.AlterSeqStmt;
      const setsCache = (options ?? []).some((option) => 'DefElem' in option && option.DefElem.defname === 'cache');
      return setsCache && !hasCache(options) ? [{ construct: 'ALTER SEQUENCE with another CACHE' }] : nothing;
    },
  }),
  rule({
    name: 'exclusion-constraint',
    area: 'CREATE TABLE',
    construct: 'EXCLUDE constraints',
    answer: 'EXCLUDE constraint not supported for CREATE TABLE',
    source: inferred,
    open: 'refused',
    on: ['CreateStmt'],
    find: (node) => constraintsIn(node).flatMap(({ contype, location }) => (contype === 'CONSTR_EXCLUSION' ? [{ location }] : [])),
  }),
  rule({
    name: 'deferrable-key',
    area: 'CREATE TABLE',
    construct: 'DEFERRABLE PRIMARY KEY and UNIQUE constraints',
    answer: 'DEFERRABLE PRIMARY KEY and UNIQUE constraints are not supported',
    source: inferred,
    open: 'refused',
    on: ['CreateStmt'],
    find: (node) =>
      constraintsIn(node).flatMap((constraint) =>
        (constraint.contype === 'CONSTR_PRIMARY' || constraint.contype === 'CONSTR_UNIQUE') && constraint.deferrable
          ? [{ location: constraint.location }]
          : [],
      ),
  }),
  rule({
    name: 'key-type',
    area: 'CREATE TABLE',
    construct: `${[...keylessTypes].join(', ')} in a PRIMARY KEY, UNIQUE constraint or index`,
    answer: 'datatype <type> is not supported in a key',
    source: documented,
    open: 'runs',
    on: ['CreateStmt'],
    find: keyType,
  }),
];

const constraintsOf = (nodes: readonly Node[] | undefined, kind: Constraint['contype']): readonly Constraint[] =>
  (nodes ?? []).flatMap((node) => ('Constraint' in node && node.Constraint.contype === kind ? [node.Constraint] : []));

/** Of the table and of its columns. */
function constraintsIn(node: Node): readonly Constraint[] {
  if (!('CreateStmt' in node)) return [];
  return (node.CreateStmt.tableElts ?? []).flatMap((element) => {
    if ('Constraint' in element) return [element.Constraint];
    if (!('ColumnDef' in element)) return [];
    return (element.ColumnDef.constraints ?? []).flatMap((constraint) => ('Constraint' in constraint ? [constraint.Constraint] : []));
  });
}

export function hasCache(options: readonly Node[] | undefined): boolean {
  for (const option of options ?? []) {
    if (!('DefElem' in option) || option.DefElem.defname !== 'cache') continue;
    const { arg } = option.DefElem;
    const cache = arg === undefined ? 0 : 'Integer' in arg ? (arg.Integer.ival ?? 0) : 'Float' in arg ? Number(arg.Float.fval) : 0;
    return cache === 1 || cache >= leastCache;
  }
  return false;
}

function identityCache(node: Node): readonly Finding[] {
  const refused = (constraint: Constraint): readonly Finding[] => (hasCache(constraint.options) ? [] : [{ location: constraint.location }]);
  if ('AlterTableStmt' in node)
    return (node.AlterTableStmt.cmds ?? []).flatMap((command) => {
      if (!('AlterTableCmd' in command) || command.AlterTableCmd.subtype !== 'AT_AddIdentity') return [];
      const { def } = command.AlterTableCmd;
      return def !== undefined && 'Constraint' in def ? refused(def.Constraint) : [];
    });
  return columnsIn(node).flatMap((column) => constraintsOf(column.constraints, 'CONSTR_IDENTITY').flatMap(refused));
}

function sequenceType(node: Node): readonly Finding[] {
  if (!('CreateSeqStmt' in node)) return nothing;
  for (const option of node.CreateSeqStmt.options ?? []) {
    if (!('DefElem' in option) || option.DefElem.defname !== 'as') continue;
    const { arg, location } = option.DefElem;
    const type = arg !== undefined && 'TypeName' in arg ? columnTypeName({ typeName: arg.TypeName }) : '';
    if (type !== 'smallint' && type !== 'integer') return nothing;
    return [{ message: `datatype ${type} not supported, sequence type must be bigint`, construct: `CREATE SEQUENCE AS ${type}`, location }];
  }
  return nothing;
}

function keyType(node: Node): readonly Finding[] {
  if (!('CreateStmt' in node)) return nothing;
  const columns = columnsIn(node);
  const refused = (name: string, location: number | undefined): readonly Finding[] => {
    const column = columns.find(({ colname }) => colname === name);
    const names = stringsOf(column?.typeName?.names);
    const type = names[names.length - 1] ?? '';
    if (column === undefined || !keylessTypes.has(type) || (column.typeName?.arrayBounds?.length ?? 0) > 0) return [];
    const displayName = columnTypeName(column);
    return [
      {
        message: `datatype ${displayName} is not supported in a key`,
        construct: `${displayName} in a key`,
        location,
        // json has no order at all.
        open: type === 'json' ? 'same' : 'runs',
      },
    ];
  };
  const isKey = ({ contype }: Constraint): boolean => contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_UNIQUE';
  return (node.CreateStmt.tableElts ?? []).flatMap((element) => {
    if ('Constraint' in element && isKey(element.Constraint))
      return stringsOf(element.Constraint.keys).flatMap((name) => refused(name, element.Constraint.location));
    if (!('ColumnDef' in element)) return [];
    const { constraints, colname = '' } = element.ColumnDef;
    return (constraints ?? []).flatMap((constraint) =>
      'Constraint' in constraint && isKey(constraint.Constraint) ? refused(colname, constraint.Constraint.location) : [],
    );
  });
}
