/**
 * TypeBehaviour: the part of a Type that its own file writes; the registry adds what PostgreSQL's catalog says (oid, name, category).
 *
 * A type's file knows how its datums are represented (`Value`); everything outside hands them on as Datum. That one step from
 * Datum to Value is made here and nowhere else: expressions are typed before they run, so a value always fits its type.
 *
 * Row form (`encodeRow`): a type whose `length` in pg_type is above zero writes exactly that many bytes, but for `name`.
 */
import { type ByteReader, type ByteWriter, EndOfBytes } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import type { KeyReader, KeyWriter } from '../key.ts';
import type { NonNull, Remark, Type, TypeContext } from '../type.ts';

export type TypeFacts = Pick<Type, 'oid' | 'name' | 'displayName' | 'category' | 'preferred' | 'length' | 'arrayOid' | 'elementOid'>;
export type TypeBehaviour = Omit<Type, keyof TypeFacts>;

/** Like TypeBehaviour, but over the type's own representation, and with the optional parts left out where there are none. */
export type BehaviourOf<Value> = {
  readonly input: (text: string, typmod: number, context: TypeContext) => Datum;
  readonly output: (value: Value, context: TypeContext) => string;
  readonly receive: (reader: ByteReader, typmod: number, context: TypeContext) => Datum;
  readonly send: (value: Value, writer: ByteWriter, context: TypeContext) => void;
  readonly compare?: (a: Value, b: Value) => number;
  readonly hashKey?: (value: Value) => string | number | bigint | boolean;
  readonly encodeKey?: (value: Value, writer: KeyWriter) => void;
  readonly decodeKey?: (reader: KeyReader) => Datum;
  readonly encodeRow: (value: Value, writer: ByteWriter) => void;
  readonly decodeRow: (buffer: Buffer, offset: number, length: number) => Datum;
  readonly typmodIn?: (modifiers: readonly number[], remark?: Remark) => number;
  readonly typmodOut?: (typmod: number) => string;
  readonly applyTypmod?: (value: Value, typmod: number, explicit: boolean) => Datum;
};

export function behaviour<Value extends NonNull>(own: BehaviourOf<Value>): TypeBehaviour {
  const whole = {
    compare: undefined,
    hashKey: undefined,
    encodeKey: undefined,
    decodeKey: undefined,
    typmodIn: undefined,
    typmodOut: undefined,
    applyTypmod: undefined,
    ...own,
    receive: guarded(own.receive),
  };
  return whole as unknown as TypeBehaviour;
}

/** Malformed binary input is the client's fault: bytes that end early or are left over get PostgreSQL's errors. */
function guarded(receive: TypeBehaviour['receive']): TypeBehaviour['receive'] {
  return (reader, typmod, context) => {
    let value: Datum;
    try {
      value = receive(reader, typmod, context);
    } catch (error) {
      if (error instanceof EndOfBytes) throw new SqlError(sqlstate.protocolViolation, 'insufficient data left in message');
      throw error;
    }
    if (reader.remaining > 0) throw new SqlError(sqlstate.invalidBinaryRepresentation, 'incorrect binary data format');
    return value;
  };
}

export const invalidSyntax = (typeName: string, text: string): SqlError =>
  new SqlError(sqlstate.invalidTextRepresentation, `invalid input syntax for type ${typeName}: "${text}"`);

export const valueOutOfRange = (typeName: string, text: string): SqlError =>
  new SqlError(sqlstate.numericValueOutOfRange, `value "${text}" is out of range for type ${typeName}`);

/** What C's isspace() takes, which PostgreSQL skips around most values. */
export const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);

/** The text without white space at its ends. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}
