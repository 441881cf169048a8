/** concat(), concat_ws(), format(), || with other types, quote_*: text made of values of any type. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type CallTypes, type EvaluationContext, type Implementations, polymorphic, type ScalarFunction, scalar } from '../function.ts';
import type { NonNull } from '../type.ts';
import { parseInt4 } from '../types/integer.ts';
import { characterCount } from './characters.ts';
import { quoteIdentifier, quoteLiteral } from './quoting.ts';
import { castToText, outputOf, type ToText } from './text-cast.ts';

/** VARIADIC "any" hands over as many values as the call has, then the context; an array's items all have one type. */
type Values = readonly (Datum | EvaluationContext)[];

const contextOf = (values: Values): EvaluationContext => values[values.length - 1] as EvaluationContext;

function printers(types: CallTypes): (index: number) => ToText {
  const each = types.args.map(outputOf);
  return (index) => each[Math.min(index, each.length - 1)];
}

const concatenation =
  (first: number) =>
  (types: CallTypes): ScalarFunction => {
    const printer = printers(types);
    return (...values: Values) => {
      const context = contextOf(values);
      const separator = first === 0 ? '' : values[0];
      if (separator === null) return null;
      const printed: string[] = [];
      for (let index = first; index < values.length - 1; index++) {
        const value = values[index] as Datum;
        if (value !== null) printed.push(printer(index)(value, context));
      }
      return printed.join(String(separator));
    };
  };

const invalid = (message: string, hint?: string): SqlError => new SqlError(sqlstate.invalidParameterValue, message, { hint });

/** format(): %[position$][flags][width]type. */
function formatter(types: CallTypes): ScalarFunction {
  const printer = printers(types);
  return (...values: Values) => {
    const context = contextOf(values);
    const pattern = values[0];
    if (typeof pattern !== 'string') return null;
    const argument = (position: number): Datum => {
      if (position >= values.length - 1) throw invalid('too few arguments for format()');
      return values[position] as Datum;
    };
    return expand(pattern, argument, (position, value) => printer(position)(value, context));
  };
}

/** `argument(1)` is the first value behind the pattern. */
function expand(pattern: string, argument: (position: number) => Datum, print: (position: number, value: NonNull) => string): string {
  let result = '';
  let next = 1;
  let at = 0;
  const unterminated = (): SqlError => invalid('unterminated format() type specifier', 'For a single "%" use "%%".');
  const number = (): number | undefined => {
    const digits = /^\d+/.exec(pattern.slice(at, at + 12))?.[0];
    if (digits === undefined) return undefined;
    at += digits.length;
    const value = Number(digits);
    if (value > 2147483647) throw new SqlError(sqlstate.numericValueOutOfRange, 'number is out of range');
    return value;
  };
  while (at < pattern.length) {
    const percent = pattern.indexOf('%', at);
    if (percent < 0) return result + pattern.slice(at);
    result += pattern.slice(at, percent);
    at = percent + 1;
    if (at >= pattern.length) throw unterminated();
    if (pattern[at] === '%') {
      result += '%';
      at++;
      continue;
    }
    let position: number | undefined;
    let width = 0;
    let alignLeft = false;
    let widthPosition: number | undefined;
    const start = at;
    const leading = number();
    if (leading !== undefined && pattern[at] === '$') {
      if (leading === 0) throw invalid('format specifies argument 0, but arguments are numbered from 1');
      position = leading;
      at++;
    } else at = start;
    while (pattern[at] === '-') {
      alignLeft = true;
      at++;
    }
    if (pattern[at] === '*') {
      at++;
      const named = number();
      if (named !== undefined) {
        if (pattern[at] !== '$') throw invalid('width argument position must be ended by "$"');
        if (named === 0) throw invalid('format specifies argument 0, but arguments are numbered from 1');
        at++;
      }
      widthPosition = named ?? 0;
    } else width = number() ?? 0;
    if (at >= pattern.length) throw unterminated();
    const kind = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    at += kind.length;
    if (!'sIL'.includes(kind)) throw invalid(`unrecognized format() type specifier "${kind}"`, 'For a single "%" use "%%".');
    if (widthPosition !== undefined) {
      const source = widthPosition === 0 ? next++ : widthPosition;
      if (widthPosition !== 0) next = widthPosition + 1;
      const value = argument(source);
      width = value === null ? 0 : parseInt4(print(source, value));
      if (width < 0) {
        alignLeft = true;
        width = -width;
        if (width > 2147483647) throw new SqlError(sqlstate.numericValueOutOfRange, 'number is out of range');
      }
    }
    const source = position ?? next;
    next = source + 1;
    const value = argument(source);
    if (result.length + width > longestText)
      throw new SqlError(sqlstate.programLimitExceeded, 'out of memory', {
        detail: `Cannot enlarge string buffer containing ${result.length} bytes by ${width - 1} more bytes.`,
      });
    result += pad(convert(kind, value === null ? null : print(source, value)), width, alignLeft);
  }
  return result;
}

function convert(kind: string, text: string | null): string {
  if (kind === 's') return text ?? '';
  if (kind === 'L') return text === null ? 'NULL' : quoteLiteral(text);
  if (text === null) throw new SqlError(sqlstate.nullValueNotAllowed, 'null values cannot be formatted as an SQL identifier');
  return quoteIdentifier(text);
}

/** Of a string of JavaScript, with room for what comes beside a width. */
const longestText = 2 ** 28;

function pad(text: string, width: number, alignLeft: boolean): string {
  const missing = width - characterCount(text);
  if (missing <= 0) return text;
  return alignLeft ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

function countNulls(values: Values, wantNull: boolean): number {
  let count = 0;
  for (let index = 0; index < values.length - 1; index++) if ((values[index] === null) === wantNull) count++;
  return count;
}

export const textBuildingFunctions: Implementations = {
  'concat(any)': polymorphic(concatenation(0)),
  'concat_ws(text,any)': polymorphic(concatenation(1)),
  'format(text)': polymorphic(formatter),
  'format(text,any)': polymorphic(formatter),
  'textanycat(text,anynonarray)': polymorphic(({ args }) => {
    const print = castToText(args[1]);
    return (text: string, value: NonNull, context: EvaluationContext) => text + print(value, context);
  }),
  'anytextcat(anynonarray,text)': polymorphic(({ args }) => {
    const print = castToText(args[0]);
    return (value: NonNull, text: string, context: EvaluationContext) => print(value, context) + text;
  }),
  'quote_ident(text)': scalar((text: string) => quoteIdentifier(text)),
  'quote_literal(text)': scalar((text: string) => quoteLiteral(text)),
  'quote_literal(anyelement)': polymorphic(({ args }) => {
    const print = castToText(args[0]);
    return (value: NonNull, context: EvaluationContext) => quoteLiteral(print(value, context));
  }),
  'quote_nullable(text)': scalar((text: string | null) => (text === null ? 'NULL' : quoteLiteral(text))),
  'quote_nullable(anyelement)': polymorphic(({ args }) => {
    const print = castToText(args[0]);
    return (value: Datum, context: EvaluationContext) => (value === null ? 'NULL' : quoteLiteral(print(value, context)));
  }),
  'num_nulls(any)': scalar((...values: Values) => countNulls(values, true)),
  'num_nonnulls(any)': scalar((...values: Values) => countNulls(values, false)),
};
