/** Text cache: the statements of simple queries and unnamed statements by their exact text, the least recently used forgotten first. */
import { cachedTexts } from '#base/limits.ts';
import type { PreparedStatement } from './prepared-statement.ts';

/** Date words that literals mean anew each time: a plan that holds their value must not be kept. */
const volatileLiterals = /\b(now|today|tomorrow|yesterday)\b/i;
/** Longer texts (bulk inserts) are seldom sent twice, and big. */
const longestText = 16_384;

export class TextCache {
  readonly #statements = new Map<string, readonly PreparedStatement[]>();

  get(text: string): readonly PreparedStatement[] | undefined {
    const statements = this.#statements.get(text);
    if (statements === undefined) return undefined;
    // A map keeps the order of insertion: back to the end with what was used.
    this.#statements.delete(text);
    this.#statements.set(text, statements);
    return statements;
  }

  set(text: string, statements: readonly PreparedStatement[]): void {
    if (text.length > longestText || (text.includes("'") && volatileLiterals.test(text))) return;
    this.#statements.set(text, statements);
    if (this.#statements.size <= cachedTexts) return;
    for (const oldest of this.#statements.keys()) {
      this.#statements.delete(oldest);
      break;
    }
  }

  clear(): void {
    this.#statements.clear();
  }
}
