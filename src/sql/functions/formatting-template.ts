/** Templates of to_char and its kind: text cut into patterns, with their modifiers, and the characters between them. */

export type DateConvention = 'gregorian' | 'iso' | undefined;

export type TemplateNode =
  | {
      readonly kind: 'pattern';
      /** As it stands in the template: HH24, Month, a.m. */
      readonly name: string;
      /** FM: no padding, and input of any length. */
      readonly fill: boolean;
      /** TM: names of the locale, which are never padded. */
      readonly localized: boolean;
      readonly ordinal: 'TH' | 'th' | undefined;
    }
  /** `separator` is punctuation outside of quotes; in input it stands for other punctuation as well. */
  | { readonly kind: 'text' | 'separator' | 'space'; readonly text: string; readonly isQuoted: boolean };

export type PatternNode = TemplateNode & { kind: 'pattern' };

const bothCases = ['A.D.', 'A.M.', 'AD', 'AM', 'B.C.', 'BC', 'P.M.', 'PM'];
const anyCase = [
  ...['CC', 'DDD', 'DD', 'D', 'FF1', 'FF2', 'FF3', 'FF4', 'FF5', 'FF6', 'FX', 'HH24', 'HH12', 'HH', 'IDDD', 'ID', 'IW'],
  ...['IYYY', 'IYY', 'IY', 'I', 'J', 'MI', 'MM', 'MS', 'OF', 'Q', 'RM', 'SSSSS', 'SSSS', 'SS', 'TZH', 'TZM', 'TZ', 'US'],
  ...['WW', 'W', 'Y,YYY', 'YYYY', 'YYY', 'YY', 'Y'],
];
const words = ['DAY', 'Day', 'day', 'DY', 'Dy', 'dy', 'MONTH', 'Month', 'month', 'MON', 'Mon', 'mon'];
const datePatterns = [...[...bothCases, ...anyCase].flatMap((name) => [name, name.toLowerCase()]), ...words];

const numberPatterns = [
  ...[',', '.', '0', '9'],
  ...['B', 'C', 'D', 'EEEE', 'FM', 'G', 'L', 'MI', 'PL', 'PR', 'RN', 'SG', 'SP', 'S', 'TH', 'V'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]),
];

/** Patterns by their first character, the longest first. */
function byFirst(patterns: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, string[]>();
  for (const name of patterns) {
    const group = map.get(name[0]);
    if (group === undefined) map.set(name[0], [name]);
    else group.push(name);
  }
  for (const group of map.values()) group.sort((a, b) => b.length - a.length);
  return map;
}
const dateIndex = byFirst(datePatterns);
const numberIndex = byFirst(numberPatterns);

export const isSeparator = (character: string): boolean => /^[!-/:-@[-`{-~]$/.test(character);
export const isWhite = (character: string): boolean => /^[\t-\r ]$/.test(character);

export type Template = readonly TemplateNode[];

/** Templates are written in programs: a few of them come again and again. */
const maxRemembered = 200;

function remembering(index: ReadonlyMap<string, readonly string[]>, withModifiers: boolean): (text: string) => Template {
  const known = new Map<string, Template>();
  return (text) => {
    let template = known.get(text);
    if (template === undefined) {
      template = parse(text, index, withModifiers);
      if (known.size >= maxRemembered) known.clear();
      known.set(text, template);
    }
    return template;
  };
}

export const parseDateTemplate = remembering(dateIndex, true);
/** In numbers FM, TH and so on are patterns by themselves, and all punctuation is text. */
export const parseNumberTemplate = remembering(numberIndex, false);

function parse(text: string, index: ReadonlyMap<string, readonly string[]>, withModifiers: boolean): Template {
  const nodes: TemplateNode[] = [];
  let at = 0;
  const startsWith = (word: string): boolean => text.startsWith(word, at);
  const character = (): string => {
    const found = String.fromCodePoint(text.codePointAt(at) ?? 0);
    at += found.length;
    return found;
  };
  while (at < text.length) {
    let fill = false;
    let localized = false;
    if (withModifiers) {
      fill = startsWith('FM') || startsWith('fm');
      localized = startsWith('TM') || startsWith('tm');
      if (fill || localized) at += 2;
    }
    if (at >= text.length) break;
    const name = index.get(text[at])?.find(startsWith);
    if (name !== undefined) {
      at += name.length;
      let ordinal: 'TH' | 'th' | undefined;
      if (withModifiers) {
        ordinal = startsWith('TH') ? 'TH' : startsWith('th') ? 'th' : undefined;
        if (ordinal !== undefined || startsWith('SP')) at += 2;
      }
      nodes.push({ kind: 'pattern', name, fill, localized, ordinal });
      continue;
    }
    if (text[at] === '"') {
      at++;
      while (at < text.length && text[at] !== '"') {
        if (text[at] === '\\' && at + 1 < text.length) at++;
        nodes.push({ kind: 'text', text: character(), isQuoted: true });
      }
      at++;
      continue;
    }
    if (text[at] === '\\' && text[at + 1] === '"') at++;
    const found = character();
    const kind = withModifiers && isSeparator(found) ? 'separator' : isWhite(found) ? 'space' : 'text';
    nodes.push({ kind, text: found, isQuoted: false });
  }
  return nodes;
}
