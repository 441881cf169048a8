/** Making json and jsonb: to_json, row_to_json, json_build_*, json_object, json_agg, json_object_agg. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import {
  type aggregate,
  type CallTypes,
  type EvaluationContext,
  type Implementation,
  type Implementations,
  polymorphic,
} from '../function.ts';
import { ArrayValue } from '../types/array-value.ts';
import { quoteJson } from '../types/jsonb.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { RecordValue } from '../types/record-value.ts';
import { jsonObject, toJsonKey, toJsonNode, toJsonText } from './json-conversion.ts';

const nullKey = (): SqlError => new SqlError(sqlstate.nullValueNotAllowed, 'null value not allowed for object key');

/** The arguments of a call without its context, which comes last. */
function split(args: readonly unknown[]): { readonly values: readonly Datum[]; readonly context: EvaluationContext } {
  return { values: args.slice(0, -1) as Datum[], context: args.at(-1) as EvaluationContext };
}

function pairs(types: CallTypes, values: readonly Datum[], context: EvaluationContext, what: 'json' | 'jsonb'): [string, Datum, number][] {
  if (values.length % 2 !== 0) {
    throw new SqlError(sqlstate.invalidParameterValue, 'argument list must have even number of elements', {
      hint: `The arguments of ${what}_build_object() must consist of alternating keys and values.`,
    });
  }
  const found: [string, Datum, number][] = [];
  for (let at = 0; at < values.length; at += 2) {
    const key = values[at];
    if (key === null) {
      if (what === 'jsonb') throw new SqlError(sqlstate.invalidParameterValue, `argument ${at + 1}: key must not be null`);
      throw nullKey();
    }
    found.push([toJsonKey(key, typeAt(types, at), context), values[at + 1], typeAt(types, at + 1)]);
  }
  return found;
}

/** VARIADIC arrays have one type for all of their items. */
const typeAt = (types: CallTypes, at: number): number => types.args[Math.min(at, types.args.length - 1)];

const converts = (pretty: boolean): Implementation =>
  polymorphic((types) => (value: Datum, ...rest: unknown[]) => {
    const isPretty = pretty && rest[0] === true;
    return toJsonText(value, types.args[0], rest.at(-1) as EvaluationContext, isPretty);
  });

const buildArray = polymorphic((types) => (...args: unknown[]) => {
  const { values, context } = split(args);
  return `[${values.map((value, at) => toJsonText(value, typeAt(types, at), context)).join(', ')}]`;
});
const buildArrayb = polymorphic((types) => (...args: unknown[]) => {
  const { values, context } = split(args);
  return new Jsonb(values.map((value, at) => toJsonNode(value, typeAt(types, at), context)));
});
const buildObject = polymorphic((types) => (...args: unknown[]) => {
  const { values, context } = split(args);
  const members = pairs(types, values, context, 'json').map(
    ([key, value, type]) => `${quoteJson(key)} : ${toJsonText(value, type, context)}`,
  );
  return `{${members.join(', ')}}`;
});
const buildObjectb = polymorphic((types) => (...args: unknown[]) => {
  const { values, context } = split(args);
  return new Jsonb(jsonObject(pairs(types, values, context, 'jsonb').map(([key, value, type]) => [key, toJsonNode(value, type, context)])));
});

const subscriptError = (message: string): SqlError => new SqlError(sqlstate.arraySubscriptError, message);

/** Keys and values of json_object(): one array of both in turn or in pairs, or two arrays. */
function textPairs(keys: ArrayValue, values: ArrayValue | undefined): [string, string | null][] {
  const found: [string, string | null][] = [];
  const add = (key: Datum, value: Datum): void => {
    if (key === null) throw nullKey();
    found.push([String(key), value === null ? null : String(value)]);
  };
  if (values === undefined) {
    const { dimensions, items } = keys;
    if (dimensions.length === 1 && items.length % 2 !== 0) throw subscriptError('array must have even number of elements');
    if (dimensions.length === 2 && dimensions[1] !== 2) throw subscriptError('array must have two columns');
    if (dimensions.length > 2) throw subscriptError('wrong number of array subscripts');
    for (let at = 0; at < items.length; at += 2) add(items[at], items[at + 1]);
  } else {
    if (keys.dimensions.length > 1 || keys.dimensions.length !== values.dimensions.length)
      throw subscriptError('wrong number of array subscripts');
    if (keys.items.length !== values.items.length) throw subscriptError('mismatched array dimensions');
    for (const [at, key] of keys.items.entries()) add(key, values.items[at]);
  }
  return found;
}

