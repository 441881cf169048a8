/** information_schema's routines, parameters and grants on them: those that who asks owns or may call. */
import { pgProcs } from '#sql/postgres/pg-proc.ts';
import { pgTypes } from '#sql/postgres/pg-type.ts';
import { privilege } from '#sql/privilege.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import type { Run } from '../../executor/operator.ts';
import type { FunctionDescriptor } from '../descriptors.ts';
import { type Proc, procOf } from '../function-proc.ts';
import type { Acl } from '../privileges/acl.ts';
import { bootstrapRoleOid } from '../privileges/predefined-roles.ts';
import { aclOf, functionObject, privilegesOn, type SecuredObject } from '../privileges/secured-object.ts';
import { functionDefaultText } from './function-text.ts';
import { type Audience, grants } from './privilege-rows.ts';
import type { RowMaker, RowMakers, SystemRow } from './row-maker.ts';
import { currentRole } from './shown-relations.ts';
import { sessionOf } from './view-text.ts';

type Routine = { readonly proc: Proc; readonly descriptor: FunctionDescriptor | undefined; readonly object: SecuredObject };

function* routinesOf(run: Run): Iterable<Routine> {
  for (const proc of pgProcs) yield { proc, descriptor: undefined, object: builtInObject(proc) };
  for (const descriptor of run.catalog.functions()) yield { proc: procOf(descriptor), descriptor, object: functionObject(descriptor) };
}

const builtInObject = (proc: Proc): SecuredObject => ({
  kind: 'function',
  classOid: 0,
  oid: proc.oid,
  name: proc.name,
  ownerOid: bootstrapRoleOid,
  title: 'function',
  isSystem: true,
});

const owns = (run: Run, { object }: Routine): boolean => run.catalog.roleGraph.hasPrivilegesOf(currentRole(run), object.ownerOid);

/** Names of 63 characters at most, the oid whole. */
const specificName = ({ proc }: Routine): string => `${proc.name.slice(0, 62 - String(proc.oid).length)}_${proc.oid}`;

const placeOf = (run: Run, routine: Routine): SystemRow => ({
  specific_catalog: run.context.session.database,
  specific_schema: routine.proc.schema,
  specific_name: specificName(routine),
});

const names = new Map(pgTypes.map((type) => [type.oid, type]));

type NamedType = { readonly schema: string; readonly name: string; readonly dataType: string };

function namedType(run: Run, type: TypeRef): NamedType | undefined {
  const domain = type.domain === undefined ? undefined : run.catalog.domainByOid(type.domain);
  if (domain !== undefined) return { schema: domain.schemaName, name: domain.name, dataType: 'USER-DEFINED' };
  const found = names.get(type.oid);
  if (found === undefined) return undefined;
  const isArray = found.elementOid !== 0 && found.length === -1;
  return { schema: 'pg_catalog', name: found.name, dataType: isArray ? 'ARRAY' : formatType(typeRef(type.oid)) };
}

function resultType(run: Run, { proc, descriptor }: Routine): NamedType | undefined {
  const relation = descriptor?.rowOf === undefined ? undefined : run.catalog.relationByOid(descriptor.rowOf);
  if (relation !== undefined) return { schema: relation.schemaName, name: relation.name, dataType: 'USER-DEFINED' };
  return namedType(run, descriptor?.returnType ?? typeRef(proc.returnType));
}

const languageNames: Readonly<Record<string, string>> = { internal: 'INTERNAL', c: 'C', sql: 'SQL' };
const kinds: Readonly<Record<string, string>> = { f: 'FUNCTION', p: 'PROCEDURE' };
const yesNo = (is: boolean): string => (is ? 'YES' : 'NO');

function* shownRoutines(run: Run): Iterable<Routine> {
  const own = currentRole(run);
  for (const routine of routinesOf(run))
    if (
      routine.descriptor === undefined ||
      owns(run, routine) ||
      (privilegesOn(run.catalog, routine.object, own) & privilege.execute) !== 0
    )
      yield routine;
}

function* routines(run: Run): Iterable<SystemRow> {
  const { database } = run.context.session;
  for (const routine of shownRoutines(run)) {
    const { proc, descriptor } = routine;
    const type = resultType(run, routine);
    yield {
      ...placeOf(run, routine),
      routine_catalog: database,
      routine_schema: proc.schema,
      routine_name: proc.name,
      routine_type: kinds[proc.kind] ?? null,
      data_type: type?.dataType ?? null,
      type_udt_catalog: type === undefined ? null : database,
      type_udt_schema: type?.schema ?? null,
      type_udt_name: type?.name ?? null,
      dtd_identifier: '0',
      routine_body: proc.language === 'sql' ? 'SQL' : 'EXTERNAL',
      routine_definition: owns(run, routine) ? proc.source : null,
      external_name: proc.language === 'c' ? proc.source : null,
      external_language: languageNames[proc.language] ?? proc.language.toUpperCase(),
      parameter_style: 'GENERAL',
      is_deterministic: yesNo(proc.volatility === 'i'),
      sql_data_access: 'MODIFIES',
      is_null_call: yesNo(proc.strict),
      schema_level_routine: 'YES',
      max_dynamic_result_sets: 0,
      security_type: descriptor?.isSecurityDefiner === true ? 'DEFINER' : 'INVOKER',
      as_locator: 'NO',
      is_udt_dependent: 'NO',
    };
  }
}

const modeNames: Readonly<Record<string, string>> = { i: 'IN', o: 'OUT', b: 'INOUT', v: 'IN', t: 'OUT' };

function* parameters(run: Run): Iterable<SystemRow> {
  for (const routine of shownRoutines(run)) {
    const { proc, descriptor } = routine;
    const types = descriptor?.args.map(({ type }) => type) ?? (proc.allArgTypes ?? proc.argTypes).map(typeRef);
    for (const [at, type] of types.entries()) {
      const named = namedType(run, type);
      const name = proc.argNames?.[at] ?? '';
      yield {
        ...placeOf(run, routine),
        ordinal_position: at + 1,
        parameter_mode: modeNames[proc.argModes?.[at] ?? 'i'] ?? null,
        is_result: 'NO',
        as_locator: 'NO',
        parameter_name: name === '' ? null : name,
        data_type: named?.dataType ?? null,
        udt_catalog: run.context.session.database,
        udt_schema: named?.schema ?? null,
        udt_name: named?.name ?? null,
        dtd_identifier: String(at + 1),
        parameter_default: owns(run, routine) && descriptor !== undefined ? functionDefaultText(sessionOf(run), descriptor, at + 1) : null,
      };
    }
  }
}

const builtInAcl: Acl = [
  { grantee: 0, grantor: bootstrapRoleOid, privileges: privilege.execute, grantOptions: 0 },
  { grantee: bootstrapRoleOid, grantor: bootstrapRoleOid, privileges: privilege.execute, grantOptions: 0 },
];

const routinePrivileges = (audience: Audience): RowMaker =>
  function* (run) {
    for (const routine of routinesOf(run)) {
      const { proc, descriptor, object } = routine;
      const acl = descriptor === undefined ? builtInAcl : aclOf(run.catalog, object);
      for (const row of grants(run, acl, privilege.execute, object.ownerOid, audience))
        yield {
          ...placeOf(run, routine),
          routine_catalog: run.context.session.database,
          routine_schema: proc.schema,
          routine_name: proc.name,
          ...row,
        };
    }
  };

export const routineRows: RowMakers = {
  routines,
  parameters,
  routine_privileges: routinePrivileges('all'),
  role_routine_grants: routinePrivileges('roles'),
};
