/**
 * Catalog cache: a node's catalogs. Sessions of a node share one object as long as no schema change comes in between, so that plans
 * and layouts made from its descriptors are shared too.
 *
 *   K1  at(snapshot) is the catalog as of that snapshot, never a newer or an older one: the current one is handed out only for snapshots
 *       at or above the newest schema change that storage has applied.
 */
import { keptCatalogs } from '#base/limits.ts';
import type { Timestamp } from '#base/world.ts';
import { catalogVersionKey } from '#sql/spaces.ts';
import type { Storage } from '#storage/storage.ts';
import { LoadedCatalog } from './loaded-catalog.ts';

export class CatalogCache {
  readonly #storage: Storage;
  /** Valid for every snapshot from its version up to the version of the next schema change; newest last. */
  #kept: { readonly from: Timestamp; readonly catalog: LoadedCatalog }[] = [];

  /** Of versions that were read when they were no longer the newest. */
  readonly #past: LoadedCatalog[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  // Hot: once a transaction.
  at(snapshot: Timestamp): LoadedCatalog {
    const newest = this.#storage.catalogTimestamp;
    if (snapshot < newest) return this.#old(snapshot);
    const last = this.#kept[this.#kept.length - 1];
    if (last !== undefined && last.from === newest) return last.catalog;
    const catalog = LoadedCatalog.load(this.#storage, snapshot);
    this.#kept.push({ from: newest, catalog });
    if (this.#kept.length > keptCatalogs) this.#kept.shift();
    return catalog;
  }

  /** For a transaction that began before a schema change, or reads the past: what is kept of that version, else read again. */
  #old(snapshot: Timestamp): LoadedCatalog {
    const [row] = this.#storage.scanKeys(snapshot, { start: catalogVersionKey, end: `${catalogVersionKey}\0` }, 1);
    const version = row?.timestamp ?? 0;
    const known =
      this.#kept.find(({ catalog }) => catalog.version === version)?.catalog ?? this.#past.find((kept) => kept.version === version);
    if (known !== undefined) return known;
    const loaded = LoadedCatalog.load(this.#storage, snapshot);
    this.#past.push(loaded);
    if (this.#past.length > keptCatalogs) this.#past.shift();
    return loaded;
  }
}
