/** inet and cidr: network addresses, for queries only. The datum is the text that PostgreSQL prints. */
import type { ByteReader, ByteWriter } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { behaviour, invalidSyntax, type TypeBehaviour } from './behaviour.ts';

type Address = { readonly bytes: readonly number[]; readonly bits: number };

function parseIpv4(text: string, isCidr: boolean): Address | undefined {
  const match = /^([0-9]+(?:\.[0-9]+){0,3})(?:\/([0-9]+))?$/.exec(text);
  if (match === null) return undefined;
  const bytes = match[1].split('.').map(Number);
  if (bytes.some((byte) => byte > 255) || (bytes.length < 4 && !isCidr && match[2] === undefined)) return undefined;
  const stated = bytes.length;
  while (bytes.length < 4) bytes.push(0);
  let bits = match[2] === undefined ? 32 : Number(match[2]);
  // A cidr without a length has at least that of its old address class, and covers the bytes that were written.
  if (match[2] === undefined && isCidr && stated < 4) bits = Math.max(classBits(bytes[0]), stated * 8);
  return bits > 32 ? undefined : { bytes, bits };
}

function classBits(first: number): number {
  if (first >= 240) return 32;
  if (first >= 224) return 8;
  if (first >= 192) return 24;
  return first >= 128 ? 16 : 8;
}

function parseIpv6(text: string): Address | undefined {
  const match = /^([0-9a-fA-F:.]*)(?:\/([0-9]+))?$/.exec(text);
  if (match === null || !match[1].includes(':')) return undefined;
  let groups = match[1];
  const dotted = /^(.*:)([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)$/.exec(groups);
  if (dotted !== null) {
    const last = parseIpv4(dotted[2], false);
    if (last === undefined) return undefined;
    const [a, b, c, d] = last.bytes;
    groups = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = groups.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if ([...head, ...(tail ?? [])].some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...(tail ?? [])];
  const bytes = all.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
  const bits = match[2] === undefined ? 128 : Number(match[2]);
  return bits > 128 ? undefined : { bytes, bits };
}

function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index] << 8) | bytes[2 * index + 1]);
  const zeros = (from: number): number => {
    let length = 0;
    while (from + length < 8 && groups[from + length] === 0) length++;
    return length;
  };
  let start = -1;
  let length = 1;
  for (let index = 0; index < 8; index++) {
    if (zeros(index) > length) {
      start = index;
      length = zeros(index);
    }
  }
  // Addresses that hold an IPv4 address end with it.
  const embedsIpv4 = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  if (embedsIpv4) return `::${length === 5 ? 'ffff:' : ''}${bytes.slice(12).join('.')}`;
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

function format({ bytes, bits }: Address, alwaysBits: boolean): string {
  const host = bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);
  return alwaysBits || bits !== bytes.length * 8 ? `${host}/${bits}` : host;
}

/** The bytes with all bits right of the mask cleared. */
const network = ({ bytes, bits }: Address): number[] =>
  bytes.map((byte, index) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - index * 8))) & 0xff);

const hasHostBits = (address: Address): boolean => network(address).some((byte, index) => byte !== address.bytes[index]);

function parse(text: string, typeName: 'inet' | 'cidr'): Address {
  const isCidr = typeName === 'cidr';
  const address = parseIpv4(text, isCidr) ?? parseIpv6(text);
  if (address === undefined) throw invalidSyntax(typeName, text);
  if (isCidr && hasHostBits(address)) {
    throw new SqlError(sqlstate.invalidTextRepresentation, `invalid cidr value: "${text}"`, {
      detail: 'Value has bits set to right of mask.',
    });
  }
  return address;
}

const stored = (text: string): Address => parse(text, 'inet');

/** Family, then the common bits of the network, then the mask's length, then all bits. */
function compare(a: string, b: string): number {
  const x = stored(a);
  const y = stored(b);
  if (x.bytes.length !== y.bytes.length) return x.bytes.length < y.bytes.length ? -1 : 1;
  const common = Math.min(x.bits, y.bits);
  return (
    compareBytes(network({ bytes: x.bytes, bits: common }), network({ bytes: y.bytes, bits: common })) ||
    x.bits - y.bits ||
    compareBytes(x.bytes, y.bytes)
  );
}

function compareBytes(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return a[index] - b[index];
  return 0;
}

const familyIpv4 = 2;
const familyIpv6 = 3;

function send(text: string, isCidr: boolean, writer: ByteWriter): void {
  const { bytes, bits } = stored(text);
  writer.uint8(bytes.length === 4 ? familyIpv4 : familyIpv6);
  writer.uint8(bits);
  writer.uint8(isCidr ? 1 : 0);
  writer.uint8(bytes.length);
  for (const byte of bytes) writer.uint8(byte);
}

function receive(reader: ByteReader, typeName: 'inet' | 'cidr'): string {
  const malformed = (part: string): SqlError =>
    new SqlError(sqlstate.invalidBinaryRepresentation, `invalid ${part} in external "${typeName}" value`);
  const family = reader.uint8();
  if (family !== familyIpv4 && family !== familyIpv6) throw malformed('address family');
  const bits = reader.uint8();
  if (bits > (family === familyIpv4 ? 32 : 128)) throw malformed('bits');
  reader.uint8();
  const length = reader.uint8();
  if (length !== (family === familyIpv4 ? 4 : 16)) throw malformed('length');
  const address = { bytes: [...reader.bytes(length)], bits };
  if (typeName === 'cidr' && hasHostBits(address)) {
    throw new SqlError(sqlstate.invalidBinaryRepresentation, 'invalid external "cidr" value', {
      detail: 'Value has bits set to right of mask.',
    });
  }
  return format(address, typeName === 'cidr');
}

function addressType(typeName: 'inet' | 'cidr'): TypeBehaviour {
  return behaviour<string>({
    input: (text) => format(parse(text, typeName), typeName === 'cidr'),
    // A cidr taken for an inet shows no mask where that is whole.
    output:
      typeName === 'cidr'
        ? (value) => value
        : (value) => (value.endsWith('/32') || value.endsWith('/128') ? format(stored(value), false) : value),
    receive: (reader) => receive(reader, typeName),
    send: (value, writer) => send(value, typeName === 'cidr', writer),
    compare,
    hashKey: (value) => format(stored(value), true),
    encodeRow: (value, writer) => {
      writer.utf8(value);
    },
    decodeRow: (buffer, offset, length) => buffer.latin1Slice(offset, offset + length),
  });
}

export const inetType = addressType('inet');
export const cidrType = addressType('cidr');

/** For functions of addresses (functions/inet.ts). */
export { type Address, format as formatAddress, network as networkBytes, stored as addressOf };
