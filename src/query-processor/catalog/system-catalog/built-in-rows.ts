/** pg_type, pg_proc and the other catalogs whose rows are PostgreSQL's own and never change. */
import { aggregateByOid, procsByName } from '#sql/builtins.ts';
import { dsqlProcs } from '#sql/functions/dsql.ts';
import { oid } from '#sql/oids.ts';
import { pgAggregates } from '#sql/postgres/pg-aggregate.ts';
import { pgCasts } from '#sql/postgres/pg-cast.ts';
import { pgAmops, pgOpclasses } from '#sql/postgres/pg-opclass.ts';
import { pgOperators } from '#sql/postgres/pg-operator.ts';
import { pgProcs } from '#sql/postgres/pg-proc.ts';
import { pgTypes } from '#sql/postgres/pg-type.ts';
import type { TypeRef } from '#sql/type.ts';
import type { Run } from '../../executor/operator.ts';
import { informationSchemaOid, pgCatalogOid, sysSchemaOid } from '../catalog.ts';
import { inputArguments, type Proc, procOf } from '../function-proc.ts';
import { collations } from '../name-lookup.ts';
import { bootstrapRoleOid } from '../privileges/predefined-roles.ts';
import { functionObject, storedAcl } from '../privileges/secured-object.ts';
import { rowTypeRows } from './catalog-type-rows.ts';
import { domainTypes } from './domain-rows.ts';
import { functionBodyText } from './function-text.ts';
import { collationOf } from './relation-rows.ts';
import { aclDatum } from './role-rows.ts';
import { arrayOf, oidvector, type RowMaker, type RowMakers, type SystemRow } from './row-maker.ts';
import { sessionOf } from './view-text.ts';

/** Made once: these catalogs are the same for everyone, always. */
function fixed(make: () => Iterable<SystemRow>): RowMaker {
  let rows: readonly SystemRow[] | undefined;
  return () => {
    rows ??= [...make()];
    return rows;
  };
}

const procOid = (name: string): number => (name === '' || name === '-' ? 0 : (procsByName(name)[0]?.oid ?? 0));

function* types(): Iterable<SystemRow> {
  for (const type of pgTypes)
    yield {
      oid: type.oid,
      typname: type.name,
      typnamespace: pgCatalogOid,
      typowner: bootstrapRoleOid,
      typlen: type.length,
      typbyval: type.byValue,
      typtype: type.kind,
      typcategory: type.category,
      typispreferred: type.preferred,
      typisdefined: true,
      typdelim: type.delimiter,
      typrelid: type.relationOid,
      typsubscript: type.category === 'A' && type.elementOid !== 0 ? procOid('array_subscript_handler') : 0,
      typelem: type.elementOid,
      typarray: type.arrayOid,
      typinput: procOid(type.input),
      typoutput: procOid(type.output),
      typreceive: procOid(type.receive),
      typsend: procOid(type.send),
      typmodin: procOid(`${type.name}typmodin`),
      typmodout: procOid(`${type.name}typmodout`),
      typanalyze: 0,
      typalign: type.align,
      typstorage: type.storage,
      typnotnull: false,
      typbasetype: 0,
      typtypmod: -1,
      typndims: 0,
      typcollation: collationOf(type.oid),
    };
}

const builtInTypes = fixed(types);

function* allTypes(run: Run): Iterable<SystemRow> {
  const rows = [...builtInTypes(run)];
  yield* rows;
  yield* domainTypes(run, rows);
  const like = (typeOid: number): SystemRow => rows.find((row) => row.oid === typeOid) ?? {};
  yield* rowTypeRows(run, like(oid.record), like(oid.recordArray));
}

const languages: Readonly<Record<string, number>> = { internal: 12, c: 13, sql: 14 };

const namespaces: Readonly<Record<string, number>> = {
  pg_catalog: pgCatalogOid,
  information_schema: informationSchemaOid,
  sys: sysSchemaOid,
};

const procRow = (proc: Proc): SystemRow => ({
  oid: proc.oid,
  proname: proc.name,
  pronamespace: namespaces[proc.schema] ?? pgCatalogOid,
  proowner: bootstrapRoleOid,
  prolang: languages[proc.language] ?? 12,
  procost: 1,
  prorows: proc.returnsSet ? 1000 : 0,
  provariadic: proc.variadic,
  prosupport: 0,
  prokind: proc.kind,
  prosecdef: false,
  proleakproof: proc.leakproof,
  proisstrict: proc.strict,
  proretset: proc.returnsSet,
  provolatile: proc.volatility,
  proparallel: 's',
  pronargs: proc.argTypes.length,
  pronargdefaults: proc.defaults,
  prorettype: proc.returnType,
  proargtypes: oidvector(proc.argTypes),
  proallargtypes: proc.allArgTypes === undefined ? null : arrayOf(oid.oid, proc.allArgTypes),
  proargmodes: proc.argModes === undefined ? null : arrayOf(oid.char, [...proc.argModes]),
  proargnames: proc.argNames === undefined ? null : arrayOf(oid.text, proc.argNames),
  proargdefaults: proc.defaultExpressions ?? null,
  prosrc: proc.source,
  prosqlbody: proc.sqlBody ?? null,
});

function* builtInProcs(): Iterable<SystemRow> {
  for (const proc of [...pgProcs, ...dsqlProcs]) yield procRow(proc);
}

const fixedProcs = fixed(builtInProcs);

