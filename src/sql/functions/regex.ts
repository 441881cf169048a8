/** Regular expressions: the operators ~ and ~*, and regexp_*. Syntax and matching are regex-syntax.ts and regex-matching.ts. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type Implementation, type Implementations, type ScalarFunction, scalar, setReturning } from '../function.ts';
import { oid } from '../oids.ts';
import { ArrayValue } from '../types/array-value.ts';
import { characterIndex, unitIndex } from './characters.ts';
import { compileRegex, type Regex, type RegexMatch } from './regex-matching.ts';
import { applyOption, defaultRegexOptions, type RegexOptions } from './regex-node.ts';
import { similarPattern } from './similar-pattern.ts';

const invalid = (message: string, hint?: string): SqlError => new SqlError(sqlstate.invalidParameterValue, message, { hint });
const ignoringCase: RegexOptions = { ...defaultRegexOptions, ignoreCase: true };

function parseFlags(flags: string): { readonly options: RegexOptions; readonly global: boolean } {
  let options = defaultRegexOptions;
  let global = false;
  for (const letter of flags) {
    if (letter === 'g') {
      global = true;
      continue;
    }
    // As a flag, unlike embedded, PostgreSQL's e takes an expression for a basic one.
    const next = applyOption(options, letter === 'e' ? 'b' : letter);
    if (next === undefined) throw invalid(`invalid regular expression option: "${letter}"`);
    options = next;
  }
  return { options, global };
}

/** Flags of a function that takes all matches, or one, by its own nature. */
function withoutGlobal(functionName: string, flags: string, hint?: string): RegexOptions {
  const { options, global } = parseFlags(flags);
  if (global) throw invalid(`${functionName}() does not support the "global" option`, hint);
  return options;
}

/** Matches one behind the other; after an empty one the search goes on a character further. */
function* allMatches(regex: Regex, text: string, from: number): Generator<RegexMatch & { readonly 0: readonly [number, number] }> {
  let at = from;
  if (at > text.length) return;
  const search = regex.search(text);
  while (at <= text.length) {
    const match = search(at);
    const whole = match?.[0];
    if (match === undefined || whole === undefined) return;
    yield Object.assign(match, { 0: whole });
    at = whole[1];
    if (whole[0] === whole[1]) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
}

const textOf = (text: string, span: readonly [number, number] | undefined): string | null =>
  span === undefined ? null : text.slice(span[0], span[1]);

/** The groups, or the whole match where there are none. */
function captured(regex: Regex, text: string, match: RegexMatch): ArrayValue {
  const items: Datum[] = [];
  if (regex.captures === 0) items.push(textOf(text, match[0]));
  for (let group = 1; group <= regex.captures; group++) items.push(textOf(text, match[group]));
  return new ArrayValue(oid.text, items);
}

const test = (text: string, pattern: string): boolean => compileRegex(pattern, defaultRegexOptions).test(text);
const testIgnoringCase = (text: string, pattern: string): boolean => compileRegex(pattern, ignoringCase).test(text);

function firstPart(text: string, pattern: string): string | null {
  const regex = compileRegex(pattern, defaultRegexOptions);
  const match = regex.search(text)(0);
  return match === undefined ? null : textOf(text, regex.captures > 0 ? match[1] : match[0]);
}

function regexpMatch(text: string, pattern: string, options: RegexOptions): Datum {
  const regex = compileRegex(pattern, options);
  const match = regex.search(text)(0);
  return match === undefined ? null : captured(regex, text, match);
}

function* regexpMatches(text: string, pattern: string, flags: string): Generator<Datum> {
  const { options, global } = parseFlags(flags);
  const regex = compileRegex(pattern, options);
  for (const match of allMatches(regex, text, 0)) {
    yield captured(regex, text, match);
    if (!global) return;
  }
}

/** Text between matches; empty matches count only inside the text and behind the match before. */
function split(text: string, pattern: string, options: RegexOptions): string[] {
  const parts: string[] = [];
  let end = 0;
  for (const match of allMatches(compileRegex(pattern, options), text, 0)) {
    const [start, stop] = match[0];
    if (start >= text.length || stop <= end) continue;
    parts.push(text.slice(end, start));
    end = stop;
  }
  parts.push(text.slice(end));
  return parts;
}

type Replacement = readonly (string | number)[];

/** \1 to \9 are groups, \& is the whole, \\ a backslash; a backslash before anything else is itself. */
function parseReplacement(text: string): Replacement {
  const parts: (string | number)[] = [];
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const next = text[at] === '\\' ? text[at + 1] : undefined;
    if (next === undefined) plain += text[at];
    else if (next === '&' || (next >= '1' && next <= '9')) {
      parts.push(plain, next === '&' ? 0 : Number(next));
      plain = '';
      at++;
    } else {
      plain += '\\';
      if (next === '\\') at++;
    }
  }
  parts.push(plain);
  return parts;
}

