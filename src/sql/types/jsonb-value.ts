import type { Numeric } from './numeric-value.ts';

/** A jsonb document. The wrapper tells JSON null (`new Jsonb(null)`) from SQL NULL. */
export class Jsonb {
  readonly root: JsonNode;
  constructor(root: JsonNode) {
    this.root = root;
  }
}

/** Objects are Maps in jsonb's key order: shorter keys (in UTF-8 bytes) first, then by bytes. Numbers keep their scale. */
export type JsonNode = null | boolean | string | Numeric | readonly JsonNode[] | ReadonlyMap<string, JsonNode>;
