/** Functions of booleans other than comparisons. AND, OR and NOT are expressions of their own. */
import type { Implementations } from '../function.ts';
import { scalar } from '../function.ts';

export const booleanFunctions: Implementations = {
  'booland_statefunc(bool,bool)': scalar((a: boolean, b: boolean) => a && b),
  'boolor_statefunc(bool,bool)': scalar((a: boolean, b: boolean) => a || b),
};
