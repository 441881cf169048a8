/** What a change of a table has to do with its rows. */
import { newRewrite, type Rewrite } from './alter-column-type.ts';

/** What must be seen to in the rows before the change may stand. */
export type RowWork =
  | { readonly kind: 'checkNotNull'; readonly attributeNumber: number }
  | { readonly kind: 'checkConstraint'; readonly name: string }
  /** `childOid`: of another table, which refers to this one. */
  | { readonly kind: 'checkForeignKey'; readonly constraintOid: number; readonly childOid?: number }
  | { readonly kind: 'buildIndex'; readonly indexOid: number }
  /** A column whose default cannot be kept beside the table (it is not constant): every row is written anew. */
  | { readonly kind: 'fillColumn'; readonly attributeNumber: number }
  /** The column of a sequence's own. */
  | { readonly kind: 'fillFromSequence'; readonly attributeNumber: number; readonly sequenceOid: number }
  /** Every row moves to new key spaces, where all indexes are built anew. */
  | { readonly kind: 'rewrite'; readonly rewrite: Rewrite };

/** The rewrite of the statement: several actions share one. */
export function rewriteOf(work: RowWork[]): Rewrite {
  const known = work.find((item) => item.kind === 'rewrite');
  if (known !== undefined) return known.rewrite;
  const rewrite = newRewrite();
  work.push({ kind: 'rewrite', rewrite });
  return rewrite;
}
