/**
 * Function resolution: which function a call means. PostgreSQL's rules: exact argument types first, then a cast written as a
 * call (`text(x)`), then the best of those reachable by implicit casts; variadic, default and named arguments included.
 */
import { sqlstate } from '#base/sql-error.ts';
import { procsByName } from '#sql/builtins.ts';
import { oid } from '#sql/oids.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import { type Proc, procOf } from '../catalog/function-proc.ts';
import { applicable, type Candidate, selectCandidate } from './candidates.ts';
import { castPath } from './cast-path.ts';
import type { Analysis, AnalyzerEnvironment } from './environment.ts';
import { searchedSchemas } from './relation-lookup.ts';
import { isStringCategory, typeDisplayName, typeFactsByName } from './type-facts.ts';

export type FunctionName = { readonly schema: string | undefined; readonly name: string };

export type CallShape = {
  readonly name: FunctionName;
  readonly argTypes: readonly number[];
  /** Names of the last arguments (`name => value`). */
  readonly argNames: readonly string[];
  /** VARIADIC before the last argument. */
  readonly isVariadicCall: boolean;
  readonly location: number | undefined;
  /** For messages: what kind of object was looked for. */
  readonly isProcedureCall: boolean;
};

export type ResolvedFunction = {
  readonly proc: Proc;
  /** Declared type for each argument given (variadic ones one by one), then of the defaults. */
  readonly argTypes: readonly number[];
  /** Argument number of each argument given, when some are named. */
  readonly argNumbers: readonly number[] | undefined;
  /** How many of the last arguments given are gathered into the variadic array; 0: none. */
  readonly variadicCount: number;
  /** Numbers of the arguments that take their defaults. */
  readonly defaultNumbers: readonly number[];
};

export type Resolution =
  | { readonly kind: 'function'; readonly function: ResolvedFunction }
  /** A call of a type's name with one argument that is in fact a cast. */
  | { readonly kind: 'cast'; readonly target: number };

type FunctionCandidate = Candidate & ResolvedFunction;
type PlacedCandidate = FunctionCandidate & { readonly place: number };

export function resolveFunction(analysis: Analysis, call: CallShape): Resolution {
  const resolution = findFunction(call, analysis.environment);
  if (resolution === 'ambiguous')
    throw analysis.error(sqlstate.ambiguousFunction, `function ${signatureOf(call)} is not unique`, call.location, {
      hint: 'Could not choose a best candidate function. You might need to add explicit type casts.',
    });
  if (resolution === undefined) throw noSuchFunction(analysis, call);
  return resolution;
}

/** Hot: as for operators. */
const found = new Map<string, Resolution | 'ambiguous' | undefined>();
const foundMax = 5000;

/** undefined: no function fits. */
export function findFunction(call: CallShape, environment: AnalyzerEnvironment | undefined): Resolution | 'ambiguous' | undefined {
  const { name, argTypes, argNames, isVariadicCall, isProcedureCall } = call;
  const own = environment === undefined || isProcedureCall ? [] : ownProcs(call, environment);
  if (own.length > 0) return searchFunction(call, [...own, ...builtInProcs(call, environment)]);
  const key = `${name.schema}.${name.name} ${argTypes.join()} ${argNames.join()} ${isVariadicCall} ${isProcedureCall}`;
  const known = found.get(key);
  if (known !== undefined || found.has(key)) return known;
  const resolution = searchFunction(call, builtInProcs(call, undefined));
  if (found.size >= foundMax) found.clear();
  found.set(key, resolution);
  return resolution;
}

/** A function with its schema's place in the search path. */
type PlacedProc = { readonly proc: Proc; readonly place: number };

