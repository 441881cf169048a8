/** Who is connected to a cluster, what runs, and what conflicts happened: the keys they happen on, and both sides of each. */
import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { useTexts } from '../app/preferences.tsx';
import { LiveTable, useTime } from './live-table.tsx';

type Session = {
  readonly pid: number;
  readonly usename: string;
  readonly application_name: string;
  readonly state: string;
  readonly query_start: string | null;
  readonly query: string;
};
type Transaction = {
  readonly pid: number;
  readonly usename: string;
  readonly region: string;
  readonly state: string;
  readonly transaction_start: string;
  readonly changed_rows: number;
  readonly written_bytes: number;
  readonly query: string;
};
type Conflict = {
  readonly conflict_time: string;
  readonly code: string;
  readonly schema_name: string | null;
  readonly table_name: string | null;
  readonly constraint_name: string | null;
  readonly key: string | null;
  readonly region: string;
  readonly usename: string;
  readonly statements: readonly string[];
  readonly winner_region: string | null;
  readonly winner_usename: string | null;
  readonly winner_statements: readonly string[] | null;
};
type HotKey = Pick<Conflict, 'schema_name' | 'table_name' | 'constraint_name' | 'key'> & {
  readonly conflicts: number;
  readonly last_conflict: string;
};

type Place = { readonly region: string; readonly id: string };

export function ActivityTab({ region, id }: Place): ReactNode {
  const t = useTexts();
  const time = useTime();
  const place = { region, id };
  return (
    <SpaceBetween size="l">
      <LiveTable<Transaction>
        {...place}
        view="transactions"
        title={t('activity.transactions')}
        empty={t('activity.noTransactions')}
        keyOf={({ pid, transaction_start }) => `${pid} ${transaction_start}`}
        columns={[
          { id: 'pid', header: t('activity.pid'), cell: ({ pid }) => pid, isRowHeader: true },
          { id: 'user', header: t('activity.user'), cell: ({ usename }) => usename },
          { id: 'region', header: t('clusters.region'), cell: (row) => row.region },
          { id: 'state', header: t('activity.state'), cell: ({ state }) => state },
          { id: 'start', header: t('activity.since'), cell: ({ transaction_start }) => time(transaction_start) },
          { id: 'rows', header: t('activity.changedRows'), cell: ({ changed_rows }) => changed_rows },
          { id: 'query', header: t('activity.statement'), cell: ({ query }) => <Statements texts={[query]} /> },
        ]}
      />
      <LiveTable<HotKey>
        {...place}
        view="hot-keys"
        title={t('activity.hotKeys')}
        empty={t('activity.noConflicts')}
        keyOf={(row) => `${nameOf(row)} ${row.key ?? ''}`}
        columns={[
          { id: 'on', header: t('activity.on'), cell: nameOf, isRowHeader: true },
          { id: 'key', header: t('activity.key'), cell: ({ key }) => key ?? '–' },
          { id: 'count', header: t('activity.conflicts'), cell: ({ conflicts }) => conflicts },
          { id: 'last', header: t('activity.last'), cell: ({ last_conflict }) => time(last_conflict) },
        ]}
      />
      <LiveTable<Conflict>
        {...place}
        view="conflicts"
        title={t('activity.conflicts')}
        empty={t('activity.noConflicts')}
        keyOf={(row) => `${row.conflict_time} ${row.usename} ${row.key ?? ''}`}
        columns={[
          { id: 'time', header: t('activity.time'), cell: ({ conflict_time }) => time(conflict_time), isRowHeader: true },
          { id: 'code', header: t('activity.code'), cell: ({ code }) => code },
          { id: 'on', header: t('activity.on'), cell: (row) => `${nameOf(row)} ${row.key ?? ''}` },
          {
            id: 'loser',
            header: t('activity.loser'),
            cell: (row) => <Side who={`${row.usename}, ${row.region}`} texts={row.statements} />,
          },
          {
            id: 'winner',
            header: t('activity.winner'),
            cell: (row) =>
              row.winner_statements === null ? (
                t('activity.unknown')
              ) : (
                <Side who={`${row.winner_usename ?? ''}, ${row.winner_region ?? ''}`} texts={row.winner_statements} />
              ),
          },
        ]}
      />
      <ExpandableSection headerText={t('activity.sessions')} variant="container" defaultExpanded>
        <LiveTable<Session>
          {...place}
          view="sessions"
          title={t('activity.sessions')}
          empty={t('activity.noSessions')}
          keyOf={({ pid }) => String(pid)}
          columns={[
            { id: 'pid', header: t('activity.pid'), cell: ({ pid }) => pid, isRowHeader: true },
            { id: 'user', header: t('activity.user'), cell: ({ usename }) => usename },
            { id: 'application', header: t('activity.application'), cell: ({ application_name }) => application_name || '–' },
            { id: 'state', header: t('activity.state'), cell: ({ state }) => state },
            { id: 'start', header: t('activity.last'), cell: ({ query_start }) => time(query_start) },
            { id: 'query', header: t('activity.statement'), cell: ({ query }) => <Statements texts={[query]} /> },
          ]}
        />
      </ExpandableSection>
    </SpaceBetween>
  );
}

function nameOf({ schema_name, table_name, constraint_name }: Pick<Conflict, 'schema_name' | 'table_name' | 'constraint_name'>): string {
  const table = [schema_name, table_name].filter((part) => part !== null).join('.');
  return constraint_name === null ? table || '–' : `${table} (${constraint_name})`;
}

const Side = ({ who, texts }: { readonly who: string; readonly texts: readonly string[] }): ReactNode => (
  <>
    <Box fontSize="body-s" color="text-body-secondary">
      {who}
    </Box>
    <Statements texts={texts} />
  </>
);

/** Each on a line of its own; SQL may be long. */
const Statements = ({ texts }: { readonly texts: readonly string[] }): ReactNode => (
  <Box variant="code">
    <span style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{texts.map((text) => text.slice(0, 500)).join('\n')}</span>
  </Box>
);
