/** JSON for CodeMirror, as far as colours need it: names, texts, numbers, the three words, punctuation. */
import { StreamLanguage } from '@codemirror/language';

const text = /^"(?:[^"\\]|\\.)*"?/;
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, 'number'],
  [/^(?:true|false|null)\b/, 'keyword'],
  [/^[{}[\],:]/, 'punctuation'],
];

export const jsonLanguage = StreamLanguage.define<null>({
  name: 'json',
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(text) !== null) return stream.match(/^\s*:/, false) === null ? 'string' : 'propertyName';
    for (const [pattern, kind] of kinds) if (stream.match(pattern) !== null) return kind;
    stream.next();
    return 'invalid';
  },
});
