/**
 * Type: what a datatype can do. One file a type (or family) under `types/`, gathered by `types/registry.ts`.
 *
 * Names, oids, category, length and so on are PostgreSQL's own (`postgres/pg-type.ts`); here is the behaviour.
 */
import type { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { Notice } from '#base/sql-error.ts';
import type { Datum } from './datum.ts';
import type { KeyReader, KeyWriter } from './key.ts';
import type { Settings } from './settings.ts';

/** A type as used somewhere: `typmod` is PostgreSQL's (-1 for none; varchar(n) is n + 4 and so on). */
export type TypeRef = {
  readonly oid: number;
  readonly typmod: number;
  /** Oid of the domain that the value is one of; `oid` and `typmod` are then those of the type below, which decides all but checks and names. */
  readonly domain?: number;
};

export const typeRef = (oid: number, typmod = -1): TypeRef => ({ oid, typmod });

/**
 * What text input and output may depend on. The type functions get it as their last argument.
 * It is the narrow part of EvaluationContext that types need.
 */
export type TypeContext = {
  readonly settings: Settings;
  /** Start of the transaction in microseconds since 1970: 'now', 'today' and the like in date input. */
  readonly transactionTimestamp: number;
  /** Looks up names for reg* types; undefined where no catalog is at hand. */
  readonly names: NameLookup | undefined;
  /** Tells the client something beside the answer: that a precision is reduced. */
  readonly remark?: Remark | undefined;
};

export type Remark = (notice: Notice) => void;

/** What the reg* types and information functions ask of the catalog, as strings and oids only. */
export interface NameLookup {
  /** Throws SqlError 42P01/42883/42704 and so on when there is none. `kind` is the reg type's name without 'reg'. */
  oidOf(kind: RegKind, text: string): number;
  /** A type with its modifier, as a cast would have it: read by the grammar. Throws 42601 and 42704. */
  typeOf(text: string, remark: Remark | undefined): TypeRef;
  /** Qualified only when not visible in the search path; undefined when there is no such object. */
  nameOf(kind: RegKind, oid: number): string | undefined;
  /** The columns of the relation whose row type it is; undefined when there is no such relation. */
  rowFields(rowTypeOid: number): readonly { readonly name: string; readonly type: TypeRef }[] | undefined;
}
export type RegKind = 'class' | 'type' | 'proc' | 'procedure' | 'oper' | 'operator' | 'namespace' | 'role' | 'collation';

export type Type = {
  readonly oid: number;
  /** pg_type.typname: int4, varchar, _text. */
  readonly name: string;
  /** What format_type prints for typmod -1: integer, character varying, text[]. */
  readonly displayName: string;
  readonly category: string;
  readonly preferred: boolean;
  /** pg_type.typlen: bytes, -1 variable, -2 cstring. */
  readonly length: number;
  /** 0 where there is none. */
  readonly arrayOid: number;
  /** The element's oid for array types, else 0. */
  readonly elementOid: number;

  /** Text form to datum; SqlError 22P02 (or PostgreSQL's own code) when malformed. Applies the typmod as input does (silently cutting nothing). */
  readonly input: (text: string, typmod: number, context: TypeContext) => Datum;
  readonly output: (value: NonNull, context: TypeContext) => string;
  /** Binary form to datum; the reader holds exactly the value. SqlError 22P03 when malformed. */
  readonly receive: (reader: ByteReader, typmod: number, context: TypeContext) => Datum;
  readonly send: (value: NonNull, writer: ByteWriter, context: TypeContext) => void;

  /** btree order, total, NULL left out; undefined where the type has no default btree operator class (json). */
  readonly compare: ((a: NonNull, b: NonNull) => number) | undefined;
  /** Equal values, and only those, give the same key in a Map of this one type. undefined as for compare. */
  readonly hashKey: ((value: NonNull) => string | number | bigint | boolean) | undefined;

  /** Order-preserving key form (sql/key.ts); undefined: the type cannot be in a key. */
  readonly encodeKey: ((value: NonNull, writer: KeyWriter) => void) | undefined;
  /** Back from the key form, where that is exact (numeric's display scale and bpchar's blanks are lost: undefined there). */
  readonly decodeKey: ((reader: KeyReader) => Datum) | undefined;

  /** Form inside a stored row; `length` bytes at `offset`. Never depends on settings. */
  readonly encodeRow: (value: NonNull, writer: ByteWriter) => void;
  readonly decodeRow: (buffer: Buffer, offset: number, length: number) => Datum;

  /** typmod from the modifiers in parentheses: varchar(10) gives [10]; undefined: the type takes none (42601 by the caller). */
  readonly typmodIn: ((modifiers: readonly number[], remark?: Remark) => number) | undefined;
  /** '(10)' or '(10,2)' or '(3) without time zone'; undefined where the type has no modifiers. */
  readonly typmodOut: ((typmod: number) => string) | undefined;
  /**
   * Fits a value to a typmod >= 0. `explicit` casts cut silently where the standard says so, assignments fail (22001, 22003).
   * undefined: no such thing.
   */
  readonly applyTypmod: ((value: NonNull, typmod: number, explicit: boolean) => Datum) | undefined;
};

export type NonNull = Exclude<Datum, null>;
