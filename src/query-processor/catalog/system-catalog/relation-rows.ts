/** pg_class, pg_attribute and the other catalogs that tell of relations. */
import { btreeOperator } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { pgOpclasses } from '#sql/postgres/pg-opclass.ts';
import { pgTypes } from '#sql/postgres/pg-type.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { rowTypeOf } from '#sql/types/catalog-types.ts';
import type { Run } from '../../executor/operator.ts';
import { commentClasses, publicOid } from '../catalog.ts';
import type { ForeignKeyDescriptor, IndexDescriptor, RelationDescriptor, TableDescriptor, ViewDescriptor } from '../descriptors.ts';
import type { LoadedCatalog } from '../loaded-catalog.ts';
import { relationObject, schemaObject, storedAcl, storedColumnAcl } from '../privileges/secured-object.ts';
import { actionNames, constraintsOf, includedByPrimaryKey, indexDefinition } from './definitions.ts';
import { domainConstraints, ofNoForeignKey } from './domain-rows.ts';
import { aclDatum } from './role-rows.ts';
import { arrayOf, everyRelation, int2vector, oidvector, type RowMakers, roleName, type SystemRow, storedTables } from './row-maker.ts';
import { pgStats, pgStatTables, sizesOf } from './statistics-facts.ts';
import { isSystemView } from './system-tables.ts';
import { optionTexts } from './view-facts.ts';
import { sessionOf, viewText } from './view-text.ts';

const isDsql = (run: Run): boolean => run.context.settings.profile === 'dsql';
const tableMethod = 8600;
const indexMethod = 403;

function classRow(values: SystemRow): SystemRow {
  return {
    reltype: values.relkind === 'r' || values.relkind === 'v' ? rowTypeOf(Number(values.oid)) : 0,
    reloftype: 0,
    relam: 0,
    relfilenode: values.oid,
    reltablespace: 0,
    relpages: 0,
    reltuples: -1,
    relallvisible: 0,
    reltoastrelid: 0,
    relhasindex: false,
    relisshared: false,
    relpersistence: Number(values.oid) >= firstTemporaryOid ? 't' : 'p',
    relchecks: 0,
    relhasrules: false,
    relhastriggers: false,
    relhassubclass: false,
    relrowsecurity: false,
    relforcerowsecurity: false,
    relispopulated: true,
    relreplident: 'd',
    relispartition: false,
    relrewrite: 0,
    relfrozenxid: 0,
    relminmxid: 0,
    ...values,
  };
}

function viewClassRow(common: SystemRow, view: ViewDescriptor): SystemRow {
  const options = optionTexts(view);
  return classRow({
    ...common,
    relkind: 'v',
    relnatts: view.columns.length,
    relhasrules: true,
    reloptions: options === undefined ? null : arrayOf(oid.text, options),
  });
}

/** The rule that makes a view; its oid is the view's, which no other rule has. */
function* pgRewrite(run: Run): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog))
    if (relation.kind === 'view')
      yield {
        oid: relation.oid,
        rulename: '_RETURN',
        ev_class: relation.oid,
        ev_type: '1',
        ev_enabled: 'O',
        is_instead: true,
        ev_qual: '<>',
        ev_action: relation.definition,
      };
}

