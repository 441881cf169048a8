/**
 * Dialect check: what the session's profile says of a statement (`dialect/`), once for each statement that is run again.
 *
 * The answer depends on the statement and on two settings; when one of these changes all answers are forgotten.
 */
import type { Profile } from '#sql/settings.ts';
import { checkStatement, type StatementCheck } from '../dialect/check-statement.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import type { SessionSettings } from './session-settings.ts';

export class DialectCheck {
  readonly #settings: SessionSettings;
  #settingsVersion = -1;
  #profile: Profile = 'open';
  #allowsSyncIndex = false;
  #known = new WeakMap<ParsedStatement, StatementCheck>();

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  // Hot.
  of(statement: ParsedStatement): StatementCheck {
    if (this.#settingsVersion !== this.#settings.version) this.#readSettings();
    const known = this.#known.get(statement);
    if (known !== undefined) return known;
    const made = checkStatement(statement, { profile: this.#profile, allowsSyncIndex: this.#allowsSyncIndex });
    this.#known.set(statement, made);
    return made;
  }

  /** True when there is neither a refusal nor a notice. Hot. */
  isSilent(statement: ParsedStatement): boolean {
    const { refusal, notice } = this.of(statement);
    return refusal === undefined && notice === undefined;
  }

  #readSettings(): void {
    const { profile } = this.#settings.current;
    const allowsSyncIndex = !this.#settings.isOn('disable_sync_create_index');
    this.#settingsVersion = this.#settings.version;
    if (profile === this.#profile && allowsSyncIndex === this.#allowsSyncIndex) return;
    this.#profile = profile;
    this.#allowsSyncIndex = allowsSyncIndex;
    this.#known = new WeakMap();
  }
}
