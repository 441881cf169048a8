/**
 * Rows out of json and jsonb: json_populate_record, json_to_record and their sets. A member fills the column of its name, through the
 * column type's text form where JSON has no such type.
 *
 * The shape of the rows comes from a column definition list, from the row type of the base, or from the base row itself.
 */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import type { CallTypes, EvaluationContext, Implementation, Implementations } from '../function.ts';
import { oid } from '../oids.ts';
import type { TypeRef } from '../type.ts';
import { ArrayValue } from '../types/array-value.ts';
import { isRowTypeOid } from '../types/catalog-types.ts';
import { pgTypeByOid } from '../types/format-type.ts';
import { parseJson } from '../types/json-parser.ts';
import { formatJsonb } from '../types/jsonb.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { RecordValue } from '../types/record-value.ts';
import { typeByOid } from '../types/registry.ts';
import { cannot } from './json-access.ts';
import { recordNames } from './json-conversion.ts';
import { jsonAsText, jsonKind, jsonMember, jsonParts } from './json-text.ts';
import { kindOfNode, nodeAsText } from './jsonb-access.ts';

/** A value of json or jsonb, looked at alike. */
type Source = {
  readonly kind: string;
  /** Strings without their quotes, null as NULL. */
  readonly text: () => string | null;
  readonly json: () => string;
  readonly node: () => JsonNode;
  readonly member: (name: string) => Source | undefined;
  readonly items: () => readonly Source[];
};

function ofText(text: string): Source {
  return {
    kind: jsonKind(text),
    text: () => jsonAsText(text),
    json: () => text,
    node: () => parseJson(text),
    member: (name) => {
      const found = jsonMember(text, name);
      return found === undefined ? undefined : ofText(found);
    },
    items: () => [...jsonParts(text)].map(({ value }) => ofText(value)),
  };
}

function ofNode(node: JsonNode): Source {
  return {
    kind: kindOfNode(node),
    text: () => nodeAsText(node),
    json: () => formatJsonb(node),
    node: () => node,
    member: (name) => {
      const found = node instanceof Map ? node.get(name) : undefined;
      return found === undefined ? undefined : ofNode(found);
    },
    items: () => (Array.isArray(node) ? node.map(ofNode) : []),
  };
}

const sourceOf = (value: Datum): Source => (value instanceof Jsonb ? ofNode(value.root) : ofText(String(value)));

type Column = { readonly name: string; readonly type: TypeRef };

function fill(source: Source, { name, type }: Column, context: EvaluationContext): Datum {
  if (source.kind === 'null') return null;
  if (type.oid === oid.json) return source.json();
  if (type.oid === oid.jsonb) return new Jsonb(source.node());
  const described = typeByOid(type.oid);
  if (isRowTypeOid(type.oid) && source.kind !== 'string') return fillComposite(source, type.oid, context);
  if (described.elementOid !== 0 && described.category === 'A' && source.kind !== 'string') return fillArray(source, name, type, context);
  const text = source.text();
  return text === null ? null : described.input(text, type.typmod, context);
}

function fillComposite(source: Source, rowType: number, context: EvaluationContext): Datum {
  const columns = context.names?.rowFields(rowType);
  if (columns === undefined) throw notSupported('a value of a row type cannot be read here');
  return asRecord(columns, fillRow(source, columns, undefined, context));
}

/** Arrays within arrays are dimensions, and must agree in their lengths; how many there are is told by the first items. */
function fillArray(source: Source, name: string, type: TypeRef, context: EvaluationContext): ArrayValue {
  const element = { oid: typeByOid(type.oid).elementOid, typmod: type.typmod };
  const depth = depthOf(source);
  const lengths: number[] = [];
  const found: Datum[] = [];
  const walk = (part: Source, indexes: readonly number[]): void => {
    const level = indexes.length;
    if (level === depth && level > 0) {
      found.push(fill(part, { name, type: element }, context));
      return;
    }
    if (part.kind !== 'array') {
      const what = level === 0 ? 'value' : `array element ${indexes.map((index) => `[${index}]`).join('')}`;
      throw new SqlError(sqlstate.invalidTextRepresentation, 'expected JSON array', { hint: `See the ${what} of key "${name}".` });
    }
    const items = part.items();
    lengths[level] ??= items.length;
    if (lengths[level] !== items.length) {
      throw new SqlError(sqlstate.invalidTextRepresentation, 'malformed JSON array', {
        detail: 'Multidimensional arrays must have sub-arrays with matching dimensions.',
      });
    }
    for (const [index, item] of items.entries()) walk(item, [...indexes, index]);
  };
  walk(source, []);
  return found.length === 0 ? new ArrayValue(element.oid, []) : new ArrayValue(element.oid, found, lengths);
}

function depthOf(source: Source): number {
  if (source.kind !== 'array') return 0;
  const [first] = source.items();
  return first === undefined ? 1 : 1 + depthOf(first);
}

