/**
 * A session's SQL cursors by name, and what becomes of them when savepoints and transactions end.
 *
 *   R1  The end of a transaction closes its cursors; those WITH HOLD read the rest of their rows before the commit, and stay.
 *   R2  ROLLBACK TO closes those declared since the savepoint.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { CursorFacts } from '#sql/function.ts';
import type { SqlCursor } from './sql-cursor.ts';

export class SessionCursors {
  readonly #cursors = new Map<string, SqlCursor>();

  get(name: string): SqlCursor {
    const cursor = this.#cursors.get(name);
    if (cursor === undefined) throw new SqlError(sqlstate.invalidCursorName, `cursor "${name}" does not exist`);
    return cursor;
  }

  has(name: string): boolean {
    return this.#cursors.has(name);
  }

  add(cursor: SqlCursor): void {
    this.#cursors.set(cursor.name, cursor);
  }

  close(name: string): void {
    this.get(name).close();
    this.#cursors.delete(name);
  }

  closeAll(): void {
    this.#closeWhere(() => true);
  }

  /** True when a commit has rows to read first. */
  get hasToHold(): boolean {
    if (this.#cursors.size === 0) return false;
    for (const _ of this.toHold()) return true;
    return false;
  }

  *toHold(): Iterable<SqlCursor> {
    for (const cursor of this.#cursors.values()) if (cursor.options.isHoldable && !cursor.isHeld) yield cursor;
  }

  /** Hot: at the end of every transaction. */
  endTransaction(hasCommitted: boolean): void {
    if (this.#cursors.size === 0) return;
    if (hasCommitted) for (const cursor of this.toHold()) cursor.isHeld = true;
    this.#closeWhere((cursor) => !cursor.isHeld);
  }

  rollBackTo(level: number): void {
    this.#closeWhere((cursor) => !cursor.isHeld && cursor.level > level);
  }

  release(level: number): void {
    for (const cursor of this.#cursors.values()) cursor.level = Math.min(cursor.level, level);
  }

  facts(): readonly CursorFacts[] {
    return [...this.#cursors.values()].map(({ name, statementText, options, createdAt }) => ({
      name,
      statement: statementText,
      isHoldable: options.isHoldable,
      isBinary: options.isBinary,
      isScrollable: options.isScrollable !== false,
      createdAt,
    }));
  }

  #closeWhere(goes: (cursor: SqlCursor) => boolean): void {
    for (const [name, cursor] of [...this.#cursors])
      if (goes(cursor)) {
        cursor.close();
        this.#cursors.delete(name);
      }
  }
}
