/** to_char() of numbers: a number's digits laid into a template. */
import type { NumberPicture } from './formatting-number-picture.ts';
import { ordinalEnding } from './formatting-ordinal.ts';
import type { Template } from './formatting-template.ts';

/** A number as text without its sign, with as many decimals as the picture wants. */
export type NumberText = { readonly negative: boolean; readonly digits: string };

const tens = [
  ['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'],
  ['', 'X', 'XX', 'XXX', 'XL', 'L', 'LX', 'LXX', 'LXXX', 'XC'],
  ['', 'C', 'CC', 'CCC', 'CD', 'D', 'DC', 'DCC', 'DCCC', 'CM'],
  ['', 'M', 'MM', 'MMM'],
];
const romanWidth = 15;

export function romanNumeral(value: number): string {
  if (!(value >= 1 && value <= 3999)) return '#'.repeat(romanWidth);
  let numeral = '';
  for (let place = 3; place >= 0; place--) numeral += tens[place][Math.floor(value / 10 ** place) % 10];
  return numeral;
}

/** Crosses in place of digits that have no room. */
export const crosses = (whole: number, decimals: number): string => `${'#'.repeat(whole)}.${'#'.repeat(decimals)}`;

/** Roman numerals: all patterns but RN and text print nothing. */
export function formatRoman(template: Template, picture: NumberPicture, numeral: string): string {
  let text = '';
  for (const node of template) {
    if (node.kind !== 'pattern') text += node.text;
    else if (node.name === 'RN' || node.name === 'rn') {
      const cased = node.name === 'rn' ? numeral.toLowerCase() : numeral;
      text += picture.fill ? cased : cased.padStart(romanWidth);
    } else if (node.name.toUpperCase() === 'SG') {
      // PostgreSQL writes the sign that a Roman numeral has not got, a zero byte, and its text ends there.
      return text;
    } else text += romanSign(node.name.toUpperCase(), picture);
  }
  return text;
}

/** The sign and comma patterns still hold their places. */
function romanSign(pattern: string, picture: NumberPicture): string {
  if (pattern === 'L') return ' ';
  if (picture.fill) return '';
  return [',', 'G', 'MI', 'PL'].includes(pattern) ? ' ' : '';
}

export function formatNumber(template: Template, picture: NumberPicture, number: NumberText): string {
  const wholeDigits = number.digits.indexOf('.') < 0 ? number.digits.length : number.digits.indexOf('.');
  const fits = wholeDigits <= picture.whole;
  const digits = fits ? number.digits : crosses(picture.whole, picture.decimals);
  return new NumberWriter(picture, digits, number.negative, fits ? picture.whole - wholeDigits : 0).write(template);
}

/** The last decimal that is not zero, the point itself where all are; undefined without a point. */
function lastRelevant(digits: string): number | undefined {
  const point = digits.indexOf('.');
  if (point < 0) return undefined;
  let last = point;
  for (let at = point + 1; at < digits.length; at++) if (digits[at] !== '0') last = at;
  return last;
}

class NumberWriter {
  readonly #picture: NumberPicture;
  readonly #digits: string;
  readonly #negative: boolean;
  /** Positions in front that the number does not fill. */
  readonly #blanks: number;
  readonly #brackets: boolean;
  readonly #signPlace: 'before' | 'behind' | undefined;
  /** FM with decimals: nothing behind this index of the digits is printed. */
  readonly #last: number | undefined;
  readonly #positions: number;
  #signWritten: boolean;
  /** A digit was printed just before: commas are real. */
  #inNumber = false;
  #position = 0;
  #at = 0;
  #text = '';

  constructor(picture: NumberPicture, digits: string, negative: boolean, blanks: number) {
    this.#picture = picture;
    this.#digits = digits;
    this.#negative = negative;
    this.#blanks = blanks;
    const { plus, minus, fill, lockedSign } = picture;
    this.#brackets = picture.brackets && (negative || !fill || plus || minus);
    let place = lockedSign;
    if (plus || minus) this.#signWritten = minus;
    else {
      this.#signWritten = !negative && fill && lockedSign === undefined;
      if (lockedSign === 'before' && picture.whole === picture.digitsBeforeSign) place = 'behind';
    }
    this.#signPlace = place;
    this.#last = fill && picture.hasPoint ? this.#lastShown() : undefined;
    this.#positions = picture.decimals + picture.whole - 1 + (!this.#signWritten && blanks === 0 ? 1 : 0);
  }

