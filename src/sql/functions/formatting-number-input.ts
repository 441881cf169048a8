/** to_number(): the digits, point and sign of a number that stand in a text as a template says. */
import { notSupported } from '#base/sql-error.ts';
import type { NumberPicture } from './formatting-number-picture.ts';
import type { Template } from './formatting-template.ts';

export type NumberRead = { readonly text: string; readonly decimals: number };

export function readNumber(template: Template, picture: NumberPicture, text: string): NumberRead {
  if (picture.scientific) throw notSupported('"EEEE" not supported for input');
  if (picture.roman) throw notSupported('"RN" not supported for input');
  return new NumberReader(picture, text).read(template);
}

const isDigit = (character: string | undefined): boolean => character !== undefined && character >= '0' && character <= '9';

class NumberReader {
  readonly #picture: NumberPicture;
  readonly #text: readonly string[];
  #at = 0;
  #sign: ' ' | '+' | '-' = ' ';
  #number = '';
  #wholeRead = 0;
  #decimalsRead = 0;
  #pointRead = false;

  constructor(picture: NumberPicture, text: string) {
    this.#picture = picture;
    this.#text = [...text];
  }

  read(template: Template): NumberRead {
    for (const node of template) {
      if (this.#atEnd) break;
      // A character of the template stands for one of the text, whatever that is.
      if (node.kind !== 'pattern' || this.#readPattern(node.name.toUpperCase())) this.#at++;
    }
    const number = this.#number.endsWith('.') ? this.#number.slice(0, -1) : this.#number;
    return { text: this.#sign + number, decimals: this.#decimalsRead };
  }

  get #atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** True when the character at hand belongs to the pattern. */
  #readPattern(pattern: string): boolean {
    const character = this.#text[this.#at];
    switch (pattern) {
      case '9':
      case '0':
      case '.':
      case 'D':
        this.#readPosition(pattern === '9' || pattern === '0');
        return true;
      case ',':
      case 'G':
        return !this.#picture.fill && character === ',';
      case 'L':
        this.#skipOther(1);
        return false;
      case 'TH':
        if (this.#sign !== '-' && !this.#picture.hasPoint) this.#skipOther(2);
        return false;
      case 'MI':
        return this.#readSign(character, '-');
      case 'PL':
        return this.#readSign(character, '+');
      case 'SG':
        return this.#readSign(character, '-+');
      default:
        return false;
    }
  }

  #readSign(character: string, allowed: string): boolean {
    if ((character === '-' || character === '+') && allowed.includes(character)) {
      this.#sign = character;
      return true;
    }
    this.#skipOther(1);
    return false;
  }

  /** Over characters that cannot be part of a number. */
  #skipOther(count: number): void {
    for (let left = count; left > 0 && !this.#atEnd && !'0123456789.,+-'.includes(this.#text[this.#at]); left--) this.#at++;
  }

  /** A digit or the point, with a sign before or behind it. The last character that was taken is passed by the caller. */
  #readPosition(isDigitPattern: boolean): void {
    const { lockedSign, brackets, hasPoint, decimals, plus, minus } = this.#picture;
    if (this.#text[this.#at] === ' ') this.#at++;
    if (this.#atEnd) return;
    if (this.#sign === ' ' && isDigitPattern && this.#wholeRead + this.#decimalsRead === 0) {
      const character = this.#text[this.#at];
      if (lockedSign === 'before' || lockedSign === undefined) {
        if (character === '-' || (lockedSign === undefined && brackets && character === '<')) {
          this.#sign = '-';
          this.#at++;
        } else if (character === '+') {
          this.#sign = '+';
          this.#at++;
        }
      } else if (character === '-' || character === '+') {
        this.#sign = character;
        this.#at++;
      }
    }
    if (this.#atEnd) return;
    let isRead = false;
    const character = this.#text[this.#at];
    if (isDigit(character)) {
      if (this.#pointRead && this.#decimalsRead === decimals) return;
      this.#number += character;
      if (this.#pointRead) this.#decimalsRead++;
      else this.#wholeRead++;
      isRead = true;
    } else if (hasPoint && !this.#pointRead && character === '.') {
      this.#number += '.';
      this.#pointRead = true;
      isRead = true;
    }
    if (this.#sign !== ' ' || this.#wholeRead + this.#decimalsRead === 0) return;
    const next = this.#text[this.#at + 1];
    if (lockedSign !== undefined) {
      if (isRead && (next === '-' || next === '+')) {
        this.#sign = next;
        this.#at++;
      }
    } else if (!isRead && (plus || minus) && (character === '-' || character === '+')) this.#sign = character;
  }
}
