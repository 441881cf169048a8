/** A table of what happens in a cluster, asked anew every few seconds. */
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { look } from '../api/control-plane.ts';
import { liveMs } from '../api/query-client.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';

export function LiveTable<Row>(props: {
  readonly region: string;
  readonly id: string;
  readonly view: Parameters<typeof look>[2];
  readonly title: string;
  readonly empty: string;
  readonly keyOf: (row: Row) => string;
  readonly columns: readonly TableProps.ColumnDefinition<Row>[];
}): ReactNode {
  const { region, id, view, title, empty, keyOf, columns } = props;
  const t = useTexts();
  const { data, isPending, error } = useQuery({
    queryKey: ['look', region, id, view],
    queryFn: () => look<Row>(region, id, view),
    refetchInterval: liveMs,
  });
  return (
    <Table<Row>
      items={data?.rows ?? []}
      trackBy={keyOf}
      loading={isPending}
      loadingText={t('shell.loading')}
      columnDefinitions={columns}
      wrapLines
      header={
        <Header variant="h2" counter={data === undefined ? '' : `(${data.rows.length})`}>
          {title}
        </Header>
      }
      empty={
        <Box textAlign="center">
          {error !== null ? t('shell.failed', { message: error.message }) : data?.isOpen === false ? t('activity.asleep') : empty}
        </Box>
      }
    />
  );
}

/** A timestamp of the cluster (UTC) as the reader's clock has it. */
export function useTime(): (text: string | null) => string {
  const { language } = usePreferences();
  return (text) => {
    if (text === null) return '–';
    const time = new Date(/[Z+]|-\d\d(:\d\d)?$/.test(text.slice(10)) ? text : `${text}Z`);
    return Number.isNaN(time.getTime()) ? text : time.toLocaleTimeString(language);
  };
}
