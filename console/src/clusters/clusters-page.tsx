/** The list of clusters, live. */
import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { type ReactNode, useState } from 'react';
import type { ClusterInRegion } from '../api/control-plane.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { hrefOf, useFollow } from '../app/router.tsx';
import { useClusters, useRegions } from './cluster-queries.ts';
import { ClusterStatusIndicator } from './cluster-status.tsx';
import { ConnectDialog } from './connect-dialog.tsx';
import { DeleteDialog } from './delete-dialog.tsx';

export function ClustersPage(): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const follow = useFollow();
  const { data: clusters, isPending, error } = useClusters();
  const { error: regionsError } = useRegions();
  const failure = error ?? regionsError;
  const [chosenArn, setChosenArn] = useState<string>();
  const [dialog, setDialog] = useState<'connect' | 'delete'>();
  const chosen = clusters?.find(({ arn }) => arn === chosenArn);
  const { items, filterProps, collectionProps } = useCollection(clusters ?? [], {
    filtering: { filteringFunction: (cluster, text) => JSON.stringify([cluster.identifier, cluster.region, cluster.tags]).includes(text) },
    sorting: {},
  });
  const close = (): void => setDialog(undefined);
  return (
    <>
      <Table<ClusterInRegion>
        {...collectionProps}
        items={items}
        trackBy="arn"
        selectionType="single"
        selectedItems={chosen === undefined ? [] : [chosen]}
        onSelectionChange={({ detail }) => setChosenArn(detail.selectedItems[0]?.arn)}
        ariaLabels={{
          selectionGroupLabel: t('clusters.select'),
          itemSelectionLabel: (_, { identifier, region }) => `${identifier} ${region}`,
          tableLabel: t('clusters.title'),
        }}
        loading={isPending && failure === null}
        loadingText={t('clusters.loading')}
        variant="full-page"
        empty={
          <Box textAlign="center" padding="l">
            {failure === null ? t('clusters.empty') : t('clusters.loadFailed', { message: failure.message })}
          </Box>
        }
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={clusters === undefined ? '' : `(${clusters.length})`}
            description={t('clusters.description')}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={chosen === undefined} onClick={() => setDialog('connect')}>
                  {t('clusters.connect')}
                </Button>
                <Button disabled={chosen === undefined} onClick={() => setDialog('delete')}>
                  {t('clusters.delete')}
                </Button>
                <Button variant="primary" href={hrefOf('/clusters/create')} onFollow={follow}>
                  {t('clusters.create')}
                </Button>
              </SpaceBetween>
            }
          >
            {t('clusters.title')}
          </Header>
        }
        filter={<TextFilter {...filterProps} filteringPlaceholder={t('clusters.filter')} filteringAriaLabel={t('clusters.filter')} />}
        columnDefinitions={[
          {
            id: 'id',
            header: t('clusters.id'),
            cell: ({ identifier, region }) => (
              <Link href={hrefOf(`/clusters/${region}/${identifier}`)} onFollow={follow}>
                {identifier}
              </Link>
            ),
            sortingField: 'identifier',
            isRowHeader: true,
          },
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
            id: 'protection',
            header: t('clusters.protection'),
            cell: ({ deletionProtectionEnabled }) => t(deletionProtectionEnabled ? 'shell.on' : 'shell.off'),
            sortingField: 'deletionProtectionEnabled',
          },
          {
            id: 'created',
            header: t('clusters.created'),
            cell: ({ creationTime }) => new Date(creationTime * 1_000).toLocaleString(language),
            sortingField: 'creationTime',
          },
        ]}
      />
      {chosen !== undefined && dialog === 'connect' ? (
        <ConnectDialog region={chosen.region} id={chosen.identifier} onClose={close} />
      ) : null}
      {chosen !== undefined && dialog === 'delete' ? (
        <DeleteDialog region={chosen.region} id={chosen.identifier} isProtected={chosen.deletionProtectionEnabled} onClose={close} />
      ) : null}
    </>
  );
}