const ofTexts = (asJsonb: boolean, hasValues: boolean): Implementation =>
  polymorphic(() => (keys: ArrayValue, values: unknown) => {
    const found = textPairs(keys, hasValues ? (values as ArrayValue) : undefined);
    if (asJsonb) return new Jsonb(jsonObject(found));
    return `{${found.map(([key, value]) => `${quoteJson(key)} : ${value === null ? 'null' : quoteJson(value)}`).join(', ')}}`;
  });

const isContainer = (value: Datum): boolean => value instanceof RecordValue || value instanceof ArrayValue;

/** Arrays and rows stand on lines of their own. */
function aggregateText(strict: boolean): Implementation {
  type Items = { readonly text: string; readonly startsWithContainer: boolean };
  return {
    kind: 'aggregate',
    forTypes: (types) =>
      aggregateOf<Items>({
        step: (state, [value], context) => {
          if (strict && value === null) return state;
          const text = toJsonText(value, types.args[0], context);
          if (state === undefined) return { text, startsWithContainer: isContainer(value) };
          return { ...state, text: `${state.text}${isContainer(value) ? ', \n ' : ', '}${text}` };
        },
        combine: (a, b) => ({ ...a, text: `${a.text}${b.startsWithContainer ? ', \n ' : ', '}${b.text}` }),
        final: ({ text }) => `[${text}]`,
        // All rows were left out: an empty array, not NULL.
        nothing: strict ? '[]' : undefined,
      }),
  };
}

function aggregateArrayb(strict: boolean): Implementation {
  return {
    kind: 'aggregate',
    forTypes: (types) =>
      aggregateOf<JsonNode[]>({
        step: (state, [value], context) => {
          if (strict && value === null) return state ?? [];
          const items = state ?? [];
          items.push(toJsonNode(value, types.args[0], context));
          return items;
        },
        combine: (a, b) => [...a, ...b],
        final: (state) => new Jsonb(state),
        nothing: undefined,
      }),
  };
}

type Parts<State> = {
  readonly step: (state: State | undefined, args: readonly Datum[], context: EvaluationContext) => State | undefined;
  readonly combine: (a: State, b: State) => State;
  readonly final: (state: State) => Datum;
  /** The answer when rows came and none was taken; undefined: NULL. */
  readonly nothing: Datum | undefined;
};

/** Aggregates whose answer over no rows is NULL. */
function aggregateOf<State>({ step, combine, final, nothing }: Parts<State>) {
  type Whole = { readonly hasRows: boolean; readonly state: State | undefined };
  return aggregateFunction<Whole>({
    initial: () => ({ hasRows: false, state: undefined }),
    step: ({ state }, args, context) => ({ hasRows: true, state: step(state, args, context) }),
    combine: (a, b) => ({
      hasRows: a.hasRows || b.hasRows,
      state: a.state === undefined ? b.state : b.state === undefined ? a.state : combine(a.state, b.state),
    }),
    final: ({ hasRows, state }) => (state === undefined ? (hasRows ? (nothing ?? null) : null) : final(state)),
  });
}

/** The function inside of `aggregate`, for implementations that depend on their types. */
function aggregateFunction<State>(own: Parameters<typeof aggregate<State>>[0]) {
  return own;
}

type ObjectState = { readonly members: string[]; readonly keys: Set<string> };

