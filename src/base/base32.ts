/** Base32 (RFC 4648, lower case, no padding) of 16 bytes: the form of cluster, journal, transaction and job ids, as DSQL's are. */
import type { Random } from './world.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** 26 characters: base32 (RFC 4648, lower case, no padding) of 16 bytes. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  if (bits > 0) text += alphabet[(held << (5 - bits)) & 31];
  return text;
}

/** The bytes again; undefined when the text is not base32 of 16 bytes. */
export function fromBase32(text: string): Uint8Array | undefined {
  if (text.length !== 26) return undefined;
  const bytes = new Uint8Array(16);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const value = alphabet.indexOf(letter);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >>> bits) & 0xff;
      held &= (1 << bits) - 1;
    }
  }
  return bytes;
}

/** 26 characters of chance. */
export const randomId = (random: Random): string => base32(random.bytes(16));
