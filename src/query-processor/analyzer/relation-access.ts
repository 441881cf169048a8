/**
 * Relation access: what a statement does with each relation that it names, for the check of privileges when it is run.
 *
 * Gathered while names are bound: an access comes with its FROM item or target, and every reference to one of its columns adds that column.
 * Which role must have the privileges is known here only for what a stored definition reads in its owner's name (`checkAs`).
 */

import { privilege } from '#sql/privilege.ts';
import type { RelationDescriptor } from '../catalog/descriptors.ts';

export type RelationAccess = {
  readonly relation: RelationDescriptor;
  /** undefined: the role that runs the statement. */
  readonly checkAs: number | undefined;
  /** Bits of `privilege`. */
  required: number;
  /** Attribute numbers of columns that are read, given values by INSERT, changed by UPDATE. None: any column's privilege will do. */
  readonly selected: Set<number>;
  readonly inserted: Set<number>;
  readonly updated: Set<number>;
};

export const newAccess = (relation: RelationDescriptor, required: number, checkAs: number | undefined): RelationAccess => ({
  relation,
  checkAs,
  required,
  selected: new Set(),
  inserted: new Set(),
  updated: new Set(),
});

/** A column of an access. */
export type ColumnAccess = { readonly access: RelationAccess; readonly attributeNumber: number };

export function noteRead({ access, attributeNumber }: ColumnAccess): void {
  access.required |= privilege.select;
  access.selected.add(attributeNumber);
}