/** Users' functions behind the built-in ones. */
function* procs(run: Run): Iterable<SystemRow> {
  yield* fixedProcs(run);
  for (const descriptor of run.catalog.functions()) {
    const { args, parallel, settings } = descriptor;
    yield {
      ...procRow(procOf(descriptor)),
      pronamespace: descriptor.schemaOid,
      proowner: descriptor.ownerOid,
      prolang: languages.sql,
      procost: descriptor.cost,
      prorows: descriptor.rows,
      prosecdef: descriptor.isSecurityDefiner,
      proparallel: parallel,
      prorettype: shownType(descriptor.returnType),
      proargtypes: oidvector(inputArguments(descriptor).map(({ type }) => shownType(type))),
      proallargtypes: args.every(({ mode }) => mode === 'i')
        ? null
        : arrayOf(
            oid.oid,
            args.map(({ type }) => shownType(type)),
          ),
      proconfig: settings.length === 0 ? null : arrayOf(oid.text, settings),
      proacl: aclDatum(run.catalog, storedAcl(run.catalog, functionObject(descriptor))),
      prosqlbody: descriptor.body === undefined ? null : functionBodyText(sessionOf(run), descriptor),
    };
  }
}

const shownType = (type: TypeRef): number => type.domain ?? type.oid;

function* operators(): Iterable<SystemRow> {
  for (const operator of pgOperators)
    yield {
      oid: operator.oid,
      oprname: operator.name,
      oprnamespace: pgCatalogOid,
      oprowner: bootstrapRoleOid,
      oprkind: operator.kind,
      oprcanmerge: operator.canMerge,
      oprcanhash: operator.canHash,
      oprleft: operator.left,
      oprright: operator.right,
      oprresult: operator.result,
      oprcom: operator.commutator,
      oprnegate: operator.negator,
      oprcode: operator.function,
      oprrest: 0,
      oprjoin: 0,
    };
}

function* casts(): Iterable<SystemRow> {
  for (const cast of pgCasts)
    yield {
      oid: cast.oid,
      castsource: cast.source,
      casttarget: cast.target,
      castfunc: cast.function,
      castcontext: cast.context,
      castmethod: cast.method,
    };
}

function* aggregates(): Iterable<SystemRow> {
  for (const { function: aggfnoid } of pgAggregates) {
    const facts = aggregateByOid(aggfnoid);
    yield {
      aggfnoid,
      aggkind: facts?.kind ?? 'n',
      aggnumdirectargs: facts?.directArgs ?? 0,
      aggtransfn: 0,
      aggfinalfn: 0,
      aggcombinefn: 0,
      aggserialfn: 0,
      aggdeserialfn: 0,
      aggmtransfn: 0,
      aggminvtransfn: 0,
      aggmfinalfn: 0,
      aggfinalextra: false,
      aggmfinalextra: false,
      aggfinalmodify: 'r',
      aggmfinalmodify: 'r',
      aggsortop: 0,
      aggtranstype: facts?.transitionType ?? 0,
      aggtransspace: 0,
      aggmtranstype: 0,
      aggmtransspace: 0,
      agginitval: facts?.initialValue ?? null,
    };
  }
}

const methods: Readonly<Record<string, number>> = { btree: 403, hash: 405 };

function* opclasses(): Iterable<SystemRow> {
  for (const opclass of pgOpclasses)
    yield {
      oid: opclass.oid,
      opcmethod: methods[opclass.method],
      opcname: opclass.name,
      opcnamespace: pgCatalogOid,
      opcowner: bootstrapRoleOid,
      opcfamily: opclass.family,
      opcintype: opclass.inputType,
      opcdefault: opclass.isDefault,
      opckeytype: 0,
    };
}

function* opfamilies(): Iterable<SystemRow> {
  const seen = new Set<number>();
  for (const opclass of pgOpclasses) {
    if (seen.has(opclass.family)) continue;
    seen.add(opclass.family);
    yield {
      oid: opclass.family,
      opfmethod: methods[opclass.method],
      opfname: opclass.name,
      opfnamespace: pgCatalogOid,
      opfowner: bootstrapRoleOid,
    };
  }
}

function* amops(): Iterable<SystemRow> {
  let at = 0;
  for (const amop of pgAmops)
    yield {
      oid: 20_000_000 + at++,
      amopfamily: amop.family,
      amoplefttype: amop.left,
      amoprighttype: amop.right,
      amopstrategy: amop.strategy,
      amoppurpose: 's',
      amopopr: amop.operator,
      amopmethod: methods[amop.method],
      amopsortfamily: 0,
    };
}

function* collationRows(): Iterable<SystemRow> {
  for (const [name, collation] of collations)
    yield {
      oid: collation,
      collname: name,
      collnamespace: pgCatalogOid,
      collowner: bootstrapRoleOid,
      collprovider: name === 'default' ? 'd' : 'c',
      collisdeterministic: true,
      collencoding: name === 'ucs_basic' ? 6 : -1,
      collcollate: name === 'default' ? null : 'C',
      collctype: name === 'default' ? null : 'C',
    };
}

const language = (languageOid: number, name: string, isTrusted: boolean): SystemRow => ({
  oid: languageOid,
  lanname: name,
  lanowner: bootstrapRoleOid,
  lanispl: false,
  lanpltrusted: isTrusted,
  lanplcallfoid: 0,
  laninline: 0,
  lanvalidator: 0,
});

export const builtInRows: RowMakers = {
  pg_type: allTypes,
  pg_proc: procs,
  pg_operator: fixed(operators),
  pg_cast: fixed(casts),
  pg_aggregate: fixed(aggregates),
  pg_opclass: fixed(opclasses),
  pg_opfamily: fixed(opfamilies),
  pg_amop: fixed(amops),
  pg_collation: fixed(collationRows),
  pg_language: fixed(() => [language(12, 'internal', false), language(13, 'c', false), language(14, 'sql', true)]),
};
