/** Definitions as SQL text: what pg_get_indexdef, pg_get_constraintdef and the views over them print. */
import type { Profile } from '#sql/settings.ts';
import type { NameLookup } from '#sql/type.ts';
import type {
  ColumnDescriptor,
  ForeignKeyAction,
  ForeignKeyDescriptor,
  IndexDescriptor,
  PrimaryKeyDescriptor,
  TableDescriptor,
} from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import type { LoadedCatalog } from '../loaded-catalog.ts';
import { domainConstraintText } from './domain-rows.ts';

const columnName = (table: TableDescriptor, attributeNumber: number): string => quoteIdentifier(table.columns[attributeNumber - 1].name);

const columnNames = (table: TableDescriptor, attributeNumbers: readonly number[]): string =>
  attributeNumbers.map((number) => columnName(table, number)).join(', ');

/** The key of an index as it stands in parentheses. */
function keyText(table: TableDescriptor, key: IndexDescriptor['keys'][number], withOrder: boolean): string {
  const expression = key.expressionText;
  const name = expression === undefined ? columnName(table, key.attributeNumber) : expressionInList(expression);
  if (!withOrder) return name;
  const nulls = key.nullsFirst === key.descending ? '' : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
  return `${name}${key.descending ? ' DESC' : ''}${nulls}`;
}

