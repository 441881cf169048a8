/** CREATE SEQUENCE and ALTER SEQUENCE, and the sequences behind identity and serial columns. */
import type { AlterSeqStmt, CreateSeqStmt, DefElem, Node } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { sequenceKey } from '#sql/spaces.ts';
import { resolveTypeName } from '../../analyzer/type-name.ts';
import type { SequenceDescriptor } from '../descriptors.ts';
import { encodeSequenceState } from '../sequence-rows.ts';
import type { SchemaChange } from './schema-change.ts';

const bounds: ReadonlyMap<number, readonly [bigint, bigint]> = new Map([
  [oid.int2, [-32768n, 32767n]],
  [oid.int4, [-2147483648n, 2147483647n]],
  [oid.int8, [-9223372036854775808n, 9223372036854775807n]],
]);

/** What a sequence of this type may hold; undefined when there is none of it. */
export function sequenceBounds(typeOid: number): { readonly minimum: bigint; readonly maximum: bigint } | undefined {
  const found = bounds.get(typeOid);
  return found === undefined ? undefined : { minimum: found[0], maximum: found[1] };
}

type Options = ReadonlyMap<string, DefElem>;

function optionsOf(change: SchemaChange, nodes: readonly Node[]): Options {
  const options = new Map<string, DefElem>();
  for (const node of nodes) {
    if (!('DefElem' in node)) continue;
    const name = node.DefElem.defname ?? '';
    if (options.has(name)) throw change.error(sqlstate.syntaxError, 'conflicting or redundant options', node.DefElem.location);
    options.set(name, node.DefElem);
  }
  return options;
}

function numberOf(option: DefElem | undefined): bigint | undefined {
  const arg = option?.arg;
  if (arg === undefined) return undefined;
  if ('Integer' in arg) return BigInt(arg.Integer.ival ?? 0);
  if ('Float' in arg) return BigInt(arg.Float.fval ?? '0');
  return undefined;
}

const invalid = (message: string): SqlError => new SqlError(sqlstate.invalidParameterValue, message);

type Numbers = Pick<SequenceDescriptor, 'start' | 'increment' | 'minimum' | 'maximum' | 'cache' | 'cycle'>;

/** `before`: the sequence as it is, for ALTER. */
function numbersOf(options: Options, typeOid: number, before: SequenceDescriptor | undefined): Numbers {
  const [least, greatest] = bounds.get(typeOid) ?? [0n, 0n];
  const increment = numberOf(options.get('increment')) ?? BigInt(before?.increment ?? 1);
  if (increment === 0n) throw invalid('INCREMENT must not be zero');
  const given = (name: string, was: string | undefined, otherwise: bigint): bigint => {
    const option = options.get(name);
    if (option === undefined) return was === undefined ? otherwise : BigInt(was);
    return numberOf(option) ?? otherwise;
  };
  const maximum = given('maxvalue', before?.maximum, increment > 0n ? greatest : -1n);
  const minimum = given('minvalue', before?.minimum, increment > 0n ? 1n : least);
  if (maximum > greatest) throw invalid(`MAXVALUE (${maximum}) is out of range for sequence data type ${typeName(typeOid)}`);
  if (minimum < least) throw invalid(`MINVALUE (${minimum}) is out of range for sequence data type ${typeName(typeOid)}`);
  if (minimum >= maximum) throw invalid(`MINVALUE (${minimum}) must be less than MAXVALUE (${maximum})`);
  const start = given('start', before?.start, increment > 0n ? minimum : maximum);
  if (start < minimum) throw invalid(`START value (${start}) cannot be less than MINVALUE (${minimum})`);
  if (start > maximum) throw invalid(`START value (${start}) cannot be greater than MAXVALUE (${maximum})`);
  const cache = given('cache', before?.cache, 1n);
  if (cache <= 0n) throw invalid(`CACHE (${cache}) must be greater than zero`);
  const cycle = options.get('cycle');
  return {
    start: String(start),
    increment: String(increment),
    minimum: String(minimum),
    maximum: String(maximum),
    cache: String(cache),
    cycle: cycle === undefined ? (before?.cycle ?? false) : booleanOf(cycle),
  };
}

