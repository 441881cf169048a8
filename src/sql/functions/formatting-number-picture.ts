/** What a template of numbers says as a whole: how many digits, which signs and where. Templates that contradict themselves are 42601. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Template } from './formatting-template.ts';

export type NumberPicture = {
  /** Digits before the point and behind it, and those that V shifts by. */
  whole: number;
  decimals: number;
  shift: number;
  /** Index of the first position that shows zeros, and one past the last; undefined: no 0 in the template. */
  zeroStart: number | undefined;
  zeroEnd: number;
  hasPoint: boolean;
  hasShift: boolean;
  fill: boolean;
  /** S stands before the digits, or behind them. */
  lockedSign: 'before' | 'behind' | undefined;
  /** Digits that stand before S. */
  digitsBeforeSign: number;
  plus: boolean;
  minus: boolean;
  brackets: boolean;
  roman: boolean;
  scientific: boolean;
};

const wrong = (message: string, detail?: string): SqlError => new SqlError(sqlstate.syntaxError, message, { detail });

export function pictureOf(template: Template): NumberPicture {
  const picture: NumberPicture = {
    ...{ whole: 0, decimals: 0, shift: 0, zeroStart: undefined, zeroEnd: 0, hasPoint: false, hasShift: false, fill: false },
    ...{ lockedSign: undefined, digitsBeforeSign: 0, plus: false, minus: false, brackets: false, roman: false, scientific: false },
  };
  let blank = false;
  for (const node of template) {
    if (node.kind !== 'pattern') continue;
    const pattern = node.name.toUpperCase();
    if (picture.scientific && pattern !== 'EEEE') throw wrong('"EEEE" must be the last pattern used');
    if (pattern === 'B') blank ||= picture.whole === 0 && picture.decimals === 0 && picture.zeroStart === undefined;
    else if (pattern === 'EEEE') addScientific(picture, blank);
    else add(picture, pattern);
  }
  return picture;
}

function addScientific(picture: NumberPicture, blank: boolean): void {
  if (picture.scientific) throw wrong('cannot use "EEEE" twice');
  const { fill, lockedSign, brackets, minus, plus, roman, hasShift } = picture;
  if (blank || fill || lockedSign !== undefined || brackets || minus || plus || roman || hasShift) {
    throw wrong('"EEEE" is incompatible with other formats', '"EEEE" may only be used together with digit and decimal point patterns.');
  }
  picture.scientific = true;
}

function add(picture: NumberPicture, pattern: string): void {
  const hasSign = picture.lockedSign !== undefined;
  switch (pattern) {
    case '9':
      if (picture.brackets) throw wrong('"9" must be ahead of "PR"');
      if (picture.hasShift) picture.shift++;
      else if (picture.hasPoint) picture.decimals++;
      else picture.whole++;
      return;
    case '0':
      if (picture.brackets) throw wrong('"0" must be ahead of "PR"');
      if (!picture.hasPoint) picture.zeroStart ??= picture.whole;
      if (picture.hasPoint) picture.decimals++;
      else picture.whole++;
      picture.zeroEnd = picture.whole + picture.decimals;
      return;
    case '.':
    case 'D':
      if (picture.hasPoint) throw wrong('multiple decimal points');
      if (picture.hasShift) throw wrong('cannot use "V" and decimal point together');
      picture.hasPoint = true;
      return;
    case 'FM':
      picture.fill = true;
      return;
    case 'S':
      if (hasSign) throw wrong('cannot use "S" twice');
      if (picture.plus || picture.minus || picture.brackets) throw wrong('cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
      picture.lockedSign = picture.hasPoint ? 'behind' : 'before';
      if (!picture.hasPoint) picture.digitsBeforeSign = picture.whole;
      return;
    case 'MI':
      if (hasSign) throw wrong('cannot use "S" and "MI" together');
      picture.minus = true;
      return;
    case 'PL':
      if (hasSign) throw wrong('cannot use "S" and "PL" together');
      picture.plus = true;
      return;
    case 'SG':
      if (hasSign) throw wrong('cannot use "S" and "SG" together');
      picture.plus = true;
      picture.minus = true;
      return;
    case 'PR':
      if (hasSign || picture.plus || picture.minus) throw wrong('cannot use "PR" and "S"/"PL"/"MI"/"SG" together');
      picture.brackets = true;
      return;
    case 'RN':
      picture.roman = true;
      return;
    case 'V':
      if (picture.hasPoint) throw wrong('cannot use "V" and decimal point together');
      picture.hasShift = true;
      return;
    default:
  }
}
