/** What a tab has been answered: results, notices, the error, the plan. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { useTexts } from '../app/preferences.tsx';
import type { EditorStore, Result, Tab } from './editor-store.ts';
import { PlanPicture } from './plan-picture.tsx';
import type { SqlErrorReport } from './query-api.ts';
import { csvOf, download, jsonOf } from './result-export.ts';
import { ResultGrid } from './result-grid.tsx';

export function ResultView({ store, tab }: { readonly store: EditorStore; readonly tab: Tab }): ReactNode {
  const t = useTexts();
  const { error, explained, failure } = tab;
  return (
    <SpaceBetween size="s">
      {failure === undefined ? null : <Alert type="error">{t('query.failed', { message: failure })}</Alert>}
      {error === undefined ? null : <SqlErrorAlert error={error} />}
      {tab.notices.map((notice, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: notices only ever come behind the others.
        <Alert key={at} type="info">
          {`${notice.severity ?? ''}: ${notice.message}`}
        </Alert>
      ))}
      {explained === undefined || !('plan' in explained) ? null : (
        <SpaceBetween size="xs">
          {explained.plan.map((one, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: there is one.
            <PlanPicture key={at} plan={one.Plan} />
          ))}
          {explained.plan[0]?.['Execution Time'] === undefined ? null : (
            <Box color="text-body-secondary">
              {t('query.planTimes', {
                planning: explained.plan[0]['Planning Time'] ?? 0,
                execution: explained.plan[0]['Execution Time'],
              })}
            </Box>
          )}
        </SpaceBetween>
      )}
      {tab.results.map((result, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: results only ever come behind the others.
        <ResultBlock key={at} result={result} number={at + 1} store={store} tab={tab} />
      ))}
    </SpaceBetween>
  );
}

export function SqlErrorAlert({ error }: { readonly error: SqlErrorReport }): ReactNode {
  const t = useTexts();
  return (
    <Alert type="error" header={`${error.severity ?? 'ERROR'} ${error.sqlstate}: ${error.message}`}>
      <SpaceBetween size="xxs">
        {error.detail === undefined ? null : <div>{t('query.detail', { text: error.detail })}</div>}
        {error.hint === undefined ? null : <div>{t('query.hint', { text: error.hint })}</div>}
        {error.where === undefined ? null : <div>{error.where}</div>}
        {error.position === undefined ? null : <div>{t('query.position', { position: error.position })}</div>}
      </SpaceBetween>
    </Alert>
  );
}

type ResultBlockProps = { readonly result: Result; readonly number: number; readonly store: EditorStore; readonly tab: Tab };

function ResultBlock({ result, number, store, tab }: ResultBlockProps): ReactNode {
  const t = useTexts();
  const { columns, rows, tag, ms, cut } = result;
  const summary = [
    tag ?? '',
    columns === undefined ? '' : t('query.rows', { rows: rows.length }),
    ms === undefined ? '' : t('query.ms', { ms: ms.toFixed(1) }),
    cut === 'no' ? '' : t('query.cut'),
  ]
    .filter((part) => part !== '')
    .join(' · ');
  return (
    <SpaceBetween size="xxs">
      <SpaceBetween size="xs" direction="horizontal" alignItems="center">
        <Box variant="span" fontWeight="bold">
          <span data-testid="result-summary">{summary}</span>
        </Box>
        {columns === undefined ? null : (
          <>
            <Button variant="inline-link" onClick={() => download('result.csv', 'text/csv', csvOf(columns, rows))}>
              {t('query.exportCsv')}
            </Button>
            <Button variant="inline-link" onClick={() => download('result.json', 'application/json', jsonOf(columns, rows))}>
              {t('query.exportJson')}
            </Button>
          </>
        )}
        {cut === 'more' ? (
          <Button variant="inline-link" disabled={tab.isRunning} onClick={() => void store.more(tab)}>
            {t('query.more')}
          </Button>
        ) : null}
      </SpaceBetween>
      {columns === undefined ? null : (
        <ResultGrid label={t('query.result', { number })} nullText="NULL" columns={columns} rows={rows} rowCount={rows.length} />
      )}
    </SpaceBetween>
  );
}
