import type { Random } from '#base/world.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** 26 characters, lower-case base32 of 16 random bytes: the form of journal, cluster and transaction ids. */
export function randomId(random: Random): string {
  const bytes = random.bytes(16);
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
  return text + alphabet[(held << (5 - bits)) & 31];
}
