/** The pattern of jsonpath's like_regex: its flags are XQuery's, its syntax is that of PostgreSQL's regular expressions. */
import { compileRegex, type Regex } from './regex-matching.ts';

export function pathRegex(pattern: string, flags: string): Regex {
  const literal = flags.includes('q');
  return compileRegex(pattern, {
    syntax: literal ? 'literal' : 'advanced',
    ignoreCase: flags.includes('i'),
    newlineStops: !literal && !flags.includes('s'),
    newlineAnchors: !literal && flags.includes('m'),
    expanded: false,
  });
}