function* pgClass(run: Run): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog)) {
    const common = {
      oid: relation.oid,
      relname: relation.name,
      relnamespace: relation.schemaOid,
      relowner: relation.ownerOid,
      relacl: aclDatum(run.catalog, storedAcl(run.catalog, relationObject(relation))),
    };
    if (relation.kind === 'view') yield viewClassRow(common, relation);
    else if (relation.kind === 'sequence') yield classRow({ ...common, relkind: 'S', relnatts: 3 });
    else {
      const isView = relation.kind === 'system' && isSystemView(relation.oid);
      yield classRow({
        ...common,
        relkind: isView ? 'v' : 'r',
        relnatts: relation.columns.length,
        relam: isView ? 0 : tableMethod,
        ...(relation.kind === 'table' ? sizesOf(run, relation) : {}),
        relhasindex: relation.primaryKey !== undefined || relation.indexes.length > 0,
        relchecks: relation.checks.length,
        relhastriggers: hasForeignKeys(run, relation),
        relreplident: relation.kind === 'system' ? 'n' : 'd',
      });
      if (relation.kind === 'table')
        for (const index of indexesOf(relation))
          yield classRow({
            oid: index.oid,
            relname: index.name,
            relnamespace: relation.schemaOid,
            relowner: relation.ownerOid,
            relkind: 'i',
            relnatts: index.attributes.length,
            relam: indexMethod,
            relreplident: 'n',
          });
    }
  }
}

type IndexFacts = {
  readonly oid: number;
  readonly name: string;
  readonly isPrimary: boolean;
  readonly isUnique: boolean;
  readonly nullsNotDistinct: boolean;
  readonly isValid: boolean;
  readonly keyCount: number;
  /** Attribute numbers, included ones last; 0 for expressions. */
  readonly attributes: readonly number[];
  readonly options: readonly number[];
  readonly keyTypes: readonly number[];
  readonly expressions: readonly string[];
  readonly predicate: string | undefined;
  readonly constraintOid: number | undefined;
};

/** Every index of a table, the primary key's first. */
export function indexesOf(table: TableDescriptor, includesRest = false): readonly IndexFacts[] {
  const facts: IndexFacts[] = [];
  const key = table.primaryKey;
  if (key !== undefined) {
    const rest = includesRest ? includedByPrimaryKey(table, key).map((column) => column.attributeNumber) : [];
    facts.push({
      oid: key.indexOid,
      name: key.name,
      isPrimary: true,
      isUnique: true,
      nullsNotDistinct: false,
      isValid: true,
      keyCount: key.attributeNumbers.length,
      attributes: [...key.attributeNumbers, ...rest],
      options: key.attributeNumbers.map(() => 0),
      keyTypes: key.attributeNumbers.map((number) => table.columns[number - 1].type.oid),
      expressions: [],
      predicate: undefined,
      constraintOid: key.constraintOid,
    });
  }
  for (const index of table.indexes) facts.push(factsOf(index));
  return facts;
}

const factsOf = (index: IndexDescriptor): IndexFacts => ({
  oid: index.oid,
  name: index.name,
  isPrimary: false,
  isUnique: index.isUnique,
  nullsNotDistinct: index.nullsNotDistinct,
  isValid: index.state === 'valid',
  keyCount: index.keys.length,
  attributes: [...index.keys.map((key) => key.attributeNumber), ...index.included],
  options: index.keys.map((key) => (key.descending ? 1 : 0) | (key.nullsFirst ? 2 : 0)),
  keyTypes: index.keys.map((key) => key.type.oid),
  expressions: index.keys.flatMap((key) => key.expressionText ?? []),
  predicate: index.predicateText,
  constraintOid: index.constraintOid,
});

let typeFacts: ReadonlyMap<number, (typeof pgTypes)[number]> | undefined;
const typeOf = (typeOid: number) => {
  typeFacts ??= new Map(pgTypes.map((type) => [type.oid, type]));
  return typeFacts.get(typeOid);
};

/** Types whose values have a collation. */
const collatable = new Set<number>([oid.text, oid.varchar, oid.bpchar, oid.textArray, 1014, 1015]);
export const collationOf = (typeOid: number): number =>
  typeOid === oid.name || typeOid === oid.nameArray ? 950 : collatable.has(typeOid) ? 100 : 0;

