/** boolean: any unambiguous beginning of true, false, yes, no, on, off, and 1 and 0; printed as t and f. */
import { behaviour, invalidSyntax, trimSpace } from './behaviour.ts';

/** undefined where the text means neither. White space around it is not expected here. */
export function parseBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  switch (word.charCodeAt(0)) {
    case 0x74: // t
      return 'true'.startsWith(word) ? true : undefined;
    case 0x66: // f
      return 'false'.startsWith(word) ? false : undefined;
    case 0x79: // y
      return 'yes'.startsWith(word) ? true : undefined;
    case 0x6e: // n
      return 'no'.startsWith(word) ? false : undefined;
    case 0x6f: // o: "o" alone could be either
      if (word === 'on') return true;
      return word === 'of' || word === 'off' ? false : undefined;
    case 0x31:
      return word.length === 1 ? true : undefined;
    case 0x30:
      return word.length === 1 ? false : undefined;
    default:
      return undefined;
  }
}

export const booleanType = behaviour<boolean>({
  input(text) {
    if (text === 't') return true;
    if (text === 'f') return false;
    const value = parseBoolean(trimSpace(text));
    if (value === undefined) throw invalidSyntax('boolean', text);
    return value;
  },
  output: (value) => (value ? 't' : 'f'),
  receive: (reader) => reader.uint8() !== 0,
  send: (value, writer) => writer.uint8(value ? 1 : 0),
  compare: (a, b) => Number(a) - Number(b),
  hashKey: (value) => value,
  encodeKey: (value, writer) => writer.append(value ? '\x01' : '\x00'),
  decodeKey: (reader) => reader.byte() === 1,
  encodeRow: (value, writer) => writer.uint8(value ? 1 : 0),
  decodeRow: (buffer, offset) => buffer[offset] === 1,
});