const booleanOf = (option: DefElem): boolean =>
  option.arg === undefined || ('Boolean' in option.arg && option.arg.Boolean.boolval === true);

const typeName = (typeOid: number): string => (typeOid === oid.int2 ? 'smallint' : typeOid === oid.int4 ? 'integer' : 'bigint');

export function createSequence(change: SchemaChange, statement: CreateSeqStmt): void {
  const target = statement.sequence ?? {};
  const schema = change.creationSchema(target);
  const name = target.relname ?? '';
  if (change.skipsExisting(schema.oid, name, statement.if_not_exists)) return;
  const options = optionsOf(change, statement.options ?? []);
  const typeOid = typeOf(change, options);
  change.put({
    kind: 'sequence',
    oid: change.newOid(),
    schemaOid: schema.oid,
    schemaName: schema.name,
    name,
    ownerOid: change.ownerOid(),
    ...numbersOf(options, typeOid, undefined),
    ownedBy: ownerOf(change, options),
  });
}

function typeOf(change: SchemaChange, options: Options): number {
  const as = options.get('as')?.arg;
  if (as === undefined || !('TypeName' in as)) return oid.int8;
  const type = resolveTypeName(as.TypeName, change);
  if (!bounds.has(type.oid)) throw invalid('sequence type must be smallint, integer, or bigint');
  return type.oid;
}

function ownerOf(change: SchemaChange, options: Options): SequenceDescriptor['ownedBy'] {
  const arg = options.get('owned_by')?.arg;
  const names =
    arg !== undefined && 'List' in arg ? (arg.List.items ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : '')) : [];
  if (names.length < 2) return undefined;
  const [column] = names.slice(-1);
  const [schemaname, relname] = names.length > 2 ? [names[names.length - 3], names[names.length - 2]] : [undefined, names[0]];
  const table = change.table(schemaname === undefined ? { relname } : { schemaname, relname });
  const found = table?.columns.find((entry) => !entry.isDropped && entry.name === column);
  if (table === undefined || found === undefined)
    throw new SqlError(sqlstate.undefinedColumn, `column "${column}" of relation "${relname}" does not exist`);
  return { tableOid: table.oid, attributeNumber: found.attributeNumber };
}

/** The sequence behind an identity or serial column. */
export function columnSequence(
  change: SchemaChange,
  place: Pick<SequenceDescriptor, 'schemaOid' | 'schemaName' | 'name' | 'ownedBy'>,
  typeOid: number,
  options: readonly Node[],
): SequenceDescriptor {
  const given = optionsOf(change, options);
  const sequence: SequenceDescriptor = {
    kind: 'sequence',
    oid: change.newOid(),
    ownerOid: change.ownerOid(),
    ...place,
    ...numbersOf(given, typeOid, undefined),
  };
  change.put(sequence);
  return sequence;
}

export function alterSequence(change: SchemaChange, statement: AlterSeqStmt): void {
  const target = statement.sequence ?? {};
  const relation = change.findRelation(target);
  if (relation === undefined) {
    change.skipMissing(target, statement.missing_ok);
    return;
  }
  if (relation.kind !== 'sequence') throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a sequence`);
  const options = optionsOf(change, statement.options ?? []);
  const altered: SequenceDescriptor = {
    ...relation,
    ...numbersOf(options, typeOf(change, options), relation),
    ownedBy: options.has('owned_by') ? ownerOf(change, options) : relation.ownedBy,
  };
  change.put(altered);
  const restart = options.get('restart');
  if (restart !== undefined) restartSequence(change, altered, numberOf(restart) ?? BigInt(altered.start));
  change.changedSequences.push(relation.oid);
}

/** From the transaction's commit on the next value is `value`. */
export function restartSequence(change: SchemaChange, sequence: SequenceDescriptor, value: bigint): void {
  if (value < BigInt(sequence.minimum)) throw invalid(`RESTART value (${value}) cannot be less than MINVALUE (${sequence.minimum})`);
  if (value > BigInt(sequence.maximum)) throw invalid(`RESTART value (${value}) cannot be greater than MAXVALUE (${sequence.maximum})`);
  change.host.transaction.write(sequenceKey(sequence.oid), encodeSequenceState({ lastValue: value, isCalled: false }), 'write');
  change.changedSequences.push(sequence.oid);
}
