/**
 * The key space's map: which SpaceId holds what. Relations and indexes have their oid (>= 16384) as their space.
 */
import type { Key, SpaceId } from './key.ts';
import { spacePrefix } from './key.ts';

/** Catalog rows: one descriptor each, `oid` as four bytes. Keys here are schema keys: a conflict on one is OC001. */
export const catalogSpace: SpaceId = 1;
/** Marks "rows of this relation were written": relation oid as four bytes. */
export const writtenSpace: SpaceId = 2;
/** Sequence values: sequence oid as four bytes. */
export const sequenceSpace: SpaceId = 3;
/** Job rows: 16-byte job id. */
export const jobSpace: SpaceId = 4;
/** Statistics of ANALYZE: table oid as four bytes. */
export const statisticsSpace: SpaceId = 5;
export const firstRelationSpace: SpaceId = 16384;
/** From here on oids and spaces belong to temporary objects of a session. Within what the protocol sends as a signed number. */
export const firstTemporaryOid = 0x7000_0000;

const oidBytes = spacePrefix;

/** The catalog's own row: its value holds the next free oid. Every schema change writes it, so that schema changes are one after another. */
export const catalogVersionKey: Key = spacePrefix(catalogSpace) + oidBytes(0);
export const descriptorKey = (oid: number): Key => spacePrefix(catalogSpace) + oidBytes(oid);
export const writtenKey = (relationOid: number): Key => spacePrefix(writtenSpace) + oidBytes(relationOid);
export const sequenceKey = (sequenceOid: number): Key => spacePrefix(sequenceSpace) + oidBytes(sequenceOid);

const temporaryByte = firstTemporaryOid >>> 24;

/** Rows and entries of temporary tables, and what the catalog's, marks' and sequences' spaces hold under the oid of a temporary object. */
export function isTemporaryKey(key: Key): boolean {
  const first = key.charCodeAt(0);
  if (first >= temporaryByte) return true;
  if (first !== 0 || key.charCodeAt(1) !== 0 || key.charCodeAt(2) !== 0 || key.charCodeAt(3) > sequenceSpace) return false;
  return key.charCodeAt(4) >= temporaryByte;
}

const catalogPrefix = spacePrefix(catalogSpace);
export const isSchemaKey = (key: Key): boolean => key.startsWith(catalogPrefix);
