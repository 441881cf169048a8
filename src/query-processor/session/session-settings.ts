/**
 * Session settings: the values of one session, as SET, SET LOCAL, RESET and the transaction block change them.
 *
 *   G1  A value set in a transaction that rolls back is as if it had never been set; one set by SET LOCAL ends with the transaction.
 *   G2  `current` is a new object after each change that it shows, never the old one changed.
 */
import type { Timestamp } from '#base/world.ts';
import { defaultSettings, type Profile, type Settings } from '#sql/settings.ts';
import { splitSearchPath } from '../catalog/identifiers.ts';
import { asOfSetting, asOfTimestamp } from './as-of.ts';
import type { WorkMemory } from './memory-account.ts';
import { checkedValue, checkSettable, isCustomName, settingDefinitions, settingNumber, unrecognized } from './setting-definitions.ts';
import { splitDateStyle } from './time-settings.ts';

/** GUC_REPORT settings: the client is told of them at the start and on each change. */
const reported: readonly string[] = [
  'application_name',
  'client_encoding',
  'datestyle',
  'default_transaction_read_only',
  'in_hot_standby',
  'integer_datetimes',
  'intervalstyle',
  'is_superuser',
  'scram_iterations',
  'server_encoding',
  'server_version',
  'session_authorization',
  'standard_conforming_strings',
  'timezone',
];

type Layers = { readonly transaction: Map<string, string | undefined>; readonly local: Map<string, string> };

export class SessionSettings {
  readonly #defaults: ReadonlyMap<string, string>;
  readonly #user: string;
  readonly #session = new Map<string, string>();
  /** Set (or, undefined, reset) by the transaction under way. */
  #transaction = new Map<string, string | undefined>();
  #local = new Map<string, string>();
  #current: Settings | undefined;
  #currentUser: string | undefined;
  #reported = new Map<string, string>();
  /** Grows with each change: whoever keeps something made from settings compares it. */
  version = 0;

  /** `options` are the client's start-up values; throws as SET would. */
  constructor(user: string, profile: Profile, options: ReadonlyMap<string, string>, roleSettings: ReadonlyMap<string, string> = new Map()) {
    this.#user = user;
    const defaults = new Map<string, string>([
      ['session_authorization', user],
      ['borealis.profile', profile],
    ]);
    this.#defaults = defaults;
    // They were checked when they were set.
    for (const [name, value] of roleSettings) defaults.set(name, value);
    for (const [name, value] of options) {
      const key = name.toLowerCase();
      if (key === 'amzn-cluster-id') continue;
      checkSettable(key, profile, user);
      defaults.set(key, checkedValue(key, value, this.#value(key) ?? ''));
    }
    this.takeChanges();
  }

  get current(): Settings {
    this.#current ??= this.#make();
    return this.#current;
  }

  /** Whose privileges count: the role that SET ROLE has taken, else the session's user. Hot. */
  get currentUser(): string {
    if (this.#currentUser === undefined) {
      const role = this.#value('role') ?? 'none';
      this.#currentUser = role === 'none' ? this.sessionUser : role;
    }
    return this.#currentUser;
  }

  get sessionUser(): string {
    return this.#value('session_authorization') ?? '';
  }

  /** SET ROLE and SET SESSION AUTHORIZATION, once they are allowed; undefined: back to what the session began with. */
  setIdentity(key: 'role' | 'session_authorization', name: string | undefined, isLocal: boolean): void {
    this.#put(key, name, isLocal);
    // Another session user begins without a role.
    if (key === 'session_authorization') this.#put('role', undefined, isLocal);
    this.#changed();
  }

  #put(key: string, value: string | undefined, isLocal: boolean): void {
    if (isLocal) this.#local.set(key, value ?? this.#defaultValue(key) ?? '');
    else {
      this.#local.delete(key);
      this.#transaction.set(key, value);
    }
  }

  /** As SHOW prints it; undefined when there is no such setting. */
  get(name: string): string | undefined {
    return this.#value(name.toLowerCase());
  }

  /** Throws 42704 when there is none. */
  show(name: string): { readonly name: string; readonly value: string } {
    const key = name.toLowerCase();
    const value = this.#value(key);
    if (value === undefined) throw unrecognized(name);
    return { name: settingDefinitions().get(key)?.name ?? name, value };
  }

  /** Number of base units (milliseconds for statement_timeout). */
  number(name: string): number {
    return settingNumber(name, this.#value(name) ?? '0');
  }

  /** The moment of the past that transactions begun now see; undefined: the present. Hot. */
  get asOf(): Timestamp | undefined {
    if (this.#asOf.version !== this.version) {
      const context = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };
      this.#asOf = { version: this.version, timestamp: asOfTimestamp(this.#value(asOfSetting) ?? '', context) };
    }
    return this.#asOf.timestamp;
  }
  #asOf: { readonly version: number; readonly timestamp: Timestamp | undefined } = { version: -1, timestamp: undefined };

  /** What a statement may hold, and write to temporary files. */
  get workMemory(): WorkMemory {
    if (this.#workMemory?.version !== this.version) {
      const isBounded = this.current.profile === 'dsql';
      const limit = this.number('temp_file_limit');
      this.#workMemory = {
        version: this.version,
        workBytes: isBounded ? undefined : this.number('work_mem') * 1024,
        hashMultiplier: this.number('hash_mem_multiplier'),
        temporaryBytes: limit < 0 ? -1 : limit * 1024,
      };
    }
    return this.#workMemory;
  }
  #workMemory: (WorkMemory & { readonly version: number }) | undefined;

