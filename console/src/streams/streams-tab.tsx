/** A cluster's change streams, and what the chosen one tells. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Cluster } from '../api/control-plane.ts';
import { liveMs } from '../api/query-client.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { LiveChanges } from './live-changes.tsx';
import { createStream, deleteStream, listStreams, type Stream } from './stream-api.ts';

export function StreamsTab({ region, cluster }: { readonly region: string; readonly cluster: Cluster }): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const { identifier: id, status } = cluster;
  const { data, isPending, error } = useQuery({
    queryKey: ['streams', region, id],
    queryFn: () => listStreams(region, id),
    refetchInterval: liveMs,
  });
  const [chosenId, setChosenId] = useState<string>();
  const chosen = data?.find(({ streamIdentifier }) => streamIdentifier === chosenId);
  const create = useChange(() => createStream(region, id, crypto.randomUUID()), {
    message: () => t('streams.created'),
    onDone: ({ streamIdentifier }) => setChosenId(streamIdentifier),
  });
  const remove = useChange((stream: string) => deleteStream(region, id, stream), { message: () => t('streams.deleted') });
  return (
    <SpaceBetween size="l">
      <Table<Stream>
        items={data ?? []}
        trackBy="streamIdentifier"
        loading={isPending}
        loadingText={t('shell.loading')}
        selectionType="single"
        selectedItems={chosen === undefined ? [] : [chosen]}
        onSelectionChange={({ detail }) => setChosenId(detail.selectedItems[0]?.streamIdentifier)}
        ariaLabels={{
          selectionGroupLabel: t('streams.select'),
          itemSelectionLabel: (_, { streamIdentifier }) => streamIdentifier,
          tableLabel: t('streams.title'),
        }}
        header={
          <Header
            variant="h2"
            counter={data === undefined ? '' : `(${data.length})`}
            description={t('streams.description')}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  disabled={chosen?.status !== 'ACTIVE'}
                  loading={remove.isRunning}
                  onClick={() => {
                    if (chosen !== undefined) remove.run(chosen.streamIdentifier);
                  }}
                >
                  {t('clusters.delete')}
                </Button>
                <Button variant="primary" disabled={status !== 'ACTIVE'} loading={create.isRunning} onClick={() => create.run(undefined)}>
                  {t('streams.create')}
                </Button>
              </SpaceBetween>
            }
          >
            {t('streams.title')}
          </Header>
        }
        empty={
          <Box textAlign="center" padding="l">
            {error === null ? t('streams.empty') : t('shell.failed', { message: error.message })}
          </Box>
        }
        columnDefinitions={[
          { id: 'id', header: t('streams.id'), cell: ({ streamIdentifier }) => streamIdentifier, isRowHeader: true },
          {
            id: 'status',
            header: t('clusters.status'),
            cell: ({ status: state }) => <StatusIndicator type={state === 'ACTIVE' ? 'success' : 'in-progress'}>{state}</StatusIndicator>,
          },
          {
            id: 'created',
            header: t('clusters.created'),
            cell: ({ creationTime }) => new Date(creationTime * 1_000).toLocaleString(language),
          },
        ]}
      />
      {chosen?.status === 'ACTIVE' ? (
        <LiveChanges key={chosen.streamIdentifier} region={region} id={id} stream={chosen.streamIdentifier} />
      ) : null}
    </SpaceBetween>
  );
}