function aggregateObject(strict: boolean, unique: boolean): Implementation {
  return {
    kind: 'aggregate',
    forTypes: (types) =>
      aggregateOf<ObjectState>({
        step: (state, [key, value], context) => {
          const next = state ?? { members: [], keys: new Set() };
          if (key === null) throw nullKey();
          const name = toJsonKey(key, types.args[0], context);
          if (unique) addUnique(next.keys, name);
          if (strict && value === null) return next;
          next.members.push(`${quoteJson(name)} : ${toJsonText(value, types.args[1], context)}`);
          return next;
        },
        combine: (a, b) => {
          const keys = new Set(a.keys);
          for (const key of b.keys) addUnique(keys, key);
          return { members: [...a.members, ...b.members], keys };
        },
        final: (state) => `{ ${state.members.join(', ')} }`,
        nothing: undefined,
      }),
  };
}

function addUnique(keys: Set<string>, key: string): void {
  if (keys.has(key)) throw new SqlError(sqlstate.duplicateJsonObjectKeyValue, `duplicate JSON object key value: ${quoteJson(key)}`);
  keys.add(key);
}

function aggregateObjectb(strict: boolean, unique: boolean): Implementation {
  const duplicate = (): SqlError => new SqlError(sqlstate.duplicateJsonObjectKeyValue, 'duplicate JSON object key value');
  return {
    kind: 'aggregate',
    forTypes: (types) =>
      aggregateOf<{ readonly entries: [string, JsonNode][]; readonly keys: string[] }>({
        step: (state, [key, value], context) => {
          if (key === null) throw new SqlError(sqlstate.invalidParameterValue, 'field name must not be null');
          const next = state ?? { entries: [], keys: [] };
          const name = toJsonKey(key, types.args[0], context);
          if (unique) next.keys.push(name);
          // Strict leaves out JSON's null too.
          const node = toJsonNode(value, types.args[1], context);
          if (!strict || node !== null) next.entries.push([name, node]);
          return next;
        },
        combine: (a, b) => ({ entries: [...a.entries, ...b.entries], keys: [...a.keys, ...b.keys] }),
        final: ({ entries, keys }) => {
          if (new Set(keys).size !== keys.length) throw duplicate();
          return new Jsonb(jsonObject(entries));
        },
        nothing: undefined,
      }),
  };
}

export const jsonBuildingFunctions: Implementations = {
  'to_json(anyelement)': converts(false),
  'to_jsonb(anyelement)': polymorphic(
    (types) => (value: Datum, context: EvaluationContext) => new Jsonb(toJsonNode(value, types.args[0], context)),
  ),
  'array_to_json(anyarray)': converts(false),
  'array_to_json(anyarray,bool)': converts(true),
  'row_to_json(record)': converts(false),
  'row_to_json(record,bool)': converts(true),
  'json_build_array(any)': buildArray,
  'json_build_array()': buildArray,
  'json_build_object(any)': buildObject,
  'json_build_object()': buildObject,
  'jsonb_build_array(any)': buildArrayb,
  'jsonb_build_array()': buildArrayb,
  'jsonb_build_object(any)': buildObjectb,
  'jsonb_build_object()': buildObjectb,
  'json_object(_text)': ofTexts(false, false),
  'json_object(_text,_text)': ofTexts(false, true),
  'jsonb_object(_text)': ofTexts(true, false),
  'jsonb_object(_text,_text)': ofTexts(true, true),
  'json_agg(anyelement)': aggregateText(false),
  'json_agg_strict(anyelement)': aggregateText(true),
  'jsonb_agg(anyelement)': aggregateArrayb(false),
  'jsonb_agg_strict(anyelement)': aggregateArrayb(true),
  'json_object_agg(any,any)': aggregateObject(false, false),
  'json_object_agg_strict(any,any)': aggregateObject(true, false),
  'json_object_agg_unique(any,any)': aggregateObject(false, true),
  'json_object_agg_unique_strict(any,any)': aggregateObject(true, true),
  'jsonb_object_agg(any,any)': aggregateObjectb(false, false),
  'jsonb_object_agg_strict(any,any)': aggregateObjectb(true, false),
  'jsonb_object_agg_unique(any,any)': aggregateObjectb(false, true),
  'jsonb_object_agg_unique_strict(any,any)': aggregateObjectb(true, true),
};
