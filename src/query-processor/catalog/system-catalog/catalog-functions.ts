/**
 * Functions over the catalog: what SessionFacts.catalogFunction answers, by name. The functions' signatures and strictness are
 * PostgreSQL's; arguments that are NULL never come here for strict ones.
 */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { operatorByOid, operatorsByName, procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { Settings } from '#sql/settings.ts';
import { typeRef } from '#sql/type.ts';
import { findType, formatType } from '#sql/types/registry.ts';
import { commentClasses, firstUserOid } from '../catalog.ts';
import { quoteIdentifier } from '../identifiers.ts';
import type { LoadedCatalog } from '../loaded-catalog.ts';
import { type CatalogNames, collations, findOperator, findTypeByText, searchSchemas, typeText } from '../name-lookup.ts';
import { constraintDefinition, indexDefinition } from './definitions.ts';
import {
  builtInArguments,
  functionArguments,
  functionBodyText,
  functionDefaultText,
  functionDefinition,
  functionIdentityArguments,
  functionResultText,
} from './function-text.ts';
import { privilegeFunctions } from './privilege-functions.ts';
import { statisticsAreVisible, statisticsColumns, statisticsDefinition } from './statistics-objects.ts';
import { changesOf, isColumnUpdatable } from './view-facts.ts';
import { viewText } from './view-text.ts';

export type CatalogFunctionContext = {
  readonly catalog: LoadedCatalog;
  readonly names: CatalogNames;
  readonly settings: Settings;
  readonly user: string;
  /** Of the cluster's replica here. */
  readonly heldBytes: number;
};

type CatalogFunction = (args: readonly Datum[], context: CatalogFunctionContext) => Datum;

export function catalogFunction(name: string, args: readonly Datum[], context: CatalogFunctionContext): Datum {
  const implementation = functions[name];
  if (implementation === undefined) throw notSupported(`function ${name} is not supported`);
  return implementation(args, context);
}

const text = (value: Datum): string => String(value);
const oidOf = (value: Datum): number => Number(value);
const always =
  (value: Datum): CatalogFunction =>
  () =>
    value;

/** NULL where the name means nothing, as to_regclass and its kin answer. */
const orNull = (look: (name: string, context: CatalogFunctionContext) => number | undefined): CatalogFunction => {
  return (args, context) => {
    try {
      return look(text(args[0]), context) ?? null;
    } catch (error) {
      if (error instanceof SqlError) return null;
      throw error;
    }
  };
};

const visibleType: CatalogFunction = (args, { names }) => {
  const name = names.catalogTypeName(oidOf(args[0]));
  if (name !== undefined) return !name.includes('.');
  return findType(oidOf(args[0])) === undefined ? null : true;
};

/** By oid or name; pretty or not, or pretty with a width, which is not heeded. */
const viewDefinition: CatalogFunction = (args, { catalog, names, settings, user }) => {
  const oid = typeof args[0] === 'string' ? names.oidOf('class', args[0]) : oidOf(args[0]);
  const view = catalog.relationByOid(oid);
  if (view?.kind !== 'view') return null;
  return viewText({ catalog, names, settings, user }, view, args[1] === true || typeof args[1] === 'number');
};

const functions: Readonly<Record<string, CatalogFunction>> = {
  pg_table_is_visible: (args, { names }) => names.classIsVisible(oidOf(args[0])) ?? null,
  pg_type_is_visible: visibleType,
  pg_function_is_visible: (args, { names }) => names.functionIsVisible(oidOf(args[0])) ?? null,
  pg_operator_is_visible: (args) => (operatorByOid(oidOf(args[0])) === undefined ? null : true),
  pg_collation_is_visible: (args) => ([...collations.values()].includes(oidOf(args[0])) ? true : null),
  pg_opclass_is_visible: always(true),
  pg_opfamily_is_visible: always(true),
  pg_conversion_is_visible: always(null),
  pg_statistics_obj_is_visible: (args, { catalog, settings, user }) =>
    statisticsAreVisible(catalog, oidOf(args[0]), searchSchemas(catalog, settings.searchPath, user)) ?? null,
  pg_ts_config_is_visible: always(true),
  pg_ts_dict_is_visible: always(true),
  pg_ts_parser_is_visible: always(true),
  pg_ts_template_is_visible: always(true),

  format_type: (args, { names }) => {
    if (args[0] === null) return null;
    const oid = oidOf(args[0]);
    if (oid === 0) return '-';
    if (oid >= firstUserOid) return names.catalogTypeName(oid) ?? '???';
    if (findType(oid) === undefined) return '???';
    return args[1] === null || args[1] === undefined ? typeText(oid) : formatType(typeRef(oid, Number(args[1])));
  },
  pg_get_expr: (args) => args[0],
  pg_get_userbyid: (args, { catalog }) => catalog.roleByOid(oidOf(args[0]))?.name ?? `unknown (OID=${oidOf(args[0])})`,
  pg_get_indexdef: (args, { catalog, settings }) =>
    indexDefinition(catalog, oidOf(args[0]), args[1] === undefined ? 0 : Number(args[1]), settings.profile) ?? null,
  pg_get_constraintdef: (args, { catalog, names }) => constraintDefinition(catalog, names, oidOf(args[0])) ?? null,
  pg_get_viewdef: viewDefinition,
  pg_get_ruledef: always(null),
  pg_get_triggerdef: always(null),
  pg_get_statisticsobjdef: (args, { catalog, names }) =>
    statisticsDefinition(catalog, oidOf(args[0]), (tableOid) => names.nameOf('class', tableOid) ?? String(tableOid)),
  pg_get_statisticsobjdef_columns: (args, { catalog }) => statisticsColumns(catalog, oidOf(args[0])),
  pg_get_partkeydef: always(null),
  pg_get_partition_constraintdef: always(null),
  pg_get_functiondef: ([procOid], context) => {
    const own = context.catalog.functionByOid(oidOf(procOid));
    return own === undefined ? null : functionDefinition(context, own);
  },
  pg_get_function_sqlbody: ([procOid], context) => {
    const own = context.catalog.functionByOid(oidOf(procOid));
    return own === undefined ? null : functionBodyText(context, own);
  },
  pg_get_function_result: (args, context) => {
    const own = context.catalog.functionByOid(oidOf(args[0]));
    if (own !== undefined) return functionResultText(context, own);
    const proc = procByOid(oidOf(args[0]));
    if (proc === undefined) return null;
    return (proc.returnsSet ? 'SETOF ' : '') + typeText(proc.returnType);
  },
  pg_get_function_arguments: ([procOid], context) => {
    const own = context.catalog.functionByOid(oidOf(procOid));
    return own === undefined ? builtInArguments(oidOf(procOid)) : functionArguments(context, own);
  },
  pg_get_function_identity_arguments: ([procOid], context) => {
    const own = context.catalog.functionByOid(oidOf(procOid));
    return own === undefined ? builtInArguments(oidOf(procOid)) : functionIdentityArguments(context, own);
  },
  pg_get_function_arg_default: ([procOid, number], context) => {
    const own = context.catalog.functionByOid(oidOf(procOid));
    return own === undefined ? null : functionDefaultText(context, own, Number(number));
  },
  pg_get_serial_sequence: (args, { catalog, names }) => {
    const table = catalog.relationByOid(names.oidOf('class', text(args[0])));
    const column = table?.kind === 'table' ? table.columns.find((entry) => !entry.isDropped && entry.name === text(args[1])) : undefined;
    if (table === undefined || column === undefined)
      throw new SqlError(
        sqlstate.undefinedColumn,
        `column "${text(args[1])}" of relation "${table?.name ?? text(args[0])}" does not exist`,
      );
    for (const relation of catalog.userRelations())
      if (
        relation.kind === 'sequence' &&
        relation.ownedBy?.tableOid === table.oid &&
        relation.ownedBy.attributeNumber === column.attributeNumber
      )
        return `${quoteIdentifier(relation.schemaName)}.${quoteIdentifier(relation.name)}`;
    return null;
  },

  to_regclass: orNull((name, { names }) => names.findClass(name)),
  to_regtype: orNull((name) => findTypeByText(name)),
  to_regnamespace: orNull((name, { names }) => names.oidOf('namespace', name)),
  to_regrole: orNull((name, { names }) => names.oidOf('role', name)),
  to_regcollation: orNull((name, { names }) => names.oidOf('collation', name)),
  to_regproc: orNull((name, { names }) => names.oidOf('proc', name)),
  to_regprocedure: orNull((name, { names }) => names.oidOf('procedure', name)),
  to_regoper: orNull((name) => only(operatorsByName(name.replace(/^pg_catalog\./, '')))),
  to_regoperator: orNull((name) => findOperator(name)),

  obj_description: ([object, className], { catalog }) =>
    (className === undefined
      ? catalog.comments().find((comment) => comment.objectOid === oidOf(object) && comment.subId === 0)
      : catalog.comment(commentClasses[text(className)] ?? 0, oidOf(object), 0)
    )?.text ?? null,
  col_description: ([object, column], { catalog }) => catalog.comment(commentClasses.pg_class, oidOf(object), Number(column))?.text ?? null,
  shobj_description: ([object, className], { catalog }) =>
    catalog.comment(commentClasses[text(className)] ?? 0, oidOf(object), 0)?.text ?? null,
  pg_describe_object: always(null),

  ...privilegeFunctions,
  row_security_active: always(false),

  cluster_size: (_, { heldBytes }) => heldBytes,
  pg_relation_size: always(0),
  pg_table_size: always(0),
  pg_indexes_size: always(0),
  pg_total_relation_size: always(0),
  pg_database_size: always(0),
  pg_tablespace_size: always(0),
  pg_relation_filenode: (args) => args[0],
  pg_relation_filepath: always(null),
  pg_relation_is_publishable: always(false),
  pg_relation_is_updatable: (args, context) => changesOf(context, context.catalog.relationByOid(oidOf(args[0]))),
  pg_column_is_updatable: (args, context) => isColumnUpdatable(context, context.catalog.relationByOid(oidOf(args[0])), Number(args[1])),
  pg_stat_get_numscans: always(0),
  pg_index_column_has_property: always(null),
  pg_index_has_property: always(null),
  pg_indexam_has_property: always(null),
  pg_encoding_to_char: (args) => (Number(args[0]) === 6 ? 'UTF8' : ''),
  pg_char_to_encoding: (args) => (/^(utf-?8|unicode)$/i.test(text(args[0])) ? 6 : -1),
  pg_my_temp_schema: always(0),
  pg_is_other_temp_schema: always(false),
};

function only(found: readonly { readonly oid: number }[]): number | undefined {
  return found.length === 1 ? found[0].oid : undefined;
}