  /** Zeros that a 0 in the template asks for stay. */
  #lastShown(): number | undefined {
    const last = lastRelevant(this.#digits);
    if (last === undefined || this.#picture.zeroEnd <= this.#blanks) return last;
    return Math.max(last, Math.min(this.#digits.length - 1, this.#picture.zeroEnd - this.#blanks));
  }

  write(template: Template): string {
    for (const node of template) {
      if (node.kind === 'pattern') this.#writePattern(node.name);
      else this.#text += node.text;
      if (this.#ended) break;
    }
    return this.#text;
  }

  /** Digits that a float does not have were asked for: PostgreSQL's answer ends there. */
  #ended = false;

  #writePattern(name: string): void {
    const { fill } = this.#picture;
    const filler = fill ? '' : ' ';
    switch (name.toUpperCase()) {
      case '9':
      case '0':
      case '.':
      case 'D':
        this.#writePosition(name === '0');
        return;
      case ',':
      case 'G':
        this.#text += this.#inNumber ? ',' : filler;
        return;
      case 'L':
        this.#text += ' ';
        return;
      case 'TH':
        if (this.#digits[0] !== '#' && !this.#negative && !this.#picture.hasPoint)
          this.#text += ordinalEnding(this.#digits, name === 'TH' ? 'TH' : 'th');
        return;
      case 'MI':
        this.#text += this.#negative ? '-' : filler;
        return;
      case 'PL':
        this.#text += this.#negative ? filler : '+';
        return;
      case 'SG':
        this.#text += this.#sign;
        return;
      default:
    }
  }

  get #sign(): string {
    return this.#negative ? '-' : '+';
  }

  /** The zero before the point in 0.5, where the template has a 9 for it. */
  get #isBareZero(): boolean {
    return this.#picture.zeroStart === undefined && this.#at === 0 && this.#digits[0] === '0' && this.#picture.decimals !== 0;
  }

  get #endsAtPoint(): boolean {
    return this.#last !== undefined && this.#digits[this.#last] === '.';
  }

  #writePosition(isZero: boolean): void {
    const { zeroStart, fill, hasPoint } = this.#picture;
    this.#inNumber = false;
    const startsHere = this.#position >= this.#blanks || zeroStart === this.#position;
    if (!this.#signWritten && startsHere && (!this.#isBareZero || this.#endsAtPoint)) this.#writeSign();

    if (this.#position < this.#blanks) {
      if (zeroStart === undefined || zeroStart > this.#position) this.#text += fill ? '' : ' ';
      else {
        this.#text += '0';
        this.#inNumber = true;
      }
    } else {
      this.#writeDigit(isZero);
      if (this.#at < this.#digits.length) this.#at++;
    }

    let end = this.#positions + (this.#blanks > 0 ? 1 : 0) + (hasPoint ? 1 : 0);
    if (this.#last !== undefined && this.#last === this.#at) end = this.#position;
    if (this.#position + 1 === end) this.#writeEnd();
    this.#position++;
  }

  #writeSign(): void {
    if (this.#picture.lockedSign !== undefined) {
      if (this.#signPlace !== 'before') return;
      this.#text += this.#sign;
    } else if (this.#brackets) this.#text += this.#negative ? '<' : ' ';
    else if (this.#negative) this.#text += '-';
    else if (!this.#picture.fill) this.#text += ' ';
    this.#signWritten = true;
  }

  #writeDigit(isZero: boolean): void {
    const { fill } = this.#picture;
    const digit = this.#digits[this.#at];
    if (digit === '.') {
      this.#text += fill || !this.#endsAtPoint ? '.' : '';
      return;
    }
    if (this.#last !== undefined && this.#at > this.#last && !isZero) return;
    if (this.#isBareZero) {
      if (!fill) this.#text += ' ';
      else if (this.#endsAtPoint) this.#text += '0';
      return;
    }
    if (digit === undefined) {
      this.#ended = true;
      return;
    }
    this.#text += digit;
    this.#inNumber = true;
  }

  #writeEnd(): void {
    if (this.#ended) return;
    if (this.#signWritten && this.#brackets) this.#text += this.#negative ? '>' : ' ';
    else if (this.#signPlace === 'behind') this.#text += this.#sign;
  }
}
