/**
 * CREATE, ALTER and DROP STATISTICS: statistics objects, which say of which columns and expressions of a table the planner should know how they
 * belong together. What ANALYZE gathers does not look at them yet; they are kept, shown and dumped.
 *
 *   E1  A statistics object goes with its table, with each column that it names, and with its schema.
 */
import type { AlterStatsStmt, CreateStatsStmt, DropStmt, Node, RangeVar, RoleSpec } from '@pgsql/types';
import { notSupported, SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { privilege } from '#sql/privilege.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { StatisticsDescriptor, TableDescriptor } from '../descriptors.ts';
import { searchSchemas } from '../name-lookup.ts';
import { relationObject, requireOwner, requirePrivileges, type SecuredObject, schemaObject } from '../privileges/secured-object.ts';
import { namesOf } from './create-table.ts';
import { ownerOf } from './move-object.ts';
import type { SchemaChange } from './schema-change.ts';
import { tableExpression } from './table-expressions.ts';

type StatedExpression = StatisticsDescriptor['expressions'][number];

const kindLetters: Readonly<Record<string, StatisticsDescriptor['kinds'][number]>> = { ndistinct: 'd', dependencies: 'f', mcv: 'm' };
const everyKind = ['d', 'f', 'm'] as const;
const columnsMax = 8;
/** Aurora DSQL's (dsql-behaviour 5.2). */
const perTableMaxInDsql = 5;
const targetMaxInDsql = 100;
const targetMax = 10_000;

export function createStatistics(change: SchemaChange, statement: CreateStatsStmt): void {
  const table = tableOf(change, statement.relations ?? []);
  requireOwner(change.catalog, relationObject(table), change.ownerOid());
  const { attributeNumbers, expressions, nameParts } = stated(change, table, statement.exprs ?? []);
  const kinds = kindsOf(change, statement.stat_types ?? [], attributeNumbers.length, expressions.length);
  const names = namesOf(statement.defnames);
  const schema =
    names.length > 1
      ? change.schemaByName(names[names.length - 2] ?? '')
      : names.length === 1
        ? change.creationSchema({ relname: names[0] ?? '' })
        : (change.catalog.schemaByOid(table.schemaOid) ?? change.schemaByName(table.schemaName));
  requirePrivileges(change.catalog, schemaObject(schema), change.ownerOid(), privilege.create);
  const name = names[names.length - 1] ?? freeName(change, schema.oid, [table.name, ...nameParts]);
  if (namedIn(change, schema.oid, name) !== undefined) {
    if (statement.if_not_exists !== true) throw new SqlError(sqlstate.duplicateObject, `statistics object "${name}" already exists`);
    change.notice(`statistics object "${name}" already exists, skipping`, sqlstate.duplicateObject);
    return;
  }
  if (change.isDsql && change.catalog.statisticsOf(table.oid).length >= perTableMaxInDsql)
    throw new SqlError(sqlstate.programLimitExceeded, 'more than 5 extended statistics per table are not allowed');
  change.put({
    kind: 'statistics',
    oid: change.newOid(),
    schemaOid: schema.oid,
    schemaName: schema.name,
    name,
    ownerOid: change.ownerOid(),
    tableOid: table.oid,
    attributeNumbers,
    expressions,
    kinds,
    target: -1,
  });
}

function tableOf(change: SchemaChange, relations: readonly Node[]): TableDescriptor {
  const [first] = relations;
  if (relations.length !== 1 || !('RangeVar' in first)) throw notSupported('only a single relation is allowed in CREATE STATISTICS');
  const target: RangeVar = first.RangeVar;
  const relation = change.findRelation(target);
  if (relation?.kind === 'table') {
    if (relation.oid >= firstTemporaryOid) throw notSupported('statistics objects of temporary tables are not supported');
    return relation;
  }
  if (relation === undefined && change.findIndex(target) === undefined) throw change.missingRelation(target);
  if (relation?.kind === 'system') throw change.systemRelation(relation.name);
  const what = relation === undefined ? 'indexes' : relation.kind === 'view' ? 'views' : 'sequences';
  throw new SqlError(sqlstate.wrongObjectType, `cannot define statistics for relation "${target.relname ?? ''}"`, {
    detail: `This operation is not supported for ${what}.`,
  });
}

const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

function stated(
  change: SchemaChange,
  table: TableDescriptor,
  nodes: readonly Node[],
): {
  readonly attributeNumbers: readonly number[];
  readonly expressions: readonly StatedExpression[];
  readonly nameParts: readonly string[];
} {
  if (nodes.length > columnsMax) throw new SqlError(sqlstate.tooManyColumns, `cannot have more than ${columnsMax} columns in statistics`);
  const numbers: number[] = [];
  const expressions: StatedExpression[] = [];
  const nameParts: string[] = [];
  for (const node of nodes) {
    const { name, expr } = 'StatsElem' in node ? node.StatsElem : {};
    const written = name ?? plainColumn(expr);
    nameParts.push(written ?? 'expr');
    if (written !== undefined) numbers.push(columnNumber(table, written));
    else if (expr !== undefined) {
      const { text, attributeNumbers, expression } = tableExpression(change, table, expr, 'statistics', undefined);
      if (nodes.length > 1) requireOrder(expression.type.oid, undefined);
      expressions.push({ text, attributeNumbers });
    }
  }
  if (numbers.length + expressions.length < 2 && expressions.length !== 1)
    throw new SqlError(sqlstate.invalidObjectDefinition, 'extended statistics require at least 2 columns');
  if (new Set(numbers).size < numbers.length)
    throw new SqlError(sqlstate.duplicateColumn, 'duplicate column name in statistics definition');
  if (new Set(expressions.map(({ text }) => text)).size < expressions.length)
    throw new SqlError(sqlstate.duplicateColumn, 'duplicate expression in statistics definition');
  return { attributeNumbers: numbers.sort((a, b) => a - b), expressions, nameParts };
}

/** `(a)` is the column. */
function plainColumn(expr: Node | undefined): string | undefined {
  const fields = expr !== undefined && 'ColumnRef' in expr ? (expr.ColumnRef.fields ?? []) : [];
  const [field] = fields;
  return fields.length === 1 && field !== undefined && 'String' in field ? field.String.sval : undefined;
}

function columnNumber(table: TableDescriptor, name: string): number {
  const column = table.columns.find((entry) => !entry.isDropped && entry.name === name);
  if (column === undefined) {
    if (systemColumns.has(name)) throw notSupported('statistics creation on system columns is not supported');
    throw new SqlError(sqlstate.undefinedColumn, `column "${name}" does not exist`);
  }
  requireOrder(column.type.oid, name);
  return column.attributeNumber;
}

function requireOrder(typeOid: number, column: string | undefined): void {
  const type = typeByOid(typeOid);
  if (type.compare !== undefined) return;
  const what = column === undefined ? 'expression' : `column "${column}"`;
  throw notSupported(`${what} cannot be used in statistics because its type ${type.displayName} has no default btree operator class`);
}

function kindsOf(change: SchemaChange, nodes: readonly Node[], columns: number, expressions: number): StatisticsDescriptor['kinds'] {
  const isSingle = columns === 0 && expressions === 1;
  if (isSingle && nodes.length > 0)
    throw notSupported('when building statistics on a single expression, statistics kinds may not be specified');
  if (isSingle) return [];
  if (nodes.length === 0) return everyKind;
  const named = nodes.map((node) => {
    const word = 'String' in node ? (node.String.sval ?? '') : '';
    const letter = kindLetters[word];
    if (letter === undefined) throw change.error(sqlstate.syntaxError, `unrecognized statistics kind "${word}"`);
    return letter;
  });
  return everyKind.filter((kind) => named.includes(kind));
}

/** table_column_column_stat, with a number where that is taken. */
function freeName(change: SchemaChange, schemaOid: number, parts: readonly string[]): string {
  const stem = parts.join('_').slice(0, 58);
  for (let number = 0; ; number++) {
    const name = `${stem}_stat${number === 0 ? '' : number}`;
    if (namedIn(change, schemaOid, name) === undefined) return name;
  }
}

const namedIn = (change: SchemaChange, schemaOid: number, name: string): StatisticsDescriptor | undefined =>
  change.catalog.statistics().find((entry) => entry.schemaOid === schemaOid && entry.name === name);

function find(change: SchemaChange, names: readonly string[]): StatisticsDescriptor | undefined {
  const name = names[names.length - 1] ?? '';
  const schemas =
    names.length > 1
      ? [change.schemaByName(names[names.length - 2] ?? '').oid]
      : searchSchemas(change.catalog, change.host.settings.searchPath, change.host.user);
  for (const schemaOid of schemas) {
    const found = namedIn(change, schemaOid, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const missing = (names: readonly string[]): string => `statistics object "${names.join('.')}" does not exist`;

const objectOf = (descriptor: StatisticsDescriptor): SecuredObject => ({
  kind: 'table',
  classOid: 3381,
  oid: descriptor.oid,
  name: descriptor.name,
  ownerOid: descriptor.ownerOid,
  title: 'statistics object',
  isSystem: false,
});

/** The object of that name, of whoever says so. Throws 42704 or 42501. */
export function ownStatistics(change: SchemaChange, names: readonly string[]): StatisticsDescriptor {
  const found = find(change, names);
  if (found === undefined) throw new SqlError(sqlstate.undefinedObject, missing(names));
  requireOwner(change.catalog, objectOf(found), change.ownerOid());
  return found;
}

export function alterStatistics(change: SchemaChange, statement: AlterStatsStmt): void {
  const names = namesOf(statement.defnames);
  const wanted = statement.stxstattarget ?? 0;
  if (statement.missing_ok === true && find(change, names) === undefined) {
    change.notice(`${missing(names)}, skipping`);
    return;
  }
  if (change.isDsql && wanted > targetMaxInDsql)
    throw new SqlError(sqlstate.invalidParameterValue, `statistics target ${wanted} exceeds maximum allowed value of ${targetMaxInDsql}`);
  if (wanted < -1) throw new SqlError(sqlstate.invalidParameterValue, `statistics target ${wanted} is too low`);
  if (wanted > targetMax) change.host.notice(warning(sqlstate.invalidParameterValue, `lowering statistics target to ${targetMax}`));
  change.put({ ...ownStatistics(change, names), target: Math.min(wanted, targetMax) });
}

export function dropStatistics(change: SchemaChange, statement: DropStmt): void {
  for (const object of statement.objects ?? []) {
    const names = namesIn(object);
    if (find(change, names) === undefined && statement.missing_ok === true) change.notice(`${missing(names)}, skipping`);
    else change.drop(ownStatistics(change, names).oid);
  }
}

export const namesIn = (object: Node | undefined): readonly string[] =>
  object !== undefined && 'List' in object ? namesOf(object.List.items) : [];

function refuseTaken(change: SchemaChange, schemaOid: number, schemaName: string, name: string): void {
  if (namedIn(change, schemaOid, name) !== undefined)
    throw new SqlError(sqlstate.duplicateObject, `statistics object "${name}" already exists in schema "${schemaName}"`);
}

export function renameStatistics(change: SchemaChange, object: Node | undefined, name: string): void {
  const found = ownStatistics(change, namesIn(object));
  refuseTaken(change, found.schemaOid, found.schemaName, name);
  change.put({ ...found, name });
}

export function moveStatistics(change: SchemaChange, object: Node | undefined, schemaName: string): void {
  const found = ownStatistics(change, namesIn(object));
  const schema = change.schemaByName(schemaName);
  requirePrivileges(change.catalog, schemaObject(schema), change.ownerOid(), privilege.create);
  if (schema.oid === found.schemaOid) return;
  refuseTaken(change, schema.oid, schema.name, found.name);
  change.put({ ...found, schemaOid: schema.oid, schemaName: schema.name });
}

export function setStatisticsOwner(change: SchemaChange, object: Node | undefined, owner: RoleSpec | undefined): void {
  change.put({ ...ownStatistics(change, namesIn(object)), ownerOid: ownerOf(change, owner) });
}

/** E1, once a statement's changes are known. */
export function dropOrphanedStatistics(change: SchemaChange): void {
  for (const entry of change.catalog.statistics()) {
    const isGone = (oid: number): boolean => change.changes.has(oid) && change.changes.get(oid) === undefined;
    const table = change.changes.get(entry.tableOid);
    const columns = [...entry.attributeNumbers, ...entry.expressions.flatMap(({ attributeNumbers }) => attributeNumbers)];
    const losesColumn = table?.kind === 'table' && columns.some((number) => table.columns[number - 1]?.isDropped === true);
    if (isGone(entry.tableOid) || isGone(entry.schemaOid) || losesColumn) change.drop(entry.oid);
  }
}
