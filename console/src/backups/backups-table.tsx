/** Backups, running, done and failed, the newest first, and what can be done with each: all of them, or one cluster's. */
import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type BackupJob, deleteRecoveryPoint, listBackups, partsOfArn } from '../api/control-plane.ts';
import { liveMs } from '../api/query-client.ts';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { hrefOf, useFollow } from '../app/router.tsx';
import { useChange } from '../app/use-change.ts';
import { RestoreDialog } from './restore-dialog.tsx';

export function BackupsTable(props: {
  /** undefined: of all clusters. */
  readonly cluster?: string;
  readonly isPage: boolean;
  readonly actions: ReactNode;
}): ReactNode {
  const { cluster, isPage, actions } = props;
  const t = useTexts();
  const { language } = usePreferences();
  const follow = useFollow();
  const { data, isPending, error } = useQuery({ queryKey: ['backups'], queryFn: listBackups, refetchInterval: liveMs });
  const [chosenId, setChosenId] = useState<string>();
  const [dialog, setDialog] = useState<'restore' | 'delete'>();
  const backups = (data ?? []).filter(({ resourceArn }) => cluster === undefined || resourceArn === cluster);
  const { items, collectionProps, paginationProps } = useCollection(backups, { pagination: { pageSize: 25 }, sorting: {} });
  const chosen = backups.find(({ backupJobId }) => backupJobId === chosenId);
  const point = chosen?.recoveryPointId;
  const close = (): void => setDialog(undefined);
  const remove = useChange(deleteRecoveryPoint, { message: () => t('backups.deleted'), onDone: close });
  const when = (seconds: number | undefined): string => (seconds === undefined ? '–' : new Date(seconds * 1_000).toLocaleString(language));
  return (
    <>
      <Table<BackupJob>
        {...collectionProps}
        items={items}
        trackBy="backupJobId"
        variant={isPage ? 'full-page' : 'container'}
        loading={isPending}
        loadingText={t('shell.loading')}
        selectionType="single"
        selectedItems={chosen === undefined ? [] : [chosen]}
        onSelectionChange={({ detail }) => setChosenId(detail.selectedItems[0]?.backupJobId)}
        ariaLabels={{
          selectionGroupLabel: t('backups.select'),
          itemSelectionLabel: (_, { backupJobId }) => backupJobId,
          tableLabel: t('backups.title'),
        }}
        header={
          <Header
            variant={isPage ? 'awsui-h1-sticky' : 'h2'}
            counter={data === undefined ? '' : `(${backups.length})`}
            description={t('backups.description')}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={point === undefined} onClick={() => setDialog('delete')}>
                  {t('clusters.delete')}
                </Button>
                <Button disabled={point === undefined} onClick={() => setDialog('restore')}>
                  {t('backups.restore')}
                </Button>
                {actions}
              </SpaceBetween>
            }
          >
            {t('backups.title')}
          </Header>
        }
        pagination={<Pagination {...paginationProps} />}
        empty={
          <Box textAlign="center" padding="l">
            {error === null ? t('backups.empty') : t('shell.failed', { message: error.message })}
          </Box>
        }
        columnDefinitions={[
          {
            id: 'time',
            header: t('clusters.created'),
            cell: ({ creationTime }) => when(creationTime),
            sortingField: 'creationTime',
            isRowHeader: true,
          },
          {
            id: 'state',
            header: t('clusters.status'),
            cell: ({ state, statusMessage }) => <State state={state} message={statusMessage} />,
            sortingField: 'state',
          },
          ...(cluster === undefined
            ? [
                {
                  id: 'cluster',
                  header: t('clusters.cluster'),
                  cell: ({ resourceArn }: BackupJob): ReactNode => {
                    const { region, id } = partsOfArn(resourceArn);
                    return (
                      <Link href={hrefOf(`/clusters/${region}/${id}`)} onFollow={follow}>
                        {`${region}: ${id}`}
                      </Link>
                    );
                  },
                  sortingField: 'resourceArn',
                },
              ]
            : []),
          { id: 'of', header: t('backups.asOf'), cell: ({ timestamp }) => when(timestamp) },
          { id: 'rows', header: t('backups.rows'), cell: ({ rows }) => rows?.toLocaleString(language) ?? '–', sortingField: 'rows' },
          { id: 'id', header: t('backups.id'), cell: ({ backupJobId }) => backupJobId },
        ]}
      />
      {point !== undefined && dialog === 'restore' ? <RestoreDialog point={point} onClose={close} /> : null}
      {point !== undefined && dialog === 'delete' ? (
        <ConfirmDialog
          title={t('backups.delete')}
          confirm={t('clusters.delete')}
          isRunning={remove.isRunning}
          onConfirm={() => remove.run(point)}
          onClose={close}
        >
          <Box variant="p">{t('backups.deleteWarning', { id: point })}</Box>
        </ConfirmDialog>
      ) : null}
    </>
  );
}

function State({ state, message }: { readonly state: BackupJob['state']; readonly message: string | undefined }): ReactNode {
  if (state === 'RUNNING') return <StatusIndicator type="in-progress">{state}</StatusIndicator>;
  if (state === 'COMPLETED') return <StatusIndicator type="success">{state}</StatusIndicator>;
  return <StatusIndicator type="error">{message === undefined ? state : `${state}: ${message}`}</StatusIndicator>;
}
