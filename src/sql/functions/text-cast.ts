/** A value of any type as text: by its output function, or by its cast to text, which differ for a few types. */
import type { EvaluationContext } from '../function.ts';
import { oid } from '../oids.ts';
import type { NonNull } from '../type.ts';
import { addressOf, formatAddress } from '../types/inet.ts';
import { typeByOid } from '../types/registry.ts';
import { trimBlanks } from '../types/text.ts';

export type ToText = (value: NonNull, context: EvaluationContext) => string;

/** What concat(), format() and array_to_string() print. */
export function outputOf(typeOid: number): ToText {
  // A bare literal that nobody gave a type is text already.
  if (typeOid === oid.unknown || typeOid === oid.text || typeOid === oid.varchar) return String;
  return typeByOid(typeOid).output;
}

/** What ::text gives: `true` instead of `t`, bpchar without its blanks, an address with its mask. */
export function castToText(typeOid: number): ToText {
  if (typeOid === oid.bool) return (value) => (value === true ? 'true' : 'false');
  if (typeOid === oid.bpchar) return (value) => trimBlanks(String(value));
  if (typeOid === oid.inet) return (value) => formatAddress(addressOf(String(value)), true);
  return outputOf(typeOid);
}
