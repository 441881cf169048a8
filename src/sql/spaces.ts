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
export const firstRelationSpace: SpaceId = 16384;

const oidBytes = spacePrefix;

/** The catalog's own row: its value holds the next free oid. Every schema change writes it, so that schema changes are one after another. */
export const catalogVersionKey: Key = spacePrefix(catalogSpace) + oidBytes(0);
export const descriptorKey = (oid: number): Key => spacePrefix(catalogSpace) + oidBytes(oid);
export const writtenKey = (relationOid: number): Key => spacePrefix(writtenSpace) + oidBytes(relationOid);
export const sequenceKey = (sequenceOid: number): Key => spacePrefix(sequenceSpace) + oidBytes(sequenceOid);

const catalogPrefix = spacePrefix(catalogSpace);
export const isSchemaKey = (key: Key): boolean => key.startsWith(catalogPrefix);