/** Replaces the match of a number, or all from the start on when that is 0. */
function replace(text: string, regex: Regex, replacement: string, startUnit: number, occurrence: number): string {
  const parts = parseReplacement(replacement);
  let result = '';
  let end = 0;
  let number = 0;
  for (const match of allMatches(regex, text, startUnit)) {
    number++;
    if (occurrence !== 0 && number < occurrence) continue;
    const [start, stop] = match[0];
    result += text.slice(end, start);
    for (const part of parts) result += typeof part === 'string' ? part : (textOf(text, match[part]) ?? '');
    end = stop;
    if (occurrence !== 0) break;
  }
  return result + text.slice(end);
}

function replaceWithFlags(text: string, pattern: string, replacement: string, flags: string): string {
  if (flags !== '' && flags[0] >= '0' && flags[0] <= '9')
    throw invalid(
      `invalid regular expression option: "${flags[0]}"`,
      'If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.',
    );
  const { options, global } = parseFlags(flags);
  return replace(text, compileRegex(pattern, options), replacement, 0, global ? 0 : 1);
}

const wrongParameter = (name: string, value: number): SqlError => invalid(`invalid value for parameter "${name}": ${value}`);

function startUnit(text: string, start: number): number {
  if (start <= 0) throw wrongParameter('start', start);
  const unit = unitIndex(text, start - 1);
  // Beyond the end nothing matches, not even the empty text.
  return start - 1 > characterIndex(text, text.length) ? text.length + 1 : unit;
}

function replaceFrom(text: string, pattern: string, replacement: string, start: number, occurrence?: number, flags = ''): string {
  if (start <= 0) throw wrongParameter('start', start);
  if (occurrence !== undefined && occurrence < 0) throw wrongParameter('n', occurrence);
  const { options, global } = parseFlags(flags);
  return replace(text, compileRegex(pattern, options), replacement, startUnit(text, start), occurrence ?? (global ? 0 : 1));
}

function count(text: string, pattern: string, start: number, flags: string): number {
  const from = startUnit(text, start);
  let found = 0;
  for (const _ of allMatches(compileRegex(pattern, withoutGlobal('regexp_count', flags)), text, from)) found++;
  return found;
}

/** The n-th match at or behind a place, and of it a group. */
function nthSpan(regex: Regex, text: string, from: number, occurrence: number, group: number): readonly [number, number] | undefined {
  // A pattern without groups is one itself.
  if (group > Math.max(regex.captures, 1)) return undefined;
  let number = 0;
  for (const match of allMatches(regex, text, from)) if (++number === occurrence) return match[regex.captures === 0 ? 0 : group];
  return undefined;
}

function instr(text: string, pattern: string, start = 1, occurrence = 1, endOption = 0, flags = '', group = 0): number {
  if (start <= 0) throw wrongParameter('start', start);
  if (occurrence <= 0) throw wrongParameter('n', occurrence);
  if (endOption !== 0 && endOption !== 1) throw wrongParameter('endoption', endOption);
  if (group < 0) throw wrongParameter('subexpr', group);
  const options = withoutGlobal('regexp_instr', flags);
  const span = nthSpan(compileRegex(pattern, options), text, startUnit(text, start), occurrence, group);
  return span === undefined ? 0 : characterIndex(text, span[endOption]) + 1;
}

function substr(text: string, pattern: string, start = 1, occurrence = 1, flags = '', group = 0): string | null {
  if (start <= 0) throw wrongParameter('start', start);
  if (occurrence <= 0) throw wrongParameter('n', occurrence);
  if (group < 0) throw wrongParameter('subexpr', group);
  const options = withoutGlobal('regexp_substr', flags);
  return textOf(text, nthSpan(compileRegex(pattern, options), text, startUnit(text, start), occurrence, group));
}

const matchHint = 'Use the regexp_matches function instead.';
const not =
  (f: (text: string, pattern: string) => boolean): ScalarFunction =>
  (text: string, pattern: string) =>
    !f(text, pattern);

const ofEach = (names: readonly string[], implementation: Implementation): Implementations =>
  Object.fromEntries(names.map((name) => [name, implementation]));

