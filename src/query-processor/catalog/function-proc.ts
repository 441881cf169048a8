/** A user's function as pg_proc has it: resolution of calls and the system catalogs know one form for all functions. */
import type { PgProc } from '#sql/postgres/pg-proc.ts';
import { arrayElementOf } from '../analyzer/type-facts.ts';
import type { FunctionArgument, FunctionDescriptor } from './descriptors.ts';

/** A function of PostgreSQL's catalog, or a user's (`user`). */
export type Proc = Omit<PgProc, 'schema'> & { readonly schema: string; readonly user?: FunctionDescriptor };

export const inputArguments = (descriptor: Pick<FunctionDescriptor, 'args'>): readonly FunctionArgument[] =>
  descriptor.args.filter(({ mode }) => mode !== 'o' && mode !== 't');

export const outputArguments = (descriptor: Pick<FunctionDescriptor, 'args'>): readonly FunctionArgument[] =>
  descriptor.args.filter(({ mode }) => mode !== 'i' && mode !== 'v');

const made = new WeakMap<FunctionDescriptor, Proc>();

export function procOf(descriptor: FunctionDescriptor): Proc {
  const known = made.get(descriptor);
  if (known !== undefined) return known;
  const { args } = descriptor;
  const inputs = inputArguments(descriptor);
  const variadic = args.find(({ mode }) => mode === 'v');
  const defaults = inputs.flatMap(({ defaultText }) => defaultText ?? []);
  const hasModes = args.some(({ mode }) => mode !== 'i');
  const proc: Proc = {
    oid: descriptor.oid,
    name: descriptor.name,
    kind: 'f',
    strict: descriptor.isStrict,
    returnsSet: descriptor.returnsSet,
    volatility: descriptor.volatility,
    leakproof: descriptor.isLeakproof,
    argTypes: inputs.map(({ type }) => type.oid),
    returnType: descriptor.returnType.oid,
    source: descriptor.source,
    language: 'sql',
    allArgTypes: hasModes ? args.map(({ type }) => type.oid) : undefined,
    argModes: hasModes ? args.map(({ mode }) => mode).join('') : undefined,
    argNames: args.some(({ name }) => name !== '') ? args.map(({ name }) => name) : undefined,
    variadic: variadic === undefined ? 0 : arrayElementOf(variadic.type.oid) || variadic.type.oid,
    defaults: defaults.length,
    defaultExpressions: defaults.length === 0 ? undefined : defaults.join(', '),
    sqlBody: undefined,
    schema: descriptor.schemaName,
    user: descriptor,
  };
  made.set(descriptor, proc);
  return proc;
}
