/** What session information functions (current_user, current_setting, pg_get_indexdef, nextval, ...) ask of their session. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import type { AdvisoryLockFacts, CursorFacts, SessionFacts } from '#sql/function.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { NameLookup, RegKind, Remark, TypeRef } from '#sql/type.ts';
import type { Storage } from '#storage/storage.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { CatalogNames, searchSchemas, temporaryAlias } from '../catalog/name-lookup.ts';
import { catalogFunction } from '../catalog/system-catalog/catalog-functions.ts';
import { asOfSetting } from './as-of.ts';
import type { SequenceAllocator } from './sequence-allocator.ts';
import { type SessionFunctionSource, sessionFunctions } from './session-functions.ts';
import { setIdentity } from './session-identity.ts';
import type { SessionLocks } from './session-locks.ts';
import { SessionSequences } from './session-sequences.ts';
import type { SessionSettings } from './session-settings.ts';
import { unrecognized } from './setting-definitions.ts';
import type { TransactionBlock } from './transaction-block.ts';

/** The parts of a session that these facts are read from. */
export type FactSource = {
  readonly database: string;
  readonly iamUser: string | undefined;
  readonly processId: number;
  readonly settings: SessionSettings;
  /** The catalog of the transaction under way; undefined outside. */
  catalog(): LoadedCatalog | undefined;
  setSeed(seed: number): void;
  readonly block: TransactionBlock;
  readonly locks: SessionLocks;
  readonly allocator: SequenceAllocator;
  readonly storage: Pick<Storage, 'heldBytes'>;
} & Omit<SessionFunctionSource, 'block' | 'processId'>;

export class LocalSessionFacts implements SessionFacts, NameLookup {
  readonly #source: FactSource;
  #names: { readonly catalog: LoadedCatalog; readonly settingsVersion: number; readonly lookup: CatalogNames } | undefined;

  readonly sequences: SessionSequences;

  constructor(source: FactSource) {
    this.#source = source;
    this.sequences = new SessionSequences(source.block, source.allocator);
  }

  get currentUser(): string {
    return this.#source.settings.currentUser;
  }

  get sessionUser(): string {
    return this.#source.settings.sessionUser;
  }

  get iamUser(): string | undefined {
    return this.#source.iamUser;
  }

  get database(): string {
    return this.#source.database;
  }

  get backendPid(): number {
    return this.#source.processId;
  }

  get applicationName(): string {
    return this.#source.settings.get('application_name') ?? '';
  }

  #catalog(): LoadedCatalog {
    const catalog = this.#source.catalog();
    if (catalog === undefined) throw new SqlError(sqlstate.noActiveSqlTransaction, 'the catalog can be read in a transaction only');
    return catalog;
  }

  get names(): CatalogNames {
    const catalog = this.#catalog();
    const { settings } = this.#source;
    if (this.#names?.catalog !== catalog || this.#names.settingsVersion !== settings.version) {
      const lookup = new CatalogNames(catalog, settings.current.searchPath, this.currentUser);
      this.#names = { catalog, settingsVersion: settings.version, lookup };
    }
    return this.#names.lookup;
  }

  oidOf(kind: RegKind, text: string): number {
    return this.names.oidOf(kind, text);
  }

  typeOf(text: string, remark: Remark | undefined): TypeRef {
    return this.names.typeOf(text, remark);
  }

  nameOf(kind: RegKind, oid: number): string | undefined {
    return this.names.nameOf(kind, oid);
  }

  rowFields(rowTypeOid: number): ReturnType<NameLookup['rowFields']> {
    return this.names.rowFields(rowTypeOid);
  }

  schemas(includeImplicit: boolean): readonly string[] {
    const catalog = this.#catalog();
    const path = this.#source.settings.current.searchPath;
    const isNamed = path.includes('pg_catalog');
    const names: string[] = [];
    for (const oid of searchSchemas(catalog, path, this.currentUser)) {
      const name = catalog.schemaByOid(oid)?.name;
      const isImplicit = (name === 'pg_catalog' && !isNamed) || (oid === firstTemporaryOid && !path.includes(temporaryAlias));
      if (name !== undefined && (includeImplicit || !isImplicit)) names.push(name);
    }
    return names;
  }

  setting(name: string): string | undefined {
    return this.#source.settings.get(name);
  }

  setSetting(name: string, value: string, isLocal: boolean): string {
    const { settings } = this.#source;
    const key = name.toLowerCase();
    if (key === 'role' || key === 'session_authorization') {
      setIdentity(settings, this.#catalog(), key, value, isLocal);
      return value;
    }
    if (key === asOfSetting && isLocal) throw new SqlError(sqlstate.activeSqlTransaction, `"${asOfSetting}" must be set before any query`);
    if (settings.get(name) === undefined && !name.includes('.')) throw unrecognized(name);
    return settings.set(name, value, isLocal);
  }

  setSeed(seed: number): void {
    this.#source.setSeed(seed);
  }

  catalogFunction(name: string, args: readonly Datum[]): Datum {
    if (name.startsWith('pg_advisory_') || name.startsWith('pg_try_advisory_')) return this.#source.locks.call(name, args);
    const ofSession = sessionFunctions[name];
    if (ofSession !== undefined) return ofSession({ args, source: this.#source, catalog: this.#catalog(), user: this.currentUser });
    return catalogFunction(name, args, {
      catalog: this.#catalog(),
      names: this.names,
      settings: this.#source.settings.current,
      user: this.currentUser,
      heldBytes: this.#source.storage.heldBytes,
    });
  }

  sequence(name: 'nextval' | 'currval' | 'lastval' | 'setval', args: readonly Datum[]): Datum {
    return this.sequences.call(name, args);
  }

  advisoryLocks(): readonly AdvisoryLockFacts[] {
    return this.#source.locks.all.facts();
  }

  cursors(): readonly CursorFacts[] {
    return this.#source.block.cursors.facts();
  }
}