export const regexFunctions: Implementations = {
  ...ofEach(['textregexeq(text,text)', 'nameregexeq(name,text)', 'bpcharregexeq(bpchar,text)'], scalar(test)),
  ...ofEach(['textregexne(text,text)', 'nameregexne(name,text)', 'bpcharregexne(bpchar,text)'], scalar(not(test))),
  ...ofEach(['texticregexeq(text,text)', 'nameicregexeq(name,text)', 'bpcharicregexeq(bpchar,text)'], scalar(testIgnoringCase)),
  ...ofEach(['texticregexne(text,text)', 'nameicregexne(name,text)', 'bpcharicregexne(bpchar,text)'], scalar(not(testIgnoringCase))),
  'substring(text,text)': scalar(firstPart),
  'substring(text,text,text)': scalar((text: string, pattern: string, escapeCharacter: string) =>
    firstPart(text, similarPattern(pattern, escapeCharacter)),
  ),
  'regexp_like(text,text)': scalar(test),
  'regexp_like(text,text,text)': scalar((text: string, pattern: string, flags: string) =>
    compileRegex(pattern, withoutGlobal('regexp_like', flags)).test(text),
  ),
  'regexp_match(text,text)': scalar((text: string, pattern: string) => regexpMatch(text, pattern, defaultRegexOptions)),
  'regexp_match(text,text,text)': scalar((text: string, pattern: string, flags: string) =>
    regexpMatch(text, pattern, withoutGlobal('regexp_match', flags, matchHint)),
  ),
  'regexp_matches(text,text)': setReturning((text: string, pattern: string) => regexpMatches(text, pattern, '')),
  'regexp_matches(text,text,text)': setReturning((text: string, pattern: string, flags: string) => regexpMatches(text, pattern, flags)),
  'regexp_split_to_array(text,text)': scalar(
    (text: string, pattern: string) => new ArrayValue(oid.text, split(text, pattern, defaultRegexOptions)),
  ),
  'regexp_split_to_array(text,text,text)': scalar(
    (text: string, pattern: string, flags: string) =>
      new ArrayValue(oid.text, split(text, pattern, withoutGlobal('regexp_split_to_array', flags))),
  ),
  'regexp_split_to_table(text,text)': setReturning((text: string, pattern: string) => split(text, pattern, defaultRegexOptions)),
  'regexp_split_to_table(text,text,text)': setReturning((text: string, pattern: string, flags: string) =>
    split(text, pattern, withoutGlobal('regexp_split_to_table', flags)),
  ),
  'regexp_replace(text,text,text)': scalar((text: string, pattern: string, replacement: string) =>
    replace(text, compileRegex(pattern, defaultRegexOptions), replacement, 0, 1),
  ),
  'regexp_replace(text,text,text,text)': scalar(replaceWithFlags),
  'regexp_replace(text,text,text,int4)': scalar((text: string, pattern: string, replacement: string, start: number) =>
    replaceFrom(text, pattern, replacement, start),
  ),
  'regexp_replace(text,text,text,int4,int4)': scalar(
    (text: string, pattern: string, replacement: string, start: number, occurrence: number) =>
      replaceFrom(text, pattern, replacement, start, occurrence),
  ),
  'regexp_replace(text,text,text,int4,int4,text)': scalar(
    (text: string, pattern: string, replacement: string, start: number, occurrence: number, flags: string) =>
      replaceFrom(text, pattern, replacement, start, occurrence, flags),
  ),
  'regexp_count(text,text)': scalar((text: string, pattern: string) => count(text, pattern, 1, '')),
  'regexp_count(text,text,int4)': scalar((text: string, pattern: string, start: number) => count(text, pattern, start, '')),
  'regexp_count(text,text,int4,text)': scalar((text: string, pattern: string, start: number, flags: string) =>
    count(text, pattern, start, flags),
  ),
  'regexp_instr(text,text)': scalar((text: string, pattern: string) => instr(text, pattern)),
  'regexp_instr(text,text,int4)': scalar((text: string, pattern: string, start: number) => instr(text, pattern, start)),
  'regexp_instr(text,text,int4,int4)': scalar((text: string, pattern: string, start: number, n: number) => instr(text, pattern, start, n)),
  'regexp_instr(text,text,int4,int4,int4)': scalar((text: string, pattern: string, start: number, n: number, end: number) =>
    instr(text, pattern, start, n, end),
  ),
  'regexp_instr(text,text,int4,int4,int4,text)': scalar(
    (text: string, pattern: string, start: number, n: number, end: number, flags: string) => instr(text, pattern, start, n, end, flags),
  ),
  'regexp_instr(text,text,int4,int4,int4,text,int4)': scalar(
    (text: string, pattern: string, start: number, n: number, end: number, flags: string, group: number) =>
      instr(text, pattern, start, n, end, flags, group),
  ),
  'regexp_substr(text,text)': scalar((text: string, pattern: string) => substr(text, pattern)),
  'regexp_substr(text,text,int4)': scalar((text: string, pattern: string, start: number) => substr(text, pattern, start)),
  'regexp_substr(text,text,int4,int4)': scalar((text: string, pattern: string, start: number, n: number) =>
    substr(text, pattern, start, n),
  ),
  'regexp_substr(text,text,int4,int4,text)': scalar((text: string, pattern: string, start: number, n: number, flags: string) =>
    substr(text, pattern, start, n, flags),
  ),
  'regexp_substr(text,text,int4,int4,text,int4)': scalar(
    (text: string, pattern: string, start: number, n: number, flags: string, group: number) =>
      substr(text, pattern, start, n, flags, group),
  ),
};
