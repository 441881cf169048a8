/** The backups of all clusters, and making one. */
import Button from '@cloudscape-design/components/button';
import { type ReactNode, useState } from 'react';
import { startBackup } from '../api/control-plane.ts';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { BackupsTable } from './backups-table.tsx';
import { ClusterSelect, useFilledClusters } from './cluster-select.tsx';

export function BackupsPage(): ReactNode {
  const t = useTexts();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <BackupsTable
        isPage
        actions={
          <Button variant="primary" onClick={() => setOpen(true)}>
            {t('backups.create')}
          </Button>
        }
      />
      {isOpen ? <CreateDialog onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function CreateDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const t = useTexts();
  const clusters = useFilledClusters();
  const [chosenArn, setChosenArn] = useState<string>();
  const chosen = clusters.find(({ arn }) => arn === chosenArn) ?? clusters[0];
  const { run, isRunning } = useChange(({ region, id }: { readonly region: string; readonly id: string }) => startBackup(region, id), {
    message: () => t('backups.started'),
    onDone: onClose,
  });
  return (
    <ConfirmDialog
      title={t('backups.create')}
      confirm={t('backups.create')}
      isRunning={isRunning}
      isDisabled={chosen === undefined}
      onConfirm={() => {
        if (chosen !== undefined) run({ region: chosen.region, id: chosen.identifier });
      }}
      onClose={onClose}
    >
      <ClusterSelect clusters={clusters} chosen={chosen} description={t('backups.createDescription')} onChoose={setChosenArn} />
    </ConfirmDialog>
  );
}
