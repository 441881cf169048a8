/** CREATE VIEW, and what ALTER VIEW changes beside names and owners. */
import type { AlterTableCmd, DefElem, Node, SelectStmt, ViewStmt } from '@pgsql/types';
import { maximumColumns, maximumViewBytesDsql, maximumViewsDsql } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { formatType } from '#sql/types/registry.ts';
import { bindStoredQuery, bindStoredText, printStoredQuery, type StoredQuery } from '../../analyzer/stored-query.ts';
import { notUpdatable } from '../../analyzer/updatable-view.ts';
import type { ViewColumn, ViewDescriptor, ViewOptions } from '../descriptors.ts';
import { storedNames } from '../object-names.ts';
import { namesOf } from './create-table.ts';
import type { SchemaChange } from './schema-change.ts';
import { environmentOf, tableExpression } from './table-expressions.ts';

export function createView(change: SchemaChange, statement: ViewStmt): void {
  const target = statement.view ?? {};
  const name = target.relname ?? '';
  const select = selectOf(statement);
  const stored = bindStoredQuery(environmentOf(change), select, change.positionOf);
  const names = columnNames(change, stored, namesOf(statement.aliases));
  const options = withCheckOption(change, optionsOf(change, statement.options ?? [], noOptions), statement);
  if (options.checkOption !== undefined) requireUpdatable(change, stored);
  const schema = change.creationSchema(target);
  const { text, dependencies } = printStoredQuery(stored, {
    names: storedNames(
      (relation) => change.catalog.relationByOid(relation),
      (domain) => change.catalog.domainByOid(domain),
      (procOid) => change.catalog.functionByOid(procOid),
    ),
    pretty: false,
    columnNames: names,
  });
  if (change.isDsql && Buffer.byteLength(text) > maximumViewBytesDsql)
    throw new SqlError(sqlstate.programLimitExceeded, 'view definition too large');
  const columns = stored.output.map((column, at): ViewColumn => ({ name: names[at], type: column.type, defaultText: undefined }));
  const made = { kind: 'view', schemaOid: schema.oid, schemaName: schema.name, name, definition: text, dependencies, options } as const;
  const existing = change.catalog.relationByName(schema.oid, name);
  if (existing !== undefined && statement.replace === true) {
    if (existing.kind !== 'view') throw new SqlError(sqlstate.wrongObjectType, `"${name}" is not a view`);
    requireSameColumns(existing, columns);
    const kept = columns.map((column, at) => ({ ...column, defaultText: existing.columns[at]?.defaultText }));
    change.put({ ...made, oid: existing.oid, ownerOid: existing.ownerOid, columns: kept });
    return;
  }
  if (change.catalog.hasRelationName(schema.oid, name)) throw new SqlError(sqlstate.duplicateTable, `relation "${name}" already exists`);
  const count = change.catalog.userRelations().filter((relation) => relation.kind === 'view').length;
  if (change.isDsql && count >= maximumViewsDsql)
    throw new SqlError(sqlstate.programLimitExceeded, `creating more than ${maximumViewsDsql} views not allowed`);
  change.put({ ...made, oid: change.newOid(), ownerOid: change.ownerOid(), columns });
}

function selectOf(statement: ViewStmt): SelectStmt {
  const { query } = statement;
  if (query === undefined || !('SelectStmt' in query)) throw new SqlError(sqlstate.syntaxError, 'a view is defined by a SELECT');
  const select = query.SelectStmt;
  if (select.intoClause !== undefined) throw new SqlError(sqlstate.featureNotSupported, 'views must not contain SELECT INTO');
  const tables = (select.withClause?.ctes ?? []).flatMap((node) => ('CommonTableExpr' in node ? [node.CommonTableExpr] : []));
  if (tables.some((table) => table.ctequery !== undefined && !('SelectStmt' in table.ctequery)))
    throw new SqlError(sqlstate.featureNotSupported, 'views must not contain data-modifying statements in WITH');
  return select;
}

function columnNames(change: SchemaChange, { output }: StoredQuery, given: readonly string[]): readonly string[] {
  if (given.length > output.length) throw new SqlError(sqlstate.syntaxError, 'CREATE VIEW specifies more column names than columns');
  if (output.length > maximumColumns && change.isDsql)
    throw new SqlError(sqlstate.tooManyColumns, `tables can have at most ${maximumColumns} columns`);
  const names = output.map((column, at) => given[at] ?? column.name);
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) !== at) throw new SqlError(sqlstate.duplicateColumn, `column "${name}" specified more than once`);
    if (output[at].type.oid === oid.record) throw new SqlError(sqlstate.invalidTableDefinition, `column "${name}" has pseudo-type record`);
  }
  return names;
}

/** CREATE OR REPLACE VIEW may only add columns behind those that are there. */
function requireSameColumns(existing: ViewDescriptor, columns: readonly ViewColumn[]): void {
  const refuse = (message: string, hint?: string) =>
    new SqlError(sqlstate.invalidTableDefinition, message, hint === undefined ? {} : { hint });
  if (columns.length < existing.columns.length) throw refuse('cannot drop columns from view');
  for (const [at, before] of existing.columns.entries()) {
    const after = columns[at];
    if (after.name !== before.name)
      throw refuse(
        `cannot change name of view column "${before.name}" to "${after.name}"`,
        'Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
      );
    if (after.type.oid !== before.type.oid || after.type.typmod !== before.type.typmod)
      throw refuse(`cannot change data type of view column "${before.name}" from ${formatType(before.type)} to ${formatType(after.type)}`);
  }
}

