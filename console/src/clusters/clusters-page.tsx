/** The list of clusters, live. */
import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import type { ReactNode } from 'react';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { useClusters } from './cluster-queries.ts';
import { ClusterStatusIndicator } from './cluster-status.tsx';

export function ClustersPage(): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const { data: clusters, isPending } = useClusters();
  const { items, filterProps, collectionProps } = useCollection(clusters ?? [], {
    filtering: { filteringFunction: (cluster, text) => JSON.stringify([cluster.identifier, cluster.region, cluster.tags]).includes(text) },
    sorting: {},
  });
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="arn"
      loading={isPending}
      loadingText={t('clusters.loading')}
      variant="full-page"
      empty={<Box textAlign="center">{t('clusters.empty')}</Box>}
      header={
        <Header
          variant="awsui-h1-sticky"
          counter={clusters === undefined ? '' : `(${clusters.length})`}
          description={t('clusters.description')}
        >
          {t('clusters.title')}
        </Header>
      }
      filter={<TextFilter {...filterProps} filteringPlaceholder={t('clusters.filter')} filteringAriaLabel={t('clusters.filter')} />}
      columnDefinitions={[
        { id: 'id', header: t('clusters.id'), cell: ({ identifier }) => identifier, sortingField: 'identifier', isRowHeader: true },
        { id: 'name', header: t('clusters.name'), cell: ({ tags }) => tags.Name ?? '–' },
        {
          id: 'status',
          header: t('clusters.status'),
          cell: ({ status }) => <ClusterStatusIndicator status={status} />,
          sortingField: 'status',
        },
        { id: 'region', header: t('clusters.region'), cell: ({ region }) => region, sortingField: 'region' },
        {
          id: 'type',
          header: t('clusters.type'),
          cell: ({ multiRegionProperties }) => t(multiRegionProperties === undefined ? 'clusters.singleRegion' : 'clusters.multiRegion'),
        },
        {
          id: 'created',
          header: t('clusters.created'),
          cell: ({ creationTime }) => new Date(creationTime * 1_000).toLocaleString(language),
          sortingField: 'creationTime',
        },
      ]}
    />
  );
}
