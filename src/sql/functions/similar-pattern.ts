/** SIMILAR TO's patterns as regular expressions of regex-syntax.ts, the way PostgreSQL rewrites them. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { characterCount } from './characters.ts';

export function similarPattern(pattern: string, escapeCharacter: string): string {
  if (characterCount(escapeCharacter) > 1)
    throw new SqlError(sqlstate.invalidEscapeSequence, 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  let result = '^(?:';
  let isEscaped = false;
  // Brackets nest, as in '[[:alpha:]x]', and one that is not closed takes the rest of the pattern in.
  let classDepth = 0;
  /** How far into a class: at its start, behind the caret there, or further on. A closing bracket at the first two is a character as others. */
  let classPlace = 'inside' as 'start' | 'caret' | 'inside';
  let separators = 0;
  for (const character of pattern) {
    if (isEscaped) {
      isEscaped = false;
      if (character === '"' && classDepth === 0) {
        // substring(text similar pattern): two separators frame the part that is wanted, as short in front and as long inside as may be.
        if (separators === 2)
          throw new SqlError(
            sqlstate.invalidUseOfEscapeCharacter,
            'SQL regular expression may not contain more than two escape-double-quote separators',
          );
        result += separators === 0 ? '){1,1}?(' : '){1,1}(?:';
        separators++;
      } else {
        result += `\\${character}`;
        classPlace = 'inside';
      }
    } else if (character === escapeCharacter) isEscaped = true;
    else if (classDepth > 0) {
      result += character === '\\' ? '\\\\' : character;
      if (character === ']' && classPlace === 'inside') classDepth--;
      else if (character === '[') classDepth++;
      classPlace = character === '^' && classPlace === 'start' ? 'caret' : 'inside';
    } else if (character === '[') {
      result += character;
      classDepth = 1;
      classPlace = 'start';
    } else if (character === '%') result += '.*';
    else if (character === '_') result += '.';
    else if (character === '(') result += '(?:';
    else if ('\\.^$'.includes(character)) result += `\\${character}`;
    else result += character;
  }
  return `${result})$`;
}
