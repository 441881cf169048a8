/** Text cache: the statements of simple queries and unnamed statements by their exact text; those not used for long are forgotten. */
import { cachedTexts } from '#base/limits.ts';
import type { PreparedStatement } from './prepared-statement.ts';

/** Date words that literals mean anew each time: a plan that holds their value must not be kept. */
const volatileLiterals = /\b(now|today|tomorrow|yesterday)\b/i;
/** Longer texts (bulk inserts) are seldom sent twice, and big. */
const longestText = 16_384;

export const isCacheable = (text: string): boolean => text.length <= longestText && !(text.includes("'") && volatileLiterals.test(text));

export class TextCache {
  /** Texts used since the last clean-up, and those used before: to note a use costs nothing but at a clean-up's first. */
  #young = new Map<string, readonly PreparedStatement[]>();
  #old = new Map<string, readonly PreparedStatement[]>();

  // Hot: once a simple query.
  get(text: string): readonly PreparedStatement[] | undefined {
    const statements = this.#young.get(text);
    return statements === undefined ? this.#rejuvenated(text) : statements;
  }

  #rejuvenated(text: string): readonly PreparedStatement[] | undefined {
    const statements = this.#old.get(text);
    if (statements !== undefined) this.#add(text, statements);
    return statements;
  }

  set(text: string, statements: readonly PreparedStatement[]): void {
    if (isCacheable(text)) this.#add(text, statements);
  }

  #add(text: string, statements: readonly PreparedStatement[]): void {
    if (this.#young.size >= cachedTexts) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, statements);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