  isOn(name: string): boolean {
    return this.#value(name) === 'on';
  }

  /** The value as it would be kept: for a role's sessions to come. */
  checked(name: string, value: string): string {
    checkSettable(name, this.current.profile, this.#user);
    return checkedValue(name, value, this.#value(name) ?? '');
  }

  /** Gives the value as kept. */
  set(name: string, value: string, isLocal: boolean): string {
    const key = name.toLowerCase();
    checkSettable(name, this.current.profile, this.#user);
    const checked = checkedValue(key, value, this.#value(key) ?? '');
    if (isLocal) this.#local.set(key, checked);
    else {
      this.#local.delete(key);
      this.#transaction.set(key, checked);
    }
    this.#changed();
    return checked;
  }

  /** RESET, and SET ... TO DEFAULT. */
  reset(name: string, isLocal: boolean): void {
    const key = name.toLowerCase();
    checkSettable(name, this.current.profile, this.#user);
    if (isLocal) {
      const value = this.#defaultValue(key);
      if (value !== undefined) this.#local.set(key, value);
    } else {
      this.#local.delete(key);
      this.#transaction.set(key, undefined);
    }
    this.#changed();
  }

  resetAll(): void {
    this.#local.clear();
    for (const key of [...this.#session.keys(), ...this.#transaction.keys()])
      if (key !== 'role' && key !== 'session_authorization') this.#transaction.set(key, undefined);
    this.#changed();
  }

  /** Values that the transaction itself shows: transaction_read_only. */
  setTransactionFact(key: 'transaction_read_only', value: string): void {
    if ((this.#local.get(key) ?? this.#defaultValue(key)) === value) return;
    this.#local.set(key, value);
    this.version++;
  }

  commit(): void {
    if (this.#transaction.size === 0 && this.#local.size === 0) return;
    for (const [key, value] of this.#transaction) {
      if (value === undefined) this.#session.delete(key);
      else this.#session.set(key, value);
    }
    this.#endTransaction();
  }

  rollback(): void {
    if (this.#transaction.size === 0 && this.#local.size === 0) return;
    this.#endTransaction();
  }

  savepoint(): Layers {
    return { transaction: new Map(this.#transaction), local: new Map(this.#local) };
  }

  rollbackTo(savepoint: Layers): void {
    this.#transaction = new Map(savepoint.transaction);
    this.#local = new Map(savepoint.local);
    this.#changed();
  }

  all(): { readonly name: string; readonly value: string; readonly description: string }[] {
    const rows: { readonly name: string; readonly value: string; readonly description: string }[] = [];
    for (const [key, definition] of settingDefinitions())
      rows.push({ name: definition.name, value: this.#value(key) ?? '', description: definition.description });
    return rows.sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  }

  /** ParameterStatus values, by the names that clients know. */
  parameters(): ReadonlyMap<string, string> {
    const values = new Map<string, string>();
    for (const key of reported) values.set(settingDefinitions().get(key)?.name ?? key, this.#value(key) ?? '');
    return values;
  }

  takeChanges(): readonly (readonly [string, string])[] {
    const now = this.parameters();
    const changes: (readonly [string, string])[] = [];
    for (const [name, value] of now) if (this.#reported.get(name) !== value) changes.push([name, value]);
    if (changes.length > 0) this.#reported = new Map(now);
    return changes;
  }

  #value(key: string): string | undefined {
    const local = this.#local.get(key);
    if (local !== undefined) return local;
    if (this.#transaction.has(key)) return this.#transaction.get(key) ?? this.#defaultValue(key);
    return this.#session.get(key) ?? this.#defaultValue(key);
  }

  #defaultValue(key: string): string | undefined {
    return this.#defaults.get(key) ?? settingDefinitions().get(key)?.defaultValue ?? (this.#wasSet(key) ? '' : undefined);
  }

  /** A custom name that was once set reads as empty after its reset, as in PostgreSQL. */
  #wasSet(key: string): boolean {
    return isCustomName(key) && (this.#session.has(key) || this.#transaction.has(key));
  }

  #endTransaction(): void {
    this.#transaction.clear();
    this.#local.clear();
    this.#changed();
  }

  #changed(): void {
    this.#current = undefined;
    this.#currentUser = undefined;
    this.version++;
  }

  #make(): Settings {
    const value = (key: string): string => this.#value(key) ?? '';
    return {
      timeZone: value('timezone'),
      dateStyle: splitDateStyle(value('datestyle')),
      intervalStyle: value('intervalstyle') as Settings['intervalStyle'],
      extraFloatDigits: Number(value('extra_float_digits')),
      byteaOutput: value('bytea_output') as Settings['byteaOutput'],
      searchPath: splitSearchPath(value('search_path')),
      profile: value('borealis.profile') as Profile,
    };
  }
}
