/**
 * Nesting: an upper estimate of how deep a text's tree will be, by token, before the grammar builds it.
 *
 * The grammar runs as WebAssembly on JavaScript's stack. When that overflows the instance loses memory and has to be replaced
 * (`grammar.ts`); the estimate keeps ordinary "too deep" statements away from there, and with them the recursion of later stages.
 */
import { scanTokens } from './scanner.ts';

/** Nearly no statement below this many characters can reach the bound, so it is not scanned. */
export const unsuspiciousLength = 4000;

/** Words that put what stands before them, or what follows, one level down. */
const deepening = new Set([
  'join',
  'union',
  'intersect',
  'except',
  'not',
  'is',
  'collate',
  'at',
  'escape',
  'between',
  'in',
  'like',
  'ilike',
]);
const separating = new Set([
  'and',
  'or',
  'when',
  'then',
  'else',
  'from',
  'where',
  'group',
  'having',
  'order',
  'limit',
  'on',
  'select',
  'set',
]);
const setOrJoin = new Set(['join', 'union', 'intersect', 'except']);

/** What follows binds a chain of set operations, and of ||, in a loop: it is only the grammar that goes down along it. */
const linkOfChain = 0.4;

type Level = { chain: number; sets: number };

export function estimatedDepth(text: string): number {
  let deepest = 0;
  let below = 0;
  let level: Level = { chain: 0, sets: 0 };
  const outer: Level[] = [];
  const enter = (): void => {
    below += level.chain + level.sets + 1;
    outer.push(level);
    level = { chain: 0, sets: 0 };
  };
  const leave = (): void => {
    const before = outer.pop();
    if (before === undefined) return;
    level = before;
    below -= level.chain + level.sets + 1;
  };
  for (const token of scanTokens(text)) {
    if (token.kind === 'operator') level.chain += text.slice(token.start, token.end) === '||' ? linkOfChain : 1;
    else if (token.kind === 'word') {
      const word = text.slice(token.start, token.end).toLowerCase();
      if (setOrJoin.has(word)) {
        level.sets += word === 'join' ? 1 : linkOfChain;
        level.chain = 0;
      } else if (deepening.has(word)) level.chain++;
      else if (separating.has(word)) level.chain = 0;
      else if (word === 'case') enter();
      else if (word === 'end') leave();
    } else if (token.kind === 'punctuation') {
      const character = text[token.start];
      if (character === '(' || character === '[') enter();
      else if (character === ')' || character === ']') leave();
      else if (character === ':') level.chain++;
      else if (character === ',') level.chain = 0;
      else if (character === ';') {
        outer.length = 0;
        below = 0;
        level = { chain: 0, sets: 0 };
      }
    }
    deepest = Math.max(deepest, below + level.chain + level.sets);
  }
  return deepest;
}
