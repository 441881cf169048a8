/** A sequence read as a table: one row that says where it has got to. */
import { int8 } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { sequenceKey } from '#sql/spaces.ts';
import { typeRef } from '#sql/type.ts';
import type { Run } from '../../executor/operator.ts';
import type { ColumnDescriptor, SequenceDescriptor, TableDescriptor } from '../descriptors.ts';
import { decodeSequenceState, initialState } from '../sequence-rows.ts';
import type { SystemRow } from './row-maker.ts';

const column = (attributeNumber: number, name: string, typeOid: number): ColumnDescriptor => ({
  attributeNumber,
  name,
  type: typeRef(typeOid),
  notNull: true,
  defaultText: undefined,
  generated: undefined,
  identity: undefined,
  isDropped: false,
  missingText: undefined,
});

const columns = [column(1, 'last_value', oid.int8), column(2, 'log_cnt', oid.int8), column(3, 'is_called', oid.bool)];

/** What the planner takes for the sequence: a relation whose rows code makes. */
export const sequenceTable = ({ oid, schemaOid, schemaName, name, ownerOid }: SequenceDescriptor): TableDescriptor => ({
  kind: 'system',
  oid,
  schemaOid,
  schemaName,
  name,
  ownerOid,
  space: oid,
  columns,
  primaryKey: undefined,
  indexes: [],
  checks: [],
  foreignKeys: [],
});

/** As it is now, not as of the snapshot: what nextval takes is taken for good, and seen by all at once. With a cache it is the end of the last block. */
export function sequenceRow(sequence: SequenceDescriptor, { storage, transaction, observed }: Run): SystemRow {
  const key = sequenceKey(sequence.oid);
  const own = transaction.overlay?.get(key);
  const row = own === undefined ? storage.get(storage.appliedTimestamp, [key], observed)[0] : own.value;
  const { lastValue, isCalled } = row === undefined ? initialState(sequence) : decodeSequenceState(row);
  return { last_value: int8(lastValue), log_cnt: 0, is_called: isCalled };
}