/** Users' functions of the name that the path lets be seen. Mostly there are none. */
function ownProcs(call: CallShape, environment: AnalyzerEnvironment): readonly PlacedProc[] {
  const { schema, name } = call.name;
  const named = environment.catalog.functionsNamed(name);
  if (named.length === 0) return [];
  if (schema !== undefined) {
    const schemaOid = environment.catalog.schemaByName(schema)?.oid;
    return named.filter((descriptor) => descriptor.schemaOid === schemaOid).map((descriptor) => ({ proc: procOf(descriptor), place: 0 }));
  }
  const path = searchedSchemas(environment).map(({ oid: schemaOid }) => schemaOid);
  return named.flatMap((descriptor) => {
    const place = path.indexOf(descriptor.schemaOid);
    return place < 0 ? [] : [{ proc: procOf(descriptor), place }];
  });
}

function builtInProcs(call: CallShape, environment: AnalyzerEnvironment | undefined): readonly PlacedProc[] {
  const { schema, name } = call.name;
  const wanted = schema ?? 'pg_catalog';
  const place =
    schema !== undefined || environment === undefined
      ? 0
      : searchedSchemas(environment).findIndex((searched) => searched.name === 'pg_catalog');
  return procsByName(name).flatMap((proc) => (proc.schema === wanted ? [{ proc, place }] : []));
}

function searchFunction(call: CallShape, procs: readonly PlacedProc[]): Resolution | 'ambiguous' | undefined {
  const candidates = candidatesFor(call, procs);
  const inputs = call.argTypes;
  const exact = candidates.filter((candidate) => inputs.every((type, at) => candidate.argTypes[at] === type));
  if (exact.length > 0) {
    const plain = exact.filter((candidate) => candidate.variadicCount === 0 && candidate.defaultNumbers.length === 0);
    return { kind: 'function', function: (plain[0] ?? exact[0]) as ResolvedFunction };
  }
  const cast = castByName(call);
  if (cast !== undefined) return { kind: 'cast', target: cast };
  const fitting = applicable(candidates, inputs);
  if (fitting.length === 0) return undefined;
  const chosen = fitting.length === 1 ? fitting[0] : selectCandidate(fitting, inputs);
  return chosen === undefined ? 'ambiguous' : { kind: 'function', function: chosen };
}

function noSuchFunction(analysis: Analysis, call: CallShape) {
  const what = call.isProcedureCall ? 'procedure' : 'function';
  return analysis.error(sqlstate.undefinedFunction, `${what} ${signatureOf(call)} does not exist`, call.location, {
    hint: `No ${what} matches the given name and argument types. You might need to add explicit type casts.`,
  });
}

export function signatureOf(call: CallShape): string {
  const name = call.name.schema === undefined ? call.name.name : `${call.name.schema}.${call.name.name}`;
  const firstNamed = call.argTypes.length - call.argNames.length;
  const args = call.argTypes.map((type, at) => (at >= firstNamed ? `${call.argNames[at - firstNamed]} => ` : '') + typeDisplayName(type));
  return `${name}(${args.join(', ')})`;
}

/** `name(x)` where name is a type and x an unknown literal, or castable by relabelling or through text. */
function castByName(call: CallShape): number | undefined {
  if (call.argTypes.length !== 1 || call.argNames.length > 0 || call.isVariadicCall) return undefined;
  if (call.name.schema !== undefined && call.name.schema !== 'pg_catalog') return undefined;
  const target = typeFactsByName(call.name.name);
  if (target === undefined || target.kind === 'p') return undefined;
  const source = call.argTypes[0];
  if (source === oid.unknown) return target.oid;
  const path = castPath(source, target.oid, 'explicit');
  if (path?.kind === 'relabel') return target.oid;
  if (path?.kind !== 'text') return undefined;
  // A record becomes a text only when a cast says so.
  return isComposite(source) && isStringCategory(target.oid) ? undefined : target.oid;
}