function attributeRow(relationOid: number, number: number, name: string, typeOid: number, typmod: number, more: SystemRow): SystemRow {
  const type = typeOf(typeOid);
  return {
    attrelid: relationOid,
    attname: name,
    atttypid: typeOid,
    attlen: type?.length ?? -1,
    attnum: number,
    attcacheoff: -1,
    atttypmod: typmod,
    attndims: type?.category === 'A' ? 1 : 0,
    attbyval: type?.byValue ?? false,
    attalign: type?.align ?? 'i',
    attstorage: type?.storage ?? 'p',
    attcompression: '',
    attnotnull: false,
    atthasdef: false,
    atthasmissing: false,
    attidentity: '',
    attgenerated: '',
    attisdropped: false,
    attislocal: true,
    attinhcount: 0,
    attstattarget: -1,
    attcollation: collationOf(typeOid),
    ...more,
  };
}

const columnAclDatum = (run: Run, relationOid: number, attributeNumber: number): Datum =>
  aclDatum(run.catalog, storedColumnAcl(run.catalog, relationOid, attributeNumber));

function* pgAttribute(run: Run): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog)) {
    if (relation.kind === 'sequence') {
      const columns: readonly (readonly [string, number])[] = [
        ['last_value', oid.int8],
        ['log_cnt', oid.int8],
        ['is_called', oid.bool],
      ];
      for (let at = 0; at < columns.length; at++)
        yield attributeRow(relation.oid, at + 1, columns[at][0], columns[at][1], -1, { attnotnull: true });
      continue;
    }
    if (relation.kind === 'view') {
      for (let at = 0; at < relation.columns.length; at++) {
        const { name, type, defaultText } = relation.columns[at];
        const attacl = columnAclDatum(run, relation.oid, at + 1);
        yield attributeRow(relation.oid, at + 1, name, type.domain ?? type.oid, type.domain === undefined ? type.typmod : -1, {
          atthasdef: defaultText !== undefined,
          attacl,
        });
      }
      continue;
    }
    for (const column of relation.columns)
      yield attributeRow(
        relation.oid,
        column.attributeNumber,
        column.name,
        column.isDropped ? 0 : (column.type.domain ?? column.type.oid),
        column.type.domain === undefined ? column.type.typmod : -1,
        {
          attnotnull: column.notNull,
          atthasdef: column.defaultText !== undefined,
          atthasmissing: column.missingText !== undefined,
          attidentity: column.identity === 'always' ? 'a' : column.identity === 'byDefault' ? 'd' : '',
          attgenerated: column.generated === 'stored' ? 's' : '',
          ...(column.type.domain !== undefined && !column.isDropped && { attstorage: typeOf(column.type.oid)?.storage ?? 'p' }),
          attisdropped: column.isDropped,
          attacl: columnAclDatum(run, relation.oid, column.attributeNumber),
        },
      );
    if (relation.kind !== 'table') continue;
    for (const index of indexesOf(relation, isDsql(run))) {
      let expression = 0;
      for (let at = 0; at < index.attributes.length; at++) {
        const column = relation.columns[index.attributes[at] - 1];
        const typeOid = column?.type.oid ?? index.keyTypes[at];
        expression += column === undefined ? 1 : 0;
        yield attributeRow(
          index.oid,
          at + 1,
          column?.name ?? (expression === 1 ? 'expr' : `expr${expression - 1}`),
          typeOid,
          column?.type.typmod ?? -1,
          {},
        );
      }
    }
  }
}

const defaultOpclass = new Map<number, number>();
function opclassOf(typeOid: number): number {
  if (defaultOpclass.size === 0)
    for (const opclass of pgOpclasses)
      if (opclass.method === 'btree' && opclass.isDefault) defaultOpclass.set(opclass.inputType, opclass.oid);
  return defaultOpclass.get(typeOid) ?? defaultOpclass.get(oid.text) ?? 0;
}

