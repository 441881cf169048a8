/** Pages of a cluster that stand by themselves; `path` comes after /clusters/REGION/ID/. */
import type { TextName } from '../texts/texts.ts';

export const clusterLinks: readonly { readonly name: TextName; readonly path: string }[] = [
  { name: 'query.title', path: 'query' },
  { name: 'import.title', path: 'import' },
  { name: 'schema.title', path: 'schema' },
];
