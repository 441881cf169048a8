/** What the catalogs say of a view: whether rows can be changed through it, and how its options are written. */
import { bindStoredText } from '../../analyzer/stored-query.ts';
import { baseOf, notUpdatable, updatableColumns } from '../../analyzer/updatable-view.ts';
import type { RelationDescriptor, ViewDescriptor } from '../descriptors.ts';
import { environmentOfSession, type TextSession } from './view-text.ts';

/** pg_relation_is_updatable's bits. */
const insertable = 8;
const updatable = 4;
const deletable = 16;
export const allChanges = insertable + updatable + deletable;

/** The changes that a view takes: those that all relations below it take too. */
export function changesOf(session: TextSession, relation: RelationDescriptor | undefined): number {
  if (relation?.kind === 'table') return allChanges;
  if (relation?.kind !== 'view') return 0;
  const { query } = bindStoredText(environmentOfSession(session), relation.definition);
  if (notUpdatable(query, session.catalog, false) !== undefined) return 0;
  const own = updatableColumns(query).some((isUpdatable) => isUpdatable) ? allChanges : deletable;
  return own & changesOf(session, session.catalog.relationByOid(baseOf(query) ?? 0));
}

/** pg_column_is_updatable, by attribute number. */
export function isColumnUpdatable(session: TextSession, relation: RelationDescriptor | undefined, attributeNumber: number): boolean {
  if (relation?.kind === 'table') return true;
  if (relation?.kind !== 'view' || (changesOf(session, relation) & (updatable + deletable)) !== updatable + deletable) return false;
  const { query } = bindStoredText(environmentOfSession(session), relation.definition);
  return updatableColumns(query)[attributeNumber - 1] === true;
}

export const isUpdatable = (changes: number): boolean => (changes & (updatable + deletable)) === updatable + deletable;
export const isInsertable = (changes: number): boolean => (changes & insertable) !== 0;

/** pg_class.reloptions; undefined without any. */
export function optionTexts({ options }: ViewDescriptor): readonly string[] | undefined {
  const texts: string[] = [];
  if (options.securityBarrier !== undefined) texts.push(`security_barrier=${options.securityBarrier}`);
  if (options.securityInvoker !== undefined) texts.push(`security_invoker=${options.securityInvoker}`);
  if (options.checkOption !== undefined) texts.push(`check_option=${options.checkOption}`);
  return texts.length === 0 ? undefined : texts;
}
