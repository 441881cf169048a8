/** Functions of network addresses. An address is a text; here it is taken apart into bytes and mask, and put together again. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type Implementations, scalar } from '../function.ts';
import { oid } from '../oids.ts';
import { type Address, addressOf, formatAddress, networkBytes } from '../types/inet.ts';
import { typeByOid } from '../types/registry.ts';
import { type Int8, toInt8 } from './integer.ts';

const invalid = (message: string): SqlError => new SqlError(sqlstate.invalidParameterValue, message);
const wholeBits = (address: Address): number => address.bytes.length * 8;

const inetText = (address: Address): string => formatAddress(address, false);
const cidrText = (address: Address): string => formatAddress(address, true);

/** Ones up to the mask's length. */
const maskBytes = ({ bytes, bits }: Address): number[] =>
  bytes.map((_, index) => (0xff00 >> Math.max(0, Math.min(8, bits - index * 8))) & 0xff);
const asHost = (bytes: readonly number[]): Address => ({ bytes, bits: bytes.length * 8 });

const numberOf = (bytes: readonly number[]): bigint => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

function bytesOf(number: bigint, length: number): number[] {
  if (number < 0n || number >= 1n << BigInt(length * 8)) throw new SqlError(sqlstate.numericValueOutOfRange, 'result is out of range');
  return Array.from({ length }, (_, index) => Number((number >> BigInt((length - 1 - index) * 8)) & 255n));
}

function setMaskLength(text: string, bits: number, isCidr: boolean): string {
  const address = addressOf(text);
  const length = bits === -1 ? wholeBits(address) : bits;
  if (length < 0 || length > wholeBits(address)) throw invalid(`invalid mask length: ${bits}`);
  const masked = { bytes: address.bytes, bits: length };
  return isCidr ? cidrText({ bytes: networkBytes(masked), bits: length }) : inetText(masked);
}

/** cidr without its trailing zero bytes: 10.1/16, 1:2::/80. */
function abbreviateCidr(text: string): string {
  const address = addressOf(text);
  if (address.bytes.length === 4) {
    const shown = Math.max(1, Math.ceil(address.bits / 8));
    return `${address.bytes.slice(0, shown).join('.')}/${address.bits}`;
  }
  return `${address.bits === 0 ? '::' : abbreviateIpv6(address)}/${address.bits}`;
}

/** The groups of two bytes that the mask reaches, two at least, a run of zeros as `::`; what ends in an IPv4 address shows the bytes of that. */
function abbreviateIpv6({ bytes, bits }: Address): string {
  const count = Math.max(2, Math.ceil(bits / 16));
  const groups = Array.from({ length: count }, (_, at) => (bytes[2 * at] << 8) | bytes[2 * at + 1]);
  const run = zeroRun(groups);
  const embedsIpv4 =
    run.length !== count &&
    run.start === 0 &&
    (run.length === 6 || (run.length === 5 && groups[5] === 0xffff) || (run.length === 7 && bytes[14] !== 0 && bytes[15] !== 1));
  let shown = '';
  for (const [at, group] of groups.entries()) {
    if (at >= run.start && at < run.start + run.length) {
      if (at === run.start) shown += ':';
      if (at === count - 1) shown += ':';
    } else if (embedsIpv4 && at > 5) {
      shown += `${at === 6 ? ':' : '.'}${group >> 8}`;
      // The last byte is left off where the mask does not reach it.
      if (at === 6 || bits > 120) shown += `.${group & 0xff}`;
    } else {
      shown += `${shown === '' ? '' : ':'}${group.toString(16)}`;
    }
  }
  return shown;
}

/** The longest run of zeros. As in PostgreSQL a later run that was not longer at its end is counted on by the next zeros. */
function zeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let current = { start: 0, length: 0 };
  for (const [at, group] of groups.entries()) {
    if (group === 0) {
      current = { start: current.length === 0 ? at : current.start, length: current.length + 1 };
    } else if (current.length > longest.length) {
      longest = current;
      current = { start: 0, length: 0 };
    }
  }
  return current.length > longest.length ? current : longest;
}

/** Whether the network of `a` lies in that of `b`. */
function isWithin(a: string, b: string, orEqual: boolean): boolean {
  const x = addressOf(a);
  const y = addressOf(b);
  if (x.bytes.length !== y.bytes.length || (orEqual ? x.bits < y.bits : x.bits <= y.bits)) return false;
  return sameNetwork(x, y, y.bits);
}

function sameNetwork(a: Address, b: Address, bits: number): boolean {
  const x = networkBytes({ bytes: a.bytes, bits });
  const y = networkBytes({ bytes: b.bytes, bits });
  return x.every((byte, index) => byte === y[index]);
}

function overlaps(a: string, b: string): boolean {
  const x = addressOf(a);
  const y = addressOf(b);
  return x.bytes.length === y.bytes.length && sameNetwork(x, y, Math.min(x.bits, y.bits));
}

