/**
 * Which page an address is. A page is loaded when it is first gone to, so that signing in loads little.
 * `area` is the entry of the navigation that it belongs to.
 */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { TextName } from '../texts/texts.ts';
import { match } from './router.tsx';

export type PageParameters = Readonly<Record<string, string>>;
type Page = ComponentType<{ readonly parameters: PageParameters }>;

export type Route = {
  readonly pattern: string;
  readonly title: TextName;
  readonly area: '/clusters' | '/backups' | '/regions' | '/audit' | '/identities';
  readonly page: LazyExoticComponent<Page>;
};

const page = (load: () => Promise<Page>): LazyExoticComponent<Page> => lazy(async () => ({ default: await load() }));

const cluster = page(async () => (await import('../clusters/cluster-page.tsx')).ClusterPage);

export const routes: readonly Route[] = [
  {
    pattern: '/clusters',
    title: 'clusters.title',
    area: '/clusters',
    page: page(async () => (await import('../clusters/clusters-page.tsx')).ClustersPage),
  },
  {
    pattern: '/clusters/create',
    title: 'clusters.create',
    area: '/clusters',
    page: page(async () => (await import('../clusters/create-cluster-page.tsx')).CreateClusterPage),
  },
  { pattern: '/clusters/:region/:id', title: 'clusters.cluster', area: '/clusters', page: cluster },
  { pattern: '/clusters/:region/:id/tab/:tab', title: 'clusters.cluster', area: '/clusters', page: cluster },
  {
    pattern: '/backups',
    title: 'backups.title',
    area: '/backups',
    page: page(async () => (await import('../backups/backups-page.tsx')).BackupsPage),
  },
  {
    pattern: '/regions',
    title: 'regions.title',
    area: '/regions',
    page: page(async () => (await import('../regions/regions-page.tsx')).RegionsPage),
  },
  {
    pattern: '/audit',
    title: 'audit.title',
    area: '/audit',
    page: page(async () => (await import('../audit/audit-page.tsx')).AuditPage),
  },
  {
    pattern: '/identities',
    title: 'identities.title',
    area: '/identities',
    page: page(async () => (await import('../identities/identities-page.tsx')).IdentitiesPage),
  },
  {
    pattern: '/clusters/:region/:id/query',
    title: 'query.title',
    area: '/clusters',
    page: page(async () => (await import('../query-editor/query-page.tsx')).QueryPage),
  },
  {
    pattern: '/clusters/:region/:id/import',
    title: 'import.title',
    area: '/clusters',
    page: page(async () => (await import('../import/import-page.tsx')).ImportPage),
  },
  {
    pattern: '/clusters/:region/:id/schema',
    title: 'schema.title',
    area: '/clusters',
    page: page(async () => (await import('../schema-browser/schema-page.tsx')).SchemaPage),
  },
];

export function routeOf(path: string): { readonly route: Route; readonly parameters: PageParameters } | undefined {
  for (const route of routes) {
    const parameters = match(route.pattern, path);
    if (parameters !== undefined) return { route, parameters };
  }
  return undefined;
}
