/** The batteries that are asked. */
import type { Battery } from './battery.ts';
import { dateTimeFunctions, dateTimeInput, intervals } from './date-times.ts';
import { jsonFunctions, jsonInput, jsonPaths } from './documents.ts';
import { dateTimeFormatting, numberFormatting } from './formatting.ts';
import { exactNumbers, floats, integerNumbers } from './numbers.ts';
import { likePatterns, regularExpressions } from './patterns.ts';
import { arrays, binary, networkAddresses, texts } from './texts.ts';

export const batteries: readonly Battery[] = [
  ...[regularExpressions, likePatterns, dateTimeInput, intervals, dateTimeFunctions, dateTimeFormatting, numberFormatting],
  ...[exactNumbers, integerNumbers, floats, jsonInput, jsonFunctions, jsonPaths, texts, binary, arrays, networkAddresses],
];