const noOptions: ViewOptions = { securityBarrier: undefined, securityInvoker: undefined, checkOption: undefined };

function optionsOf(change: SchemaChange, nodes: readonly Node[], before: ViewOptions): ViewOptions {
  let options = before;
  for (const node of nodes) if ('DefElem' in node) options = { ...options, ...oneOption(change, node.DefElem) };
  return options;
}

function oneOption(change: SchemaChange, { defname = '', arg }: DefElem): Partial<ViewOptions> {
  switch (defname) {
    case 'security_barrier':
      return { securityBarrier: booleanOf(defname, arg) };
    case 'security_invoker':
      return { securityInvoker: booleanOf(defname, arg) };
    case 'check_option': {
      const value = wordOf(arg)?.toLowerCase();
      if (value === 'local' || value === 'cascaded') return { checkOption: value };
      throw change.error(
        sqlstate.invalidParameterValue,
        `invalid value for enum option "check_option": ${wordOf(arg) ?? 'true'}`,
        undefined,
        {
          detail: 'Valid values are "local" and "cascaded".',
        },
      );
    }
    default:
      throw new SqlError(sqlstate.invalidParameterValue, `unrecognized parameter "${defname}"`);
  }
}

function wordOf(arg: Node | undefined): string | undefined {
  if (arg === undefined) return undefined;
  if ('String' in arg) return arg.String.sval ?? '';
  if ('Integer' in arg) return String(arg.Integer.ival ?? 0);
  if ('Boolean' in arg) return String(arg.Boolean.boolval === true);
  if ('TypeName' in arg) return namesOf(arg.TypeName.names).join('.');
  return undefined;
}

function booleanOf(name: string, arg: Node | undefined): boolean {
  const word = wordOf(arg)?.toLowerCase();
  if (word === undefined || /^(t|tr|tru|true|on|y|ye|yes|1)$/.test(word)) return true;
  if (/^(f|fa|fal|fals|false|of|off|n|no|0)$/.test(word)) return false;
  throw new SqlError(sqlstate.invalidParameterValue, `invalid value for boolean option "${name}": ${wordOf(arg)}`);
}

function withCheckOption(change: SchemaChange, options: ViewOptions, statement: ViewStmt): ViewOptions {
  const stated = statement.withCheckOption;
  if (stated === undefined || stated === 'NO_CHECK_OPTION') return options;
  if (options.checkOption !== undefined) throw change.error(sqlstate.syntaxError, 'parameter "check_option" specified more than once');
  return { ...options, checkOption: stated === 'LOCAL_CHECK_OPTION' ? 'local' : 'cascaded' };
}

function requireUpdatable(change: SchemaChange, { query }: StoredQuery): void {
  const hint = notUpdatable(query, change.catalog, true);
  if (hint !== undefined)
    throw new SqlError(sqlstate.featureNotSupported, 'WITH CHECK OPTION is supported only on automatically updatable views', { hint });
}

/** One action of ALTER VIEW; undefined for those that it does not have. */
export function alterView(change: SchemaChange, view: ViewDescriptor, command: AlterTableCmd): ViewDescriptor | undefined {
  const list = command.def !== undefined && 'List' in command.def ? (command.def.List.items ?? []) : [];
  switch (command.subtype) {
    case 'AT_ColumnDefault':
      return setDefault(change, view, command.name ?? '', command.def);
    case 'AT_SetRelOptions': {
      const options = optionsOf(change, list, view.options);
      if (options.checkOption !== undefined && options.checkOption !== view.options.checkOption)
        requireUpdatable(change, bindStoredText(environmentOf(change), view.definition));
      return { ...view, options };
    }
    case 'AT_ResetRelOptions': {
      const names = list.flatMap((node) => ('DefElem' in node ? [node.DefElem.defname ?? ''] : []));
      return {
        ...view,
        options: {
          securityBarrier: names.includes('security_barrier') ? undefined : view.options.securityBarrier,
          securityInvoker: names.includes('security_invoker') ? undefined : view.options.securityInvoker,
          checkOption: names.includes('check_option') ? undefined : view.options.checkOption,
        },
      };
    }
    default:
      return undefined;
  }
}

function setDefault(change: SchemaChange, view: ViewDescriptor, name: string, node: Node | undefined): ViewDescriptor {
  const column = view.columns.find((entry) => entry.name === name);
  if (column === undefined) throw new SqlError(sqlstate.undefinedColumn, `column "${name}" of relation "${view.name}" does not exist`);
  const table = { oid: view.oid, name: view.name, schemaName: view.schemaName, columns: [] };
  const defaultText = node === undefined ? undefined : tableExpression(change, table, node, 'default', column).text;
  return { ...view, columns: view.columns.map((entry) => (entry === column ? { ...entry, defaultText } : entry)) };
}

export function renameViewColumn(view: ViewDescriptor, oldName: string, newName: string): ViewDescriptor {
  if (!view.columns.some((column) => column.name === oldName))
    throw new SqlError(sqlstate.undefinedColumn, `column "${oldName}" does not exist`);
  if (view.columns.some((column) => column.name === newName))
    throw new SqlError(sqlstate.duplicateColumn, `column "${newName}" of relation "${view.name}" already exists`);
  return { ...view, columns: view.columns.map((column) => (column.name === oldName ? { ...column, name: newName } : column)) };
}
