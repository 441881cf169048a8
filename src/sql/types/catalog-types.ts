/**
 * Types that a cluster's catalog makes: the row type of each relation, arrays of those, and arrays of domains. What such a type can do
 * follows from its oid alone, and its oid from that of its relation or domain, so that the process-wide tables of types need no catalog:
 * only the fields and the name do (docs/decisions/0011-types-of-the-catalog.md).
 *
 *   C1  The oids are those of the relation plus a constant, in ranges that no object has.
 *   C2  Where a text names such a type and no catalog is at hand, `typeMark` stands for the name; whoever hands the text out and has a
 *       catalog puts the name there (`nameMarkedTypes`).
 */
import { oid } from '../oids.ts';
import { firstTemporaryOid } from '../spaces.ts';
import type { TypeRef } from '../type.ts';

const rangeSize = 0x1000_0000;
const firstRowType = 0x2000_0000;
const firstTemporaryRowType = firstRowType + 2 * rangeSize;
const firstDomainArray = rangeSize;

/** pg_class.reltype. */
export const rowTypeOf = (relationOid: number): number =>
  relationOid >= firstTemporaryOid ? relationOid - firstTemporaryOid + firstTemporaryRowType : relationOid + firstRowType;

/** The relation that a row type is of; undefined for every other type. */
export function relationOfRowType(typeOid: number): number | undefined {
  if (typeOid < firstRowType || typeOid >= firstTemporaryRowType + rangeSize) return undefined;
  if (typeOid < firstRowType + rangeSize) return typeOid - firstRowType;
  return typeOid >= firstTemporaryRowType ? typeOid - firstTemporaryRowType + firstTemporaryOid : undefined;
}

export const isRowTypeOid = (typeOid: number): boolean => relationOfRowType(typeOid) !== undefined;

/** A row type or an array of one. */
export const isCatalogType = (typeOid: number): boolean => isRowTypeOid(typeOid) || elementOfRowArray(typeOid) !== undefined;

/** Rows of whatever type: records, and those of a relation. */
export const isComposite = (typeOid: number): boolean => typeOid === oid.record || isRowTypeOid(typeOid);

/** pg_type.typarray of a row type. */
export const rowArrayOf = (rowTypeOid: number): number => rowTypeOid + rangeSize;

/** The row type that an array type is over; undefined for every other type. */
export function elementOfRowArray(typeOid: number): number | undefined {
  const element = typeOid - rangeSize;
  return isRowTypeOid(element) ? element : undefined;
}

/** pg_type.typarray of a domain. */
export const domainArrayOf = (domainOid: number): number => domainOid + firstDomainArray;

/** The domain that an array type is over; undefined for every other type. */
export const domainOfArray = (typeOid: number): number | undefined =>
  typeOid >= firstDomainArray && typeOid < firstDomainArray + rangeSize ? typeOid - firstDomainArray : undefined;

/** What a client is told: a domain's values are of its base type, while an array of domains is a type of its own. */
export const sentTypeOf = ({ oid: typeOid, domain }: TypeRef): number =>
  domain !== undefined && domainOfArray(domain) !== undefined ? domain : typeOid;

const border = '\u{F8FF}';

/** C2 */
export const typeMark = (rowTypeOid: number): string => `${border}${rowTypeOid}${border}`;

export function nameMarkedTypes(text: string, nameOf: (typeOid: number) => string | undefined): string {
  if (!text.includes(border)) return text;
  return text.replace(/\u{F8FF}(\d+)\u{F8FF}/gu, (_, typeOid: string) => nameOf(Number(typeOid)) ?? '???');
}
