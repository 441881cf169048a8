/**
 * Functions that DSQL has and PostgreSQL's catalog has not, all in schema `sys`, declared with their whole signature
 * (dsql-behaviour 8.3; argument lists beyond those seen are ours).
 */
import { base32, fromBase32 } from '#base/base32.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type EvaluationContext, type Implementations, scalar, setReturning } from '../function.ts';
import { oid } from '../oids.ts';
import type { PgProc } from '../postgres/pg-proc.ts';
import { pgTypes } from '../postgres/pg-type.ts';
import { uuidFromBytes, uuidToBytes } from '../types/uuid.ts';

/** From a range that PostgreSQL keeps free for functions of others' making. */
const firstOid = 9800;

type Declaration = Pick<PgProc, 'name' | 'argTypes' | 'returnType'> &
  Partial<Pick<PgProc, 'kind' | 'returnsSet' | 'volatility' | 'strict'>> & {
    /** Names and types of OUT columns. */
    readonly columns?: readonly (readonly [string, number])[];
  };

const declarations: readonly Declaration[] = [
  { name: 'dsql_major_version', argTypes: [], returnType: oid.int4, volatility: 'i' },
  { name: 'current_session_id', argTypes: [], returnType: oid.text },
  { name: 'current_transaction_id', argTypes: [], returnType: oid.text },
  { name: 'iam_session_user', argTypes: [], returnType: oid.text },
  { name: 'cluster_size', argTypes: [], returnType: oid.int8, volatility: 'v' },
  { name: 'cluster_size_limit', argTypes: [], returnType: oid.int8 },
  { name: 'base32_str_to_uuid', argTypes: [oid.text], returnType: oid.uuid, volatility: 'i' },
  { name: 'uuid_to_base32_str', argTypes: [oid.uuid], returnType: oid.text, volatility: 'i' },
  { name: 'base_type_oid', argTypes: [oid.oid], returnType: oid.oid },
  {
    name: 'supported_datatypes',
    argTypes: [],
    returnType: oid.record,
    returnsSet: true,
    columns: [
      ['oid', oid.oid],
      ['name', oid.text],
      ['supported_as_column', oid.bool],
      ['supported_as_key', oid.bool],
      ['supported_in_pushdown', oid.bool],
    ],
  },
  { name: 'wait_for_job', argTypes: [oid.text], returnType: oid.void, kind: 'p' },
];

export const dsqlProcs: readonly PgProc[] = declarations.map(({ columns, ...declaration }, at) => ({
  kind: 'f',
  strict: true,
  returnsSet: false,
  volatility: 's',
  leakproof: false,
  language: 'internal',
  source: declaration.name,
  allArgTypes: columns === undefined ? undefined : [...declaration.argTypes, ...columns.map(([, type]) => type)],
  argModes: columns === undefined ? undefined : 'i'.repeat(declaration.argTypes.length) + 'o'.repeat(columns.length),
  argNames: columns === undefined ? undefined : columns.map(([name]) => name),
  variadic: 0,
  defaults: 0,
  defaultExpressions: undefined,
  sqlBody: undefined,
  schema: 'sys',
  ...declaration,
  oid: firstOid + at,
}));

/** Types of columns, with whether a key may hold them (dsql-behaviour 4). */
const columnTypes: ReadonlyMap<string, boolean> = new Map([
  ['bool', true],
  ['bytea', false],
  ['int8', true],
  ['int2', true],
  ['int4', true],
  ['text', true],
  ['json', false],
  ['float4', true],
  ['float8', true],
  ['bpchar', true],
  ['varchar', true],
  ['date', true],
  ['time', true],
  ['timestamp', true],
  ['timestamptz', true],
  ['interval', false],
  ['timetz', false],
  ['numeric', true],
  ['uuid', true],
  ['jsonb', false],
]);

const tebibyte = 1024 ** 4;

function uuidOf(text: string): string {
  const bytes = fromBase32(text);
  if (bytes === undefined) throw new SqlError(sqlstate.invalidTextRepresentation, 'Unable to convert text to UUID');
  return uuidFromBytes(bytes);
}

function base32Of(uuid: string): string {
  const bytes = new Uint8Array(16);
  uuidToBytes(uuid, bytes);
  return base32(bytes);
}

export const dsqlFunctions: Implementations = {
  'dsql_major_version()': scalar(() => 1),
  'current_session_id()': scalar((context: EvaluationContext) => String(context.session.backendPid)),
  'current_transaction_id()': scalar((context: EvaluationContext) => String(context.transactionTimestamp)),
  'iam_session_user()': scalar((context: EvaluationContext) => context.session.iamUser ?? null),
  'cluster_size()': scalar((context: EvaluationContext) => context.session.catalogFunction('cluster_size', [])),
  'cluster_size_limit()': scalar(() => 256 * tebibyte),
  'base32_str_to_uuid(text)': scalar(uuidOf),
  'uuid_to_base32_str(uuid)': scalar(base32Of),
  'base_type_oid(oid)': scalar((type: number) => type),
  'supported_datatypes()': setReturning(() =>
    pgTypes.flatMap((type) => {
      const isKey = columnTypes.get(type.name);
      return isKey === undefined ? [] : [[type.oid, type.name, true, isKey, isKey]];
    }),
  ),
};
