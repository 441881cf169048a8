/** What a statement is called whatever its literals: its text without them, and a short name for that. */
import { scanTokens } from '../parser/scanner.ts';

/** Literals become $1, $2, ...; comments and line breaks go. */
export function normalizedText(text: string): string {
  let normalized = '';
  let parameters = 0;
  let end = 0;
  for (const token of scanTokens(text)) {
    if (normalized !== '' && token.start > end) normalized += ' ';
    const isLiteral = token.kind === 'string' || token.kind === 'number';
    normalized += isLiteral ? `$${++parameters}` : text.slice(token.start, token.end);
    end = token.end;
  }
  return normalized.replace(/;\s*$/, '');
}

const letters = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Thirteen lower-case letters and digits, as DSQL prints them: 64 bits of FNV-1a over the normalized text. */
export function queryIdentifier(normalized: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(normalized, 'utf8')) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  let name = '';
  for (let at = 0; at < 13; at++) {
    name = letters[Number(hash % 36n)] + name;
    hash /= 36n;
  }
  return name;
}
