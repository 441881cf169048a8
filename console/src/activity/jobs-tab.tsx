/** Jobs of a cluster: index builds and other work beside the sessions. */
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { ReactNode } from 'react';
import { useTexts } from '../app/preferences.tsx';
import { LiveTable, useTime } from './live-table.tsx';

type Job = {
  readonly job_id: string;
  readonly status: string;
  readonly details: string | null;
  readonly job_type: string;
  readonly object_name: string | null;
  readonly start_time: string | null;
  readonly update_time: string | null;
};

export function JobsTab({ region, id }: { readonly region: string; readonly id: string }): ReactNode {
  const t = useTexts();
  const time = useTime();
  return (
    <LiveTable<Job>
      region={region}
      id={id}
      view="jobs"
      title={t('activity.jobs')}
      empty={t('activity.noJobs')}
      keyOf={({ job_id }) => job_id}
      columns={[
        { id: 'id', header: t('activity.job'), cell: ({ job_id }) => job_id, isRowHeader: true },
        { id: 'type', header: t('clusters.type'), cell: ({ job_type }) => job_type },
        {
          id: 'status',
          header: t('clusters.status'),
          cell: ({ status }) => (
            <StatusIndicator type={status === 'completed' ? 'success' : status === 'failed' ? 'error' : 'in-progress'}>
              {status}
            </StatusIndicator>
          ),
        },
        { id: 'object', header: t('activity.on'), cell: ({ object_name }) => object_name ?? '–' },
        { id: 'details', header: t('activity.details'), cell: ({ details }) => details ?? '–' },
        { id: 'start', header: t('activity.since'), cell: ({ start_time }) => time(start_time) },
        { id: 'update', header: t('activity.last'), cell: ({ update_time }) => time(update_time) },
      ]}
    />
  );
}
