/** A session's view of sequences: nextval through the node's allocator, and what currval and lastval remember of it. */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { type Datum, int8 } from '#sql/datum.ts';
import { privilege } from '#sql/privilege.ts';
import { firstTemporaryOid, sequenceKey } from '#sql/spaces.ts';
import type { SequenceDescriptor } from '../catalog/descriptors.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { roleOidOf } from '../catalog/privileges/role-graph.ts';
import { permissionDenied, privilegesOn, relationObject } from '../catalog/privileges/secured-object.ts';
import { decodeSequenceState, encodeSequenceState, initialState, takeBlock } from '../catalog/sequence-rows.ts';
import type { SequenceAllocator } from './sequence-allocator.ts';
import type { SequenceCalls } from './statement-run.ts';
import type { TransactionBlock } from './transaction-block.ts';

export class SessionSequences implements SequenceCalls {
  readonly #block: TransactionBlock;
  readonly #allocator: SequenceAllocator;
  readonly #current = new Map<number, Datum>();
  #passed: { readonly catalog: LoadedCatalog; readonly user: string; readonly oid: number; readonly wanted: number } | undefined;
  #last: { readonly oid: number; readonly value: Datum } | undefined;

  constructor(block: TransactionBlock, allocator: SequenceAllocator) {
    this.#block = block;
    this.#allocator = allocator;
  }

  async nextval(calls: readonly (readonly Datum[])[]): Promise<readonly Datum[]> {
    this.#block.throwIfReadOnly('nextval()');
    const counts = new Map<number, number>();
    for (const [oid, isOfIdentity] of calls) if (isOfIdentity !== true) this.#requireAny(Number(oid), privilege.usage | privilege.update);
    for (const [oid] of calls) counts.set(Number(oid), (counts.get(Number(oid)) ?? 0) + 1);
    const values = new Map<number, readonly Datum[]>();
    for (const [oid, count] of counts) {
      const sequence = this.#sequence(oid);
      const taken = this.#takeTemporary(sequence, count) ?? this.#takeOwn(sequence, count) ?? (await this.#allocator.next(sequence, count));
      const last = taken[taken.length - 1];
      this.#current.set(oid, last);
      this.#last = { oid, value: last };
      values.set(oid, taken);
    }
    const used = new Map<number, number>();
    return calls.map(([argument]) => {
      const oid = Number(argument);
      const at = used.get(oid) ?? 0;
      used.set(oid, at + 1);
      return values.get(oid)?.[at] ?? null;
    });
  }

  /** Of the session's own sequences: taken at once, and never given back. */
  #takeTemporary(sequence: SequenceDescriptor, count: number): readonly Datum[] | undefined {
    if (sequence.oid < firstTemporaryOid) return undefined;
    const { transaction, temporary } = this.#block;
    const key = sequenceKey(sequence.oid);
    const isPending = transaction.overlay?.get(key)?.value !== temporary.rows.get(key);
    // What ALTER SEQUENCE has said in this transaction is kept or lost with it.
    if (isPending) return this.#takeOwn(sequence, count);
    const values: Datum[] = [];
    while (values.length < count) {
      const row = temporary.rows.get(key);
      const { block, after } = takeBlock(
        sequence,
        row === undefined ? initialState(sequence) : decodeSequenceState(row),
        count - values.length,
      );
      for (let at = 0; at < block.count; at++) values.push(int8(block.first + block.increment * BigInt(at)));
      temporary.rows.set(key, encodeSequenceState(after));
    }
    return values;
  }

  /** After setval, RESTART or the like in this very transaction: values go on from there, and are kept or lost with it. */
  #takeOwn(sequence: SequenceDescriptor, count: number): readonly Datum[] | undefined {
    const { transaction } = this.#block;
    const key = sequenceKey(sequence.oid);
    const values: Datum[] = [];
    while (values.length < count) {
      const row = transaction.overlay?.get(key)?.value;
      if (row === undefined) return undefined;
      const { block, after } = takeBlock(sequence, decodeSequenceState(row), count - values.length);
      for (let at = 0; at < block.count; at++) values.push(int8(block.first + block.increment * BigInt(at)));
      transaction.write(key, encodeSequenceState(after), 'write');
    }
    return values;
  }

  call(name: 'nextval' | 'currval' | 'lastval' | 'setval', args: readonly Datum[]): Datum {
    switch (name) {
      case 'nextval':
        throw notSupported('nextval is not supported in this place');
      case 'currval': {
        const sequence = this.#sequence(Number(args[0]));
        this.#requireAny(sequence.oid, privilege.usage | privilege.select);
        const value = this.#current.get(sequence.oid);
        if (value === undefined)
          throw new SqlError(
            sqlstate.objectNotInPrerequisiteState,
            `currval of sequence "${sequence.name}" is not yet defined in this session`,
          );
        return value;
      }
      case 'lastval':
        if (this.#last === undefined)
          throw new SqlError(sqlstate.objectNotInPrerequisiteState, 'lastval is not yet defined in this session');
        this.#requireAny(this.#last.oid, privilege.usage | privilege.select);
        return this.#last.value;
      case 'setval':
        return this.#setval(Number(args[0]), BigInt(String(args[1])), args[2] !== false);
    }
  }

  /** Takes effect with the transaction: a row that reads may not wait for a commit of its own. */
  #setval(oid: number, value: bigint, isCalled: boolean): Datum {
    this.#block.throwIfReadOnly('setval()');
    const sequence = this.#sequence(oid);
    this.#requireAny(oid, privilege.update);
    if (value < BigInt(sequence.minimum) || value > BigInt(sequence.maximum))
      throw new SqlError(
        sqlstate.numericValueOutOfRange,
        `setval: value ${value} is out of bounds for sequence "${sequence.name}" (${sequence.minimum}..${sequence.maximum})`,
      );
    this.#block.transaction.write(sequenceKey(oid), encodeSequenceState({ lastValue: value, isCalled }), 'write');
    this.#block.afterCommit(() => this.#allocator.forget(oid));
    const datum = int8(value);
    if (isCalled) {
      this.#current.set(oid, datum);
      this.#last = { oid, value: datum };
    }
    return datum;
  }

  /** Throws 42501 where the role has none of the privileges. Asked once for a statement's catalog and user. */
  #requireAny(oid: number, wanted: number): void {
    const { catalog, user } = this.#block;
    const passed = this.#passed;
    if (passed?.catalog === catalog && passed.user === user && passed.oid === oid && passed.wanted === wanted) return;
    const object = relationObject(this.#sequence(oid));
    if ((privilegesOn(catalog, object, roleOidOf(catalog, user)) & wanted) === 0) throw permissionDenied(object);
    this.#passed = { catalog, user, oid, wanted };
  }

  #sequence(oid: number): SequenceDescriptor {
    const relation = this.#block.catalog.relationByOid(oid);
    if (relation?.kind === 'sequence') return relation;
    if (relation === undefined) throw new SqlError(sqlstate.undefinedTable, `relation with OID ${oid} does not exist`);
    throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a sequence`);
  }
}