function* pgIndex(run: Run): Iterable<SystemRow> {
  for (const table of storedTables(run.catalog))
    for (const index of indexesOf(table, isDsql(run)))
      yield {
        indexrelid: index.oid,
        indrelid: table.oid,
        indnatts: index.attributes.length,
        indnkeyatts: index.keyCount,
        indisunique: index.isUnique,
        indnullsnotdistinct: index.nullsNotDistinct,
        indisprimary: index.isPrimary,
        indisexclusion: false,
        indimmediate: true,
        indisclustered: false,
        indisvalid: index.isValid,
        indcheckxmin: false,
        indisready: true,
        indislive: true,
        indisreplident: false,
        indkey: int2vector(index.attributes),
        indcollation: oidvector(index.keyTypes.map(collationOf)),
        indclass: oidvector(index.keyTypes.map(opclassOf)),
        indoption: int2vector(index.options),
        indexprs: index.expressions.length === 0 ? null : index.expressions.join(', '),
        indpred: index.predicate ?? null,
      };
}

function* pgConstraint(run: Run): Iterable<SystemRow> {
  yield* domainConstraints(run);
  for (const table of storedTables(run.catalog))
    for (const constraint of constraintsOf(table))
      yield {
        oid: constraint.oid,
        conname: constraint.name,
        connamespace: table.schemaOid,
        contype: constraint.type,
        condeferrable: false,
        condeferred: false,
        convalidated: constraint.isValidated,
        conrelid: table.oid,
        contypid: 0,
        conindid: constraint.indexOid,
        ...ofNoForeignKey,
        connoinherit: constraint.type !== 'c',
        conkey: arrayOf(oid.int2, constraint.attributeNumbers),
        conbin: constraint.type === 'c' ? constraint.text.replace(/^CHECK \((.*)\)( NOT VALID)?$/s, '$1') : null,
        ...(constraint.foreignKey === undefined ? {} : foreignKeyFacts(run, table, constraint.foreignKey)),
      };
}

function foreignKeyFacts(run: Run, table: TableDescriptor, foreignKey: ForeignKeyDescriptor): SystemRow {
  const parent = run.catalog.relationByOid(foreignKey.parentOid);
  const typesOf = (relation: RelationDescriptor | undefined, numbers: readonly number[]): readonly number[] =>
    relation?.kind === 'table' ? numbers.map((number) => relation.columns[number - 1].type.oid) : [];
  const child = typesOf(table, foreignKey.attributeNumbers);
  const parents = typesOf(parent, foreignKey.parentAttributeNumbers);
  const equalities = (left: readonly number[], right: readonly number[]): Datum =>
    arrayOf(
      oid.oid,
      left.map((type, at) => equality(type, right[at])),
    );
  return {
    condeferrable: foreignKey.isDeferrable,
    condeferred: foreignKey.isInitiallyDeferred,
    confrelid: foreignKey.parentOid,
    confupdtype: actionNames[foreignKey.onUpdate].letter,
    confdeltype: actionNames[foreignKey.onDelete].letter,
    confmatchtype: foreignKey.match === 'full' ? 'f' : 's',
    confkey: arrayOf(oid.int2, foreignKey.parentAttributeNumbers),
    conpfeqop: equalities(parents, child),
    conppeqop: equalities(parents, parents),
    conffeqop: equalities(child, child),
    confdelsetcols: foreignKey.setOnDelete === undefined ? null : arrayOf(oid.int2, foreignKey.setOnDelete),
  };
}

/** The = between two types; where they are of different families, that of the left, which the right is cast to. */
function equality(left: number, right: number): number {
  const base = left === oid.varchar ? oid.text : left;
  return btreeOperator(base, right, 3) ?? btreeOperator(base, base, 3) ?? 0;
}

/** Foreign keys are triggers to PostgreSQL: clients ask for them only where a table is said to have some. */
const hasForeignKeys = (run: Run, relation: TableDescriptor): boolean =>
  relation.foreignKeys.length > 0 || run.catalog.referencesTo(relation.oid).length > 0;

/** A made-up oid for a default: catalog rows of defaults have none of their own. */
export const defaultOid = (table: TableDescriptor, attributeNumber: number): number => 0x4000_0000 + table.oid * 1600 + attributeNumber;

