/** jsonb_path_exists, _match, _query and their kind, and the operators @? and @@. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type EvaluationContext, type Implementation, type Implementations, scalar, setReturning } from '../function.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { parseJsonPath } from '../types/jsonpath-parser.ts';
import { isObjectNode } from './jsonb-access.ts';
import { PathTime, pathTimeText } from './jsonpath-datetime.ts';
import { PathError, PathRun, type PathValue } from './jsonpath-evaluation.ts';

const noVariables: ReadonlyMap<string, JsonNode> = new Map();

function start(
  target: Jsonb,
  pathText: string,
  variables: Jsonb | undefined,
  useZone: boolean,
  silent: boolean,
  context: EvaluationContext,
): PathRun {
  const path = parseJsonPath(pathText);
  const given = variables?.root ?? noVariables;
  if (!isObjectNode(given) || (variables !== undefined && variables.root === null)) {
    throw new SqlError(sqlstate.invalidParameterValue, '"vars" argument is not an object', {
      detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
    });
  }
  return new PathRun(path, target.root, variables === undefined ? undefined : given, useZone, silent, context);
}

const asNode = (value: PathValue, context: EvaluationContext): JsonNode =>
  value instanceof PathTime ? pathTimeText(value, context) : value;

/** All items; those before an error where it is suppressed. */
function collect(run: PathRun, silent: boolean): PathValue[] {
  const found: PathValue[] = [];
  unlessSilent(silent, () => {
    for (const item of run.items()) found.push(item);
    return null;
  });
  return found;
}

/** null for an error that is suppressed. */
function unlessSilent<Value>(silent: boolean, evaluate: () => Value): Value | null {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    if (silent) return null;
    throw error.error;
  }
}

function exists(run: PathRun, silent: boolean): boolean | null {
  return unlessSilent(silent, () => run.exists());
}

function match(started: PathRun, silent: boolean): boolean | null {
  const found = collect(started, silent);
  if (found.length === 1 && typeof found[0] === 'boolean') return found[0];
  if (found.length === 1 && found[0] === null) return null;
  if (!silent) throw new SqlError(sqlstate.singletonSqlJsonItemRequired, 'single boolean result is expected');
  return null;
}

type Answer = (started: PathRun, silent: boolean, context: EvaluationContext) => Datum;

function queryArray(started: PathRun, silent: boolean, context: EvaluationContext): Jsonb {
  return new Jsonb(collect(started, silent).map((item) => asNode(item, context)));
}

function queryFirst(started: PathRun, silent: boolean, context: EvaluationContext): Jsonb | null {
  const [first] = collect(started, silent);
  return first === undefined ? null : new Jsonb(asNode(first, context));
}

const form = (answer: Answer, useZone: boolean): Implementation =>
  scalar((target: Jsonb, path: string, variables: Jsonb, silent: boolean, context: EvaluationContext) =>
    answer(start(target, path, variables, useZone, silent, context), silent, context),
  );

const query = (useZone: boolean): Implementation =>
  setReturning((target: Jsonb, path: string, variables: Jsonb, silent: boolean, context: EvaluationContext) =>
    collect(start(target, path, variables, useZone, silent, context), silent).map((item) => new Jsonb(asNode(item, context))),
  );

const operator = (answer: Answer): Implementation =>
  scalar((target: Jsonb, path: string, context: EvaluationContext) =>
    answer(start(target, path, undefined, false, true, context), true, context),
  );

export const jsonpathFunctions: Implementations = {
  'jsonb_path_exists(jsonb,jsonpath,jsonb,bool)': form(exists, false),
  'jsonb_path_exists_tz(jsonb,jsonpath,jsonb,bool)': form(exists, true),
  'jsonb_path_match(jsonb,jsonpath,jsonb,bool)': form(match, false),
  'jsonb_path_match_tz(jsonb,jsonpath,jsonb,bool)': form(match, true),
  'jsonb_path_query(jsonb,jsonpath,jsonb,bool)': query(false),
  'jsonb_path_query_tz(jsonb,jsonpath,jsonb,bool)': query(true),
  'jsonb_path_query_array(jsonb,jsonpath,jsonb,bool)': form(queryArray, false),
  'jsonb_path_query_array_tz(jsonb,jsonpath,jsonb,bool)': form(queryArray, true),
  'jsonb_path_query_first(jsonb,jsonpath,jsonb,bool)': form(queryFirst, false),
  'jsonb_path_query_first_tz(jsonb,jsonpath,jsonb,bool)': form(queryFirst, true),
  'jsonb_path_exists_opr(jsonb,jsonpath)': operator(exists),
  'jsonb_path_match_opr(jsonb,jsonpath)': operator(match),
};
