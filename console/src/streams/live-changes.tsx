/** What a stream tells, as it is committed: the newest changes, live. */
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { type ReactNode, useEffect, useState } from 'react';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import type { TextName } from '../texts/texts.ts';
import { type Change, readStream } from './stream-api.ts';

/** More than these are not kept: the page is for watching. */
const kept = 100;
const retryMs = 2_000;

type Shown = { readonly position: string; readonly change: Change };

const operations: Readonly<Record<Change['op'], TextName>> = {
  c: 'streams.insert',
  u: 'streams.update',
  d: 'streams.delete',
  t: 'streams.truncate',
};

export function LiveChanges({ region, id, stream }: { readonly region: string; readonly id: string; readonly stream: string }): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const { changes, failure } = useChanges(region, id, stream);
  return (
    <Table<Shown>
      items={changes}
      trackBy="position"
      wrapLines
      ariaLabels={{ tableLabel: t('streams.changes') }}
      header={
        <Header variant="h2" description={t('streams.changesDescription', { count: kept })}>
          {t('streams.changes')}
        </Header>
      }
      empty={
        <Box textAlign="center" padding="l">
          {failure === undefined ? (
            <StatusIndicator type="in-progress">{t('streams.waiting')}</StatusIndicator>
          ) : (
            <StatusIndicator type="error">{failure}</StatusIndicator>
          )}
        </Box>
      }
      columnDefinitions={[
        { id: 'time', header: t('streams.time'), cell: ({ change }) => new Date(change.source.ts_ms).toLocaleTimeString(language) },
        { id: 'op', header: t('streams.operation'), cell: ({ change }) => t(operations[change.op]) },
        {
          id: 'table',
          header: t('streams.table'),
          cell: ({ change }) => `${change.source.schema}.${change.source.table}`,
          isRowHeader: true,
        },
        { id: 'row', header: t('streams.row'), cell: ({ change }) => <Box variant="code">{rowOf(change)}</Box> },
      ]}
    />
  );
}

/** Of a deleted row its key is left. */
const rowOf = ({ after, before }: Change): string => JSON.stringify(after ?? before) ?? '';

function useChanges(
  region: string,
  id: string,
  stream: string,
): { readonly changes: readonly Shown[]; readonly failure: string | undefined } {
  const [changes, setChanges] = useState<readonly Shown[]>([]);
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    const ending = new AbortController();
    void follow();
    return () => ending.abort();

    async function follow(): Promise<void> {
      let position = 'TRIM_HORIZON';
      while (!ending.signal.aborted) {
        try {
          await readStream({ region, id, stream }, position, ending.signal, (line) => {
            if ('error' in line) throw new Error(line.error.message);
            const { record } = line;
            position = line.position;
            if (record !== undefined) setChanges((before) => [{ position: line.position, change: record }, ...before].slice(0, kept));
          });
          setFailure(undefined);
        } catch (error) {
          if (ending.signal.aborted) return;
          setFailure(error instanceof Error ? error.message : String(error));
          await new Promise((resolve) => setTimeout(resolve, retryMs));
        }
      }
    }
  }, [region, id, stream]);
  return { changes, failure };
}