/** As an index lists it: a call as it is, anything else in parentheses. */
export const expressionInList = (expression: string): string =>
  /^[a-z_][\w.]*\(.*\)$/i.test(expression) && !/^\(/.test(expression) && isOneCall(expression) ? expression : `(${expression})`;

/** True when the parenthesis that a call opens is closed by its last character. */
function isOneCall(expression: string): boolean {
  let depth = 0;
  for (let at = 0; at < expression.length; at++) {
    if (expression[at] === '(') depth++;
    else if (expression[at] === ')' && --depth === 0) return at === expression.length - 1;
  }
  return false;
}

/** Columns of a stored table that are not in its key: DSQL's primary keys include them all. */
export const includedByPrimaryKey = (table: TableDescriptor, key: PrimaryKeyDescriptor): readonly ColumnDescriptor[] =>
  table.columns.filter((column) => !column.isDropped && !key.attributeNumbers.includes(column.attributeNumber));

/** `column` 0: the whole statement; n: the n-th key column alone. undefined when there is no such index. */
export function indexDefinition(catalog: LoadedCatalog, oid: number, column: number, profile: Profile): string | undefined {
  const place = catalog.indexByOid(oid);
  const table = place === undefined ? undefined : catalog.relationByOid(place.tableOid);
  if (table?.kind !== 'table') return undefined;
  const method = profile === 'dsql' ? 'btree_index' : 'btree';
  const target = `${quoteIdentifier(table.schemaName)}.${quoteIdentifier(table.name)} USING ${method}`;
  const key = table.primaryKey;
  if (key?.indexOid === oid) {
    if (column > 0) return column > key.attributeNumbers.length ? '' : columnName(table, key.attributeNumbers[column - 1]);
    const included = profile === 'dsql' ? includedByPrimaryKey(table, key) : [];
    const include = included.length === 0 ? '' : ` INCLUDE (${included.map((entry) => quoteIdentifier(entry.name)).join(', ')})`;
    return `CREATE UNIQUE INDEX ${quoteIdentifier(key.name)} ON ${target} (${columnNames(table, key.attributeNumbers)})${include}`;
  }
  const index = table.indexes.find((entry) => entry.oid === oid);
  if (index === undefined) return undefined;
  if (column > 0) {
    if (column <= index.keys.length) return keyText(table, index.keys[column - 1], false);
    const included = index.included[column - index.keys.length - 1];
    return included === undefined ? '' : columnName(table, included);
  }
  const keys = index.keys.map((entry) => keyText(table, entry, true)).join(', ');
  const include = index.included.length === 0 ? '' : ` INCLUDE (${columnNames(table, index.included)})`;
  const nulls = index.nullsNotDistinct ? ' NULLS NOT DISTINCT' : '';
  const where = index.predicateText === undefined ? '' : ` WHERE ${parenthesized(index.predicateText)}`;
  return `CREATE ${index.isUnique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(index.name)} ON ${target} (${keys})${include}${nulls}${where}`;
}

export const parenthesized = (expression: string): string => {
  if (expression.startsWith('(')) {
    let depth = 0;
    for (let at = 0; at < expression.length; at++) {
      if (expression[at] === '(') depth++;
      else if (expression[at] === ')' && --depth === 0) {
        if (at === expression.length - 1) return expression;
        break;
      }
    }
  }
  return `(${expression})`;
};

export type ConstraintRow = {
  readonly oid: number;
  readonly name: string;
  readonly table: TableDescriptor;
  readonly type: 'c' | 'p' | 'u' | 'f';
  readonly attributeNumbers: readonly number[];
  readonly indexOid: number;
  readonly isValidated: boolean;
  readonly foreignKey: ForeignKeyDescriptor | undefined;
  /** The definition; of a foreign key `foreignKeyDefinition`, which depends on what names are visible. */
  readonly text: string;
};

/** Every constraint of a table but NOT NULL, which PostgreSQL 16 keeps in pg_attribute alone. */
export function constraintsOf(table: TableDescriptor): readonly ConstraintRow[] {
  const rows: ConstraintRow[] = [];
  const key = table.primaryKey;
  if (key !== undefined)
    rows.push({
      oid: key.constraintOid,
      name: key.name,
      table,
      type: 'p',
      attributeNumbers: key.attributeNumbers,
      indexOid: key.indexOid,
      isValidated: true,
      foreignKey: undefined,
      text: `PRIMARY KEY (${columnNames(table, key.attributeNumbers)})`,
    });
  for (const index of table.indexes) {
    if (index.constraintOid === undefined) continue;
    const attributeNumbers = index.keys.map((entry) => entry.attributeNumber);
    const include = index.included.length === 0 ? '' : ` INCLUDE (${columnNames(table, index.included)})`;
    const nulls = index.nullsNotDistinct ? ' NULLS NOT DISTINCT' : '';
    rows.push({
      oid: index.constraintOid,
      name: index.name,
      table,
      type: 'u',
      attributeNumbers,
      indexOid: index.oid,
      isValidated: true,
      foreignKey: undefined,
      text: `UNIQUE${nulls} (${columnNames(table, attributeNumbers)})${include}`,
    });
  }
  for (const check of table.checks)
    rows.push({
      oid: check.constraintOid,
      name: check.name,
      table,
      type: 'c',
      attributeNumbers: [],
      indexOid: 0,
      isValidated: check.isValidated,
      foreignKey: undefined,
      text: `CHECK (${parenthesized(check.text)})${check.isValidated ? '' : ' NOT VALID'}`,
    });
  for (const foreignKey of table.foreignKeys)
    rows.push({
      oid: foreignKey.constraintOid,
      name: foreignKey.name,
      table,
      type: 'f',
      attributeNumbers: foreignKey.attributeNumbers,
      indexOid: foreignKey.parentIndexOid,
      isValidated: foreignKey.isValidated,
      foreignKey,
      text: '',
    });
  return rows;
}

/** How the standard and PostgreSQL's catalog name an action. */
export const actionNames: Readonly<Record<ForeignKeyAction, { readonly rule: string; readonly letter: string }>> = {
  noAction: { rule: 'NO ACTION', letter: 'a' },
  restrict: { rule: 'RESTRICT', letter: 'r' },
  cascade: { rule: 'CASCADE', letter: 'c' },
  setNull: { rule: 'SET NULL', letter: 'n' },
  setDefault: { rule: 'SET DEFAULT', letter: 'd' },
};

function foreignKeyDefinition(catalog: LoadedCatalog, names: NameLookup, table: TableDescriptor, foreignKey: ForeignKeyDescriptor): string {
  const parent = catalog.relationByOid(foreignKey.parentOid);
  if (parent?.kind !== 'table') return '';
  const set = foreignKey.setOnDelete === undefined ? '' : ` (${columnNames(table, foreignKey.setOnDelete)})`;
  return [
    `FOREIGN KEY (${columnNames(table, foreignKey.attributeNumbers)}) REFERENCES ${names.nameOf('class', parent.oid) ?? ''}(${columnNames(parent, foreignKey.parentAttributeNumbers)})`,
    foreignKey.match === 'full' ? ' MATCH FULL' : '',
    foreignKey.onUpdate === 'noAction' ? '' : ` ON UPDATE ${actionNames[foreignKey.onUpdate].rule}`,
    foreignKey.onDelete === 'noAction' ? '' : ` ON DELETE ${actionNames[foreignKey.onDelete].rule}${set}`,
    foreignKey.isDeferrable ? ' DEFERRABLE' : '',
    foreignKey.isInitiallyDeferred ? ' INITIALLY DEFERRED' : '',
    foreignKey.isValidated ? '' : ' NOT VALID',
  ].join('');
}

export function constraintDefinition(catalog: LoadedCatalog, names: NameLookup, oid: number): string | undefined {
  for (const table of catalog.tables())
    for (const row of constraintsOf(table)) {
      if (row.oid !== oid) continue;
      return row.foreignKey === undefined ? row.text : foreignKeyDefinition(catalog, names, table, row.foreignKey);
    }
  return domainConstraintText(catalog, oid);
}
