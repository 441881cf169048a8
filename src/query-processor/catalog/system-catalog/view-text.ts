/** A view's query as a session sees it: pg_get_viewdef, pg_views, information_schema.views. */
import type { Settings } from '#sql/settings.ts';
import type { NameLookup, TypeContext } from '#sql/type.ts';
import type { AnalyzerEnvironment } from '../../analyzer/environment.ts';
import { bindStoredText, printStoredQuery } from '../../analyzer/stored-query.ts';
import type { Run } from '../../executor/operator.ts';
import type { Catalog } from '../catalog.ts';
import type { ViewDescriptor } from '../descriptors.ts';
import { shownNames } from '../object-names.ts';

export type TextSession = {
  readonly catalog: Catalog;
  readonly names: NameLookup;
  readonly settings: Settings;
  readonly user: string;
};

/** The session whose statement reads a system catalog. */
export function sessionOf({ catalog, context }: Run): TextSession {
  const { names, settings, session } = context;
  if (names === undefined) throw new TypeError('a statement over the system catalogs knows the names of things');
  return { catalog, names, settings, user: session.currentUser };
}

export const typeContextOf = ({ settings, names }: TextSession): TypeContext => ({ settings, transactionTimestamp: 0, names });

export function environmentOfSession(session: TextSession): AnalyzerEnvironment {
  const { catalog, settings, user } = session;
  return { catalog, settings, typeContext: typeContextOf(session), currentUser: user, parameterTypes: undefined, statementText: '' };
}

export function viewText(session: TextSession, view: ViewDescriptor, pretty: boolean): string {
  const { catalog, names } = session;
  const { text } = printStoredQuery(bindStoredText(environmentOfSession(session), view.definition), {
    names: shownNames((oid) => catalog.relationByOid(oid), names),
    pretty,
    typeContext: typeContextOf(session),
    columnNames: view.columns.map((column) => column.name),
  });
  return `${text};`;
}
