/** The audit log, the newest first. */
import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { listAuditEvents } from '../api/control-plane.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';

export function AuditPage(): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const { data, isPending, error } = useQuery({ queryKey: ['audit'], queryFn: listAuditEvents, refetchInterval: 5_000 });
  const { items, filterProps, collectionProps, paginationProps } = useCollection(data ?? [], {
    filtering: {},
    pagination: { pageSize: 50 },
    sorting: {},
  });
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="eventID"
      variant="full-page"
      loading={isPending}
      loadingText={t('shell.loading')}
      wrapLines
      ariaLabels={{ tableLabel: t('audit.title') }}
      header={
        <Header variant="awsui-h1-sticky" description={t('audit.description')}>
          {t('audit.title')}
        </Header>
      }
      filter={<TextFilter {...filterProps} filteringPlaceholder={t('audit.filter')} filteringAriaLabel={t('audit.filter')} />}
      pagination={<Pagination {...paginationProps} />}
      empty={<Box textAlign="center">{error === null ? t('audit.empty') : t('shell.failed', { message: error.message })}</Box>}
      columnDefinitions={[
        {
          id: 'time',
          header: t('audit.time'),
          cell: ({ eventTime }) => new Date(eventTime).toLocaleString(language),
          sortingField: 'eventTime',
        },
        { id: 'event', header: t('audit.event'), cell: ({ eventName }) => eventName, sortingField: 'eventName', isRowHeader: true },
        { id: 'who', header: t('audit.who'), cell: ({ userIdentity }) => userIdentity?.arn ?? '–' },
        { id: 'from', header: t('audit.from'), cell: ({ sourceIPAddress }) => sourceIPAddress },
        { id: 'region', header: t('clusters.region'), cell: ({ awsRegion }) => awsRegion || '–' },
        { id: 'resources', header: t('audit.resources'), cell: ({ resources }) => resources.join(', ') || '–' },
        {
          id: 'outcome',
          header: t('audit.outcome'),
          cell: ({ errorCode, errorMessage }) =>
            errorCode === undefined ? (
              <StatusIndicator type="success">{t('audit.allowed')}</StatusIndicator>
            ) : (
              <StatusIndicator type="error">{`${errorCode}: ${errorMessage ?? ''}`}</StatusIndicator>
            ),
        },
      ]}
    />
  );
}