function checkObject(source: Source): void {
  if (source.kind === 'object') return;
  throw cannot(`cannot call populate_composite on ${source.kind === 'array' ? 'an array' : 'a scalar'}`);
}

/** Columns that the object does not name keep the base row's value. */
function fillRow(source: Source, columns: readonly Column[], base: readonly Datum[] | undefined, context: EvaluationContext): Datum[] {
  checkObject(source);
  return columns.map((column, at) => {
    const found = source.member(column.name);
    return found === undefined ? (base?.[at] ?? null) : fill(found, column, context);
  });
}

const asRecord = (columns: readonly Column[], values: readonly Datum[]): RecordValue =>
  new RecordValue(
    columns.map((column) => column.type.oid),
    columns.map((column) => column.name),
    values,
  );

/** The rows' columns, from the definition list, from the relation whose row type the base is of, or else from the base row. */
function columnsOf(types: CallTypes, base: RecordValue | undefined, name: string, context: EvaluationContext): readonly Column[] {
  const own = isRowTypeOid(types.args[0]) ? context.names?.rowFields(types.args[0]) : undefined;
  if (own !== undefined) return own;
  if (types.columns !== undefined && types.columns.length > 0) return types.columns;
  if (base !== undefined) {
    const names = recordNames(base);
    return base.typeOids.map((typeOid, at) => ({ name: names[at], type: { oid: typeOid, typmod: -1 } }));
  }
  throw notSupported(`could not determine row type for result of ${name}`, {
    hint: 'Provide a non-null record argument, or call the function in the FROM clause using a column definition list.',
  });
}

const baseOf = (base: Datum): RecordValue | undefined => (base instanceof RecordValue ? base : undefined);

function* objectsOf(source: Source, name: string): Generator<Source> {
  if (source.kind !== 'array') {
    const what = name.startsWith('jsonb') ? 'a non-array' : source.kind === 'object' ? 'an object' : 'a scalar';
    throw cannot(`cannot call ${name} on ${what}`);
  }
  for (const item of source.items()) {
    if (item.kind !== 'object') throw cannot(`argument of ${name} must be an array of objects`);
    yield item;
  }
}

const last = (args: readonly unknown[]): EvaluationContext => args.at(-1) as EvaluationContext;

function refuseScalar({ args }: CallTypes, name: string): void {
  const type = pgTypeByOid(args[0]);
  if (type !== undefined && type.oid !== oid.record && type.category !== 'C')
    throw new SqlError(sqlstate.datatypeMismatch, `first argument of ${name} must be a row type`);
}

const populateRecord = (name: string): Implementation => ({
  kind: 'scalar',
  vector: undefined,
  forTypes:
    (types) =>
    (base: Datum, document: Datum, ...rest: unknown[]) => {
      refuseScalar(types, name);
      if (document === null) return base;
      const own = baseOf(base);
      const columns = columnsOf(types, own, name, last(rest));
      return asRecord(columns, fillRow(sourceOf(document), columns, own?.values, last(rest)));
    },
});

const populateSet = (name: string): Implementation => ({
  kind: 'set',
  forTypes: (types) =>
    function* (base: Datum, document: Datum, ...rest: unknown[]) {
      refuseScalar(types, name);
      if (document === null) return;
      const own = baseOf(base);
      const columns = columnsOf(types, own, name, last(rest));
      for (const source of objectsOf(sourceOf(document), name)) yield asRecord(columns, fillRow(source, columns, own?.values, last(rest)));
    },
});

const toRecord = (name: string): Implementation => ({
  kind: 'scalar',
  vector: undefined,
  forTypes:
    (types) =>
    (document: Datum, ...rest: unknown[]) => {
      const columns = columnsOf(types, undefined, name, last(rest));
      return asRecord(columns, fillRow(sourceOf(document), columns, undefined, last(rest)));
    },
});

const toRecordSet = (name: string): Implementation => ({
  kind: 'set',
  forTypes: (types) =>
    function* (document: Datum, ...rest: unknown[]) {
      if (document === null) return;
      const columns = columnsOf(types, undefined, name, last(rest));
      for (const source of objectsOf(sourceOf(document), name)) yield fillRow(source, columns, undefined, last(rest));
    },
});

export const jsonPopulationFunctions: Implementations = {
  'json_populate_record(anyelement,json,bool)': populateRecord('json_populate_record'),
  'jsonb_populate_record(anyelement,jsonb)': populateRecord('jsonb_populate_record'),
  'json_populate_recordset(anyelement,json,bool)': populateSet('json_populate_recordset'),
  'jsonb_populate_recordset(anyelement,jsonb)': populateSet('jsonb_populate_recordset'),
  'json_to_record(json)': toRecord('json_to_record'),
  'jsonb_to_record(jsonb)': toRecord('jsonb_to_record'),
  'json_to_recordset(json)': toRecordSet('json_to_recordset'),
  'jsonb_to_recordset(jsonb)': toRecordSet('jsonb_to_recordset'),
};
