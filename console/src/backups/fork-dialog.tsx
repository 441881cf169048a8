/** A new cluster that begins as a copy of another one. */
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { forkCluster } from '../api/control-plane.ts';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { useTexts } from '../app/preferences.tsx';
import { useRouter } from '../app/router.tsx';
import { useChange } from '../app/use-change.ts';
import { useClientTokens } from '../app/use-client-tokens.ts';
import { placeOf, usePlace } from '../clusters/place-fields.tsx';

export function ForkDialog({
  region,
  id,
  onClose,
}: {
  readonly region: string;
  readonly id: string;
  readonly onClose: () => void;
}): ReactNode {
  const t = useTexts();
  const { go } = useRouter();
  const place = usePlace();
  const tokenOf = useClientTokens();
  const { run, isRunning } = useChange(
    () => {
      const wanted = placeOf(place);
      return forkCluster(region, id, wanted, tokenOf(JSON.stringify(wanted)));
    },
    {
      message: () => t('backups.forked', { id }),
      onDone: ({ identifier }) => {
        onClose();
        go(`/clusters/${place.region}/${identifier}`);
      },
    },
  );
  return (
    <ConfirmDialog
      title={t('backups.forkOf', { id })}
      confirm={t('clusters.fork')}
      size="large"
      isRunning={isRunning}
      isDisabled={!place.isComplete}
      onConfirm={() => run(undefined)}
      onClose={onClose}
    >
      <SpaceBetween size="l">
        <Box variant="p">{t('backups.forkDescription')}</Box>
        {place.fields()}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
