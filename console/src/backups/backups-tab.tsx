/** The backups of one cluster, made and forked from here. */
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { type Cluster, startBackup } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { BackupsTable } from './backups-table.tsx';
import { ForkDialog } from './fork-dialog.tsx';

export function BackupsTab({ region, cluster }: { readonly region: string; readonly cluster: Cluster }): ReactNode {
  const t = useTexts();
  const [isForking, setForking] = useState(false);
  const { identifier, arn, status } = cluster;
  const isThere = status === 'ACTIVE' || status === 'IDLE' || status === 'UPDATING';
  const { run, isRunning } = useChange(() => startBackup(region, identifier), { message: () => t('backups.started') });
  return (
    <>
      <BackupsTable
        isPage={false}
        cluster={arn}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={!isThere} onClick={() => setForking(true)}>
              {t('clusters.fork')}
            </Button>
            <Button variant="primary" disabled={!isThere} loading={isRunning} onClick={() => run(undefined)}>
              {t('backups.create')}
            </Button>
          </SpaceBetween>
        }
      />
      {isForking ? <ForkDialog region={region} id={identifier} onClose={() => setForking(false)} /> : null}
    </>
  );
}
