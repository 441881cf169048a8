/** Values of any type as JSON, for to_json(), json_build_object(), json_agg() and their kind. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import type { EvaluationContext } from '../function.ts';
import { oid } from '../oids.ts';
import { ArrayValue } from '../types/array-value.ts';
import { inKeyOrder, parseJson } from '../types/json-parser.ts';
import { formatJsonb, quoteJson } from '../types/jsonb.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { parseNumeric } from '../types/numeric.ts';
import { Numeric } from '../types/numeric-value.ts';
import { RecordValue } from '../types/record-value.ts';
import { typeByOid } from '../types/registry.ts';
import { outputOf } from './text-cast.ts';

const numberTypes: ReadonlySet<number> = new Set([oid.int2, oid.int4, oid.int8, oid.float4, oid.float8, oid.numeric]);

const isoStyle = { format: 'ISO', order: 'MDY' } as const;

/** Dates as ISO 8601 has them: a T before the time, minutes in every offset. */
function isoText(typeOid: number, value: Exclude<Datum, null>, context: EvaluationContext): string {
  const text = typeByOid(typeOid).output(value, { ...context, settings: { ...context.settings, dateStyle: isoStyle } });
  if (typeOid === oid.date || text.endsWith('infinity')) return text;
  return text.replace(' ', 'T').replace(/([+-]\d\d)( BC)?$/, typeOid === oid.timestamptz ? '$1:00$2' : '$1$2');
}

const isIsoType = (typeOid: number): boolean => typeOid === oid.date || typeOid === oid.timestamp || typeOid === oid.timestamptz;

/** A scalar's text, and whether it is one that JSON needs no quotes for. */
function scalarText(
  value: Exclude<Datum, null>,
  typeOid: number,
  context: EvaluationContext,
): { readonly text: string; readonly isNumber: boolean } {
  if (isIsoType(typeOid)) return { text: isoText(typeOid, value, context), isNumber: false };
  const text = typeof value === 'boolean' ? String(value) : outputOf(typeOid)(value, context);
  return { text, isNumber: numberTypes.has(typeOid) && /^-?\d/.test(text) };
}

export const recordNames = (record: RecordValue): readonly string[] =>
  record.values.map((_, index) => record.names[index] ?? `f${index + 1}`);

/** The items of an array one dimension at a time. */
export function nested<Item>(array: ArrayValue, item: (value: Datum) => Item, list: (items: Item[], depth: number) => Item): Item {
  const build = (dimension: number, from: number, count: number): Item => {
    const length = array.dimensions[dimension];
    const each = count / length;
    const items: Item[] = [];
    for (let index = 0; index < length; index++) {
      const start = from + index * each;
      items.push(dimension === array.dimensions.length - 1 ? item(array.items[start]) : build(dimension + 1, start, each));
    }
    return list(items, dimension);
  };
  return array.dimensions.length === 0 ? list([], 0) : build(0, 0, array.items.length);
}

/** With `pretty` the outermost members or items stand on lines of their own. */
export function toJsonText(value: Datum, typeOid: number, context: EvaluationContext, pretty = false): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (value instanceof Jsonb) return formatJsonb(value.root);
  if (typeOid === oid.json) return String(value);
  const between = pretty ? ',\n ' : ',';
  if (value instanceof ArrayValue) {
    return nested(
      value,
      (item) => toJsonText(item, value.elementOid, context),
      (items, depth) => `[${items.join(depth === 0 ? between : ',')}]`,
    );
  }
  if (value instanceof RecordValue) {
    const names = recordNames(value);
    const members = value.values.map((field, at) => `${quoteJson(names[at])}:${toJsonText(field, value.typeOids[at], context)}`);
    return `{${members.join(between)}}`;
  }
  const { text, isNumber } = scalarText(value, typeOid, context);
  return isNumber ? text : quoteJson(text);
}

export function toJsonNode(value: Datum, typeOid: number, context: EvaluationContext): JsonNode {
  if (value === null || typeof value === 'boolean') return value;
  if (value instanceof Jsonb) return value.root;
  if (typeOid === oid.json) return parseJson(String(value));
  if (value instanceof Numeric && value.kind === 'finite') return value;
  if (value instanceof ArrayValue) {
    return nested<JsonNode>(
      value,
      (item) => toJsonNode(item, value.elementOid, context),
      (items) => items,
    );
  }
  if (value instanceof RecordValue) {
    const names = recordNames(value);
    return jsonObject(value.values.map((field, at) => [names[at], toJsonNode(field, value.typeOids[at], context)]));
  }
  const { text, isNumber } = scalarText(value, typeOid, context);
  return isNumber ? parseNumeric(text) : text;
}

/** An object in jsonb's order; of equal keys the last one counts. */
export function jsonObject(entries: Iterable<readonly [string, JsonNode]>): ReadonlyMap<string, JsonNode> {
  return inKeyOrder(new Map(entries));
}

/** A value as a key of an object. */
export function toJsonKey(value: Exclude<Datum, null>, typeOid: number, context: EvaluationContext): string {
  if (value instanceof ArrayValue || value instanceof RecordValue || value instanceof Jsonb || typeOid === oid.json) {
    throw new SqlError(sqlstate.invalidParameterValue, 'key value must be scalar, not array, composite, or json');
  }
  return scalarText(value, typeOid, context).text;
}
