/**
 * Temporary objects of one session: tables, views and sequences that nobody else sees and that end with it.
 *
 * Their descriptors have oids of a range of their own and are laid over the catalog that the session sees; they are never written
 * to the catalog's rows, so that making one conflicts with nobody. Their rows are in `transaction/temporary-rows.ts`.
 */
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { Descriptor, SchemaDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import type { CatalogChanges, LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { TemporaryRows } from '../transaction/temporary-rows.ts';

/** Schemas of sessions on one node have different names, as in PostgreSQL. */
const schemaNumbers = 1_000_000;

export const spacesOf = (table: TableDescriptor): readonly number[] => [table.space, ...table.indexes.map((index) => index.space)];

export class TemporaryObjects {
  readonly rows = new TemporaryRows();
  readonly #schema: Omit<SchemaDescriptor, 'ownerOid'>;
  readonly #descriptors = new Map<number, Descriptor>();
  #nextOid = firstTemporaryOid + 1;
  /** What ON COMMIT asks for. */
  #endsWithCommit = false;
  #laid: { readonly under: LoadedCatalog; readonly catalog: LoadedCatalog } | undefined;

  constructor(processId: number) {
    this.#schema = { kind: 'schema', oid: firstTemporaryOid, name: `pg_temp_${processId % schemaNumbers}` };
  }

  get schema(): Omit<SchemaDescriptor, 'ownerOid'> {
    return this.#schema;
  }

  get isEmpty(): boolean {
    return this.#descriptors.size === 0;
  }

  newOid(): number {
    return this.#nextOid++;
  }

  /** The catalog as this session sees it. Hot: once a transaction. */
  over(catalog: LoadedCatalog): LoadedCatalog {
    if (this.#descriptors.size === 0) return catalog;
    if (this.#laid?.under !== catalog) this.#laid = { under: catalog, catalog: catalog.withChanges(this.#descriptors, catalog.nextOid) };
    return this.#laid.catalog;
  }

  /** What a transaction has made of them, now that it has committed; then what ON COMMIT says. */
  commit(changes: CatalogChanges): void {
    for (const [oid, descriptor] of changes) {
      if (oid < firstTemporaryOid) continue;
      this.#set(oid, descriptor);
      if (descriptor?.kind === 'table' && descriptor.onCommit !== undefined) this.#endsWithCommit = true;
    }
    if (this.#endsWithCommit) this.#endTables();
  }

  #endTables(): void {
    this.#endsWithCommit = false;
    for (const descriptor of [...this.#descriptors.values()]) {
      if (descriptor.kind !== 'table' || descriptor.onCommit === undefined) continue;
      this.rows.dropSpaces(spacesOf(descriptor));
      if (descriptor.onCommit === 'drop') this.#drop(descriptor);
      else this.#endsWithCommit = true;
    }
  }

  #drop(table: TableDescriptor): void {
    this.#set(table.oid, undefined);
    for (const other of [...this.#descriptors.values()]) {
      const isOwned = other.kind === 'sequence' && other.ownedBy?.tableOid === table.oid;
      const isComment = other.kind === 'comment' && other.objectOid === table.oid;
      if (isOwned || isComment) this.#set(other.oid, undefined);
    }
  }

  #set(oid: number, descriptor: Descriptor | undefined): void {
    this.#laid = undefined;
    if (descriptor === undefined) this.#descriptors.delete(oid);
    else this.#descriptors.set(oid, descriptor);
  }

  /** DISCARD TEMP as a change of the catalog. */
  dropAll(): CatalogChanges {
    return new Map([...this.#descriptors.keys()].map((oid) => [oid, undefined]));
  }

  clear(): void {
    this.#laid = undefined;
    this.#descriptors.clear();
    this.rows.clear();
  }
}