function* pgAttrdef(run: Run): Iterable<SystemRow> {
  for (const table of storedTables(run.catalog))
    for (const column of table.columns)
      if (column.defaultText !== undefined)
        yield {
          oid: defaultOid(table, column.attributeNumber),
          adrelid: table.oid,
          adnum: column.attributeNumber,
          adbin: column.defaultText,
        };
}

function* pgNamespace(run: Run): Iterable<SystemRow> {
  for (const schema of run.catalog.schemas())
    yield {
      oid: schema.oid,
      nspname: schema.name,
      nspowner: schema.ownerOid,
      nspacl: aclDatum(run.catalog, storedAcl(run.catalog, schemaObject(schema))),
    };
}

function* pgTables(run: Run): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog)) {
    if (relation.kind !== 'table' && (relation.kind !== 'system' || isSystemView(relation.oid))) continue;
    yield {
      schemaname: relation.schemaName,
      tablename: relation.name,
      tableowner: roleName(run.catalog, relation.ownerOid),
      hasindexes: relation.primaryKey !== undefined || relation.indexes.length > 0,
      hasrules: false,
      hastriggers: hasForeignKeys(run, relation),
      rowsecurity: false,
    };
  }
}

function* pgViews(run: Run): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog))
    if (relation.kind === 'view' || (relation.kind === 'system' && isSystemView(relation.oid)))
      yield {
        schemaname: relation.schemaName,
        viewname: relation.name,
        viewowner: roleName(run.catalog, relation.ownerOid),
        definition: relation.kind === 'view' ? viewText(sessionOf(run), relation, false) : null,
      };
}

/** Statements run over the node's own kind of catalog. */
export const loaded = (run: Run): LoadedCatalog => run.catalog as LoadedCatalog;

function* pgIndexes(run: Run): Iterable<SystemRow> {
  for (const table of storedTables(run.catalog))
    for (const index of indexesOf(table))
      yield {
        schemaname: table.schemaName,
        tablename: table.name,
        indexname: index.name,
        indexdef: indexDefinition(loaded(run), index.oid, 0, run.context.settings.profile) ?? null,
      };
}

function* pgSequence(run: Run): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog))
    if (relation.kind === 'sequence')
      yield {
        seqrelid: relation.oid,
        seqtypid: oid.int8,
        seqstart: integer(relation.start),
        seqincrement: integer(relation.increment),
        seqmax: integer(relation.maximum),
        seqmin: integer(relation.minimum),
        seqcache: integer(relation.cache),
        seqcycle: relation.cycle,
      };
}

export function integer(text: string): Datum {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function* descriptions(run: Run, ofShared: boolean): Iterable<SystemRow> {
  // initdb's, which tells pg_dump that nobody has changed it.
  if (!ofShared && !run.catalog.comments().some((entry) => entry.objectOid === publicOid && entry.subId === 0))
    yield { objoid: publicOid, classoid: commentClasses.pg_namespace, objsubid: 0, description: 'standard public schema' };
  for (const { classOid, objectOid, subId, text } of run.catalog.comments())
    if ((classOid === commentClasses.pg_authid) === ofShared)
      yield { objoid: objectOid, classoid: classOid, objsubid: subId, description: text };
}

export const relationRows: RowMakers = {
  pg_class: pgClass,
  pg_attribute: pgAttribute,
  pg_index: pgIndex,
  pg_constraint: pgConstraint,
  pg_attrdef: pgAttrdef,
  pg_namespace: pgNamespace,
  pg_description: (run) => descriptions(run, false),
  pg_shdescription: (run) => descriptions(run, true),
  pg_tables: pgTables,
  pg_views: pgViews,
  pg_rewrite: pgRewrite,
  pg_indexes: pgIndexes,
  pg_sequence: pgSequence,
  pg_stats: pgStats,
  pg_stat_all_tables: pgStatTables,
  pg_stat_user_tables: pgStatTables,
};