function bitwise(a: string, b: string, name: string, f: (x: number, y: number) => number): string {
  const x = addressOf(a);
  const y = addressOf(b);
  if (x.bytes.length !== y.bytes.length) throw invalid(`cannot ${name} inet values of different sizes`);
  return inetText({ bytes: x.bytes.map((byte, index) => f(byte, y.bytes[index])), bits: Math.max(x.bits, y.bits) });
}

function plus(text: string, distance: bigint): string {
  const address = addressOf(text);
  return inetText({ bytes: bytesOf(numberOf(address.bytes) + distance, address.bytes.length), bits: address.bits });
}

function difference(a: string, b: string): Int8 {
  const x = addressOf(a);
  const y = addressOf(b);
  if (x.bytes.length !== y.bytes.length) throw invalid('cannot subtract inet values of different sizes');
  // The distance of IPv6 addresses is taken modulo 2^128.
  const apart = numberOf(x.bytes) - numberOf(y.bytes);
  const distance = x.bytes.length === 4 ? apart : BigInt.asIntN(128, apart);
  if (distance !== BigInt.asIntN(64, distance)) throw new SqlError(sqlstate.numericValueOutOfRange, 'result is out of range');
  return toInt8(distance);
}

/** The smallest network that holds both. */
function merge(a: string, b: string): string {
  const x = addressOf(a);
  const y = addressOf(b);
  if (x.bytes.length !== y.bytes.length) throw invalid('cannot merge addresses from different families');
  let bits = Math.min(x.bits, y.bits);
  while (!sameNetwork(x, y, bits)) bits--;
  return cidrText({ bytes: networkBytes({ bytes: x.bytes, bits }), bits });
}

const orderOf = (a: string, b: string): number => typeByOid(oid.inet).compare?.(a, b) ?? 0;
const ofAddress = (f: (address: Address) => Datum) => scalar((text: string) => f(addressOf(text)));

export const inetFunctions: Implementations = {
  'abbrev(inet)': ofAddress(inetText),
  'abbrev(cidr)': scalar(abbreviateCidr),
  'broadcast(inet)': ofAddress((address) => {
    const mask = maskBytes(address);
    return inetText({ bytes: address.bytes.map((byte, index) => byte | (~mask[index] & 0xff)), bits: address.bits });
  }),
  'cidr(inet)': ofAddress((address) => cidrText({ bytes: networkBytes(address), bits: address.bits })),
  'family(inet)': ofAddress((address) => (address.bytes.length === 4 ? 4 : 6)),
  'host(inet)': ofAddress((address) => inetText(asHost(address.bytes))),
  'hostmask(inet)': ofAddress((address) => inetText(asHost(maskBytes(address).map((byte) => ~byte & 0xff)))),
  'masklen(inet)': ofAddress((address) => address.bits),
  'netmask(inet)': ofAddress((address) => inetText(asHost(maskBytes(address)))),
  'network(inet)': ofAddress((address) => cidrText({ bytes: networkBytes(address), bits: address.bits })),
  'set_masklen(inet,int4)': scalar((text: string, bits: number) => setMaskLength(text, bits, false)),
  'set_masklen(cidr,int4)': scalar((text: string, bits: number) => setMaskLength(text, bits, true)),
  'text(inet)': ofAddress(cidrText),
  'inet_same_family(inet,inet)': scalar((a: string, b: string) => addressOf(a).bytes.length === addressOf(b).bytes.length),
  'inet_merge(inet,inet)': scalar(merge),
  'network_sub(inet,inet)': scalar((a: string, b: string) => isWithin(a, b, false)),
  'network_subeq(inet,inet)': scalar((a: string, b: string) => isWithin(a, b, true)),
  'network_sup(inet,inet)': scalar((a: string, b: string) => isWithin(b, a, false)),
  'network_supeq(inet,inet)': scalar((a: string, b: string) => isWithin(b, a, true)),
  'network_overlap(inet,inet)': scalar(overlaps),
  'network_larger(inet,inet)': scalar((a: string, b: string) => (orderOf(a, b) > 0 ? a : b)),
  'network_smaller(inet,inet)': scalar((a: string, b: string) => (orderOf(a, b) < 0 ? a : b)),
  'inetnot(inet)': ofAddress(({ bytes, bits }) => inetText({ bytes: bytes.map((byte) => ~byte & 0xff), bits })),
  'inetand(inet,inet)': scalar((a: string, b: string) => bitwise(a, b, 'AND', (x, y) => x & y)),
  'inetor(inet,inet)': scalar((a: string, b: string) => bitwise(a, b, 'OR', (x, y) => x | y)),
  'inetpl(inet,int8)': scalar((text: string, distance: Int8) => plus(text, BigInt(distance))),
  'int8pl_inet(int8,inet)': scalar((distance: Int8, text: string) => plus(text, BigInt(distance))),
  'inetmi_int8(inet,int8)': scalar((text: string, distance: Int8) => plus(text, BigInt.asIntN(64, -BigInt(distance)))),
  'inetmi(inet,inet)': scalar(difference),
};
