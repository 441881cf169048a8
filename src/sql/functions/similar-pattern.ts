/** SIMILAR TO's patterns as regular expressions of regex-syntax.ts, the way PostgreSQL rewrites them. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { characterCount } from './characters.ts';

export function similarPattern(pattern: string, escapeCharacter: string): string {
  if (characterCount(escapeCharacter) > 1)
    throw new SqlError(sqlstate.invalidEscapeSequence, 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  let result = '^(?:';
  let isEscaped = false;
  let inClass = false;
  let separators = 0;
  for (const character of pattern) {
    if (isEscaped) {
      isEscaped = false;
      if (character === '"' && !inClass) {
        // substring(text similar pattern): two separators frame the part that is wanted, as short in front and as long inside as may be.
        if (separators === 2)
          throw new SqlError(
            sqlstate.invalidUseOfEscapeCharacter,
            'SQL regular expression may not contain more than two escape-double-quote separators',
          );
        result += separators === 0 ? '){1,1}?(' : '){1,1}(?:';
        separators++;
      } else result += `\\${character}`;
    } else if (character === escapeCharacter) isEscaped = true;
    else if (inClass) {
      result += character === '\\' ? '\\\\' : character;
      if (character === ']') inClass = false;
    } else if (character === '[') {
      result += character;
      inClass = true;
    } else if (character === '%') result += '.*';
    else if (character === '_') result += '.';
    else if (character === '(') result += '(?:';
    else if ('\\.^$'.includes(character)) result += `\\${character}`;
    else result += character;
  }
  return `${result})$`;
}