function candidatesFor(call: CallShape, procs: readonly PlacedProc[]): readonly FunctionCandidate[] {
  const candidates: PlacedCandidate[] = [];
  for (const { proc, place } of procs) {
    if ((proc.kind === 'p') !== call.isProcedureCall) continue;
    const found = call.argNames.length > 0 ? namedCandidate(proc, call) : positionalCandidate(proc, call);
    if (found === undefined) continue;
    const candidate = { ...found, place };
    // Of two that take the same types here, the one that needs no variadic expansion counts, and then the one with fewer defaults.
    const twin = candidates.findIndex((other) => call.argTypes.every((_, at) => other.argTypes[at] === candidate.argTypes[at]));
    if (twin < 0) candidates.push(candidate);
    else if (isSimpler(candidate, candidates[twin])) candidates[twin] = candidate;
    else if (!isSimpler(candidates[twin], candidate)) candidates.push(candidate);
  }
  return candidates;
}

function isSimpler(a: PlacedCandidate, b: PlacedCandidate): boolean {
  // What comes earlier in the search path hides what comes later.
  if (a.place !== b.place) return a.place < b.place;
  if (a.variadicCount === 0 && b.variadicCount > 0) return true;
  if (b.variadicCount === 0 && a.variadicCount > 0) return false;
  return a.variadicCount > 0 && b.variadicCount > 0 && a.variadicCount < b.variadicCount;
}

function positionalCandidate(proc: Proc, call: CallShape): FunctionCandidate | undefined {
  const given = call.argTypes.length;
  const declared = proc.argTypes;
  const isVariadic = proc.variadic !== 0 && proc.variadic !== oid.any;
  if (isVariadic && !call.isVariadicCall && given >= declared.length) {
    const fixed = declared.slice(0, -1);
    const variadicCount = given - fixed.length;
    const argTypes = [...fixed, ...new Array<number>(variadicCount).fill(proc.variadic)];
    return { proc, argTypes, argNumbers: undefined, variadicCount, defaultNumbers: [] };
  }
  if (call.isVariadicCall && proc.variadic === 0) return undefined;
  if (proc.variadic === oid.any && !call.isVariadicCall && given >= declared.length) {
    const argTypes = [...declared, ...new Array<number>(given - declared.length).fill(oid.any)];
    return { proc, argTypes, argNumbers: undefined, variadicCount: 0, defaultNumbers: [] };
  }
  if (given > declared.length || given < declared.length - proc.defaults) return undefined;
  const defaultNumbers = Array.from({ length: declared.length - given }, (_, i) => given + i);
  return { proc, argTypes: declared, argNumbers: undefined, variadicCount: 0, defaultNumbers };
}

/** Names of the input arguments, in order. */
export function inputArgNames(proc: Proc): readonly string[] {
  const names = proc.argNames ?? [];
  if (proc.argModes === undefined) return names;
  const modes = [...proc.argModes];
  return names.filter((_, at) => modes[at] === 'i' || modes[at] === 'b' || modes[at] === 'v');
}

function namedCandidate(proc: Proc, call: CallShape): FunctionCandidate | undefined {
  const given = call.argTypes.length;
  const declared = proc.argTypes;
  if (given > declared.length || given < declared.length - proc.defaults) return undefined;
  if (proc.variadic !== 0 && !call.isVariadicCall) return undefined;
  const positional = given - call.argNames.length;
  const names = inputArgNames(proc);
  const argNumbers = Array.from({ length: positional }, (_, at) => at);
  for (const name of call.argNames) {
    const number = names.indexOf(name);
    if (number < 0 || argNumbers.includes(number)) return undefined;
    argNumbers.push(number);
  }
  const defaultNumbers: number[] = [];
  for (let number = 0; number < declared.length; number++) {
    if (argNumbers.includes(number)) continue;
    if (number < declared.length - proc.defaults) return undefined;
    defaultNumbers.push(number);
  }
  const argTypes = [...argNumbers, ...defaultNumbers].map((number) => declared[number]);
  return { proc, argTypes, argNumbers, variadicCount: 0, defaultNumbers };
}
