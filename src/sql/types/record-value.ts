import type { Datum } from '../datum.ts';

/** A row value: anonymous record or the row of a relation. */
export class RecordValue {
  readonly typeOids: readonly number[];
  readonly names: readonly string[];
  readonly values: readonly Datum[];

  constructor(typeOids: readonly number[], names: readonly string[], values: readonly Datum[]) {
    this.typeOids = typeOids;
    this.names = names;
    this.values = values;
  }
}
