/** Deleting a cluster, once its name has been typed. */
import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { deleteCluster } from '../api/control-plane.ts';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { useTexts } from '../app/preferences.tsx';
import { useRouter } from '../app/router.tsx';
import { useChange } from '../app/use-change.ts';

export function DeleteDialog(props: {
  readonly region: string;
  readonly id: string;
  readonly isProtected: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const { region, id, isProtected, onClose } = props;
  const t = useTexts();
  const { go } = useRouter();
  const [typed, setTyped] = useState('');
  const { run, isRunning } = useChange(() => deleteCluster(region, id), {
    message: () => t('clusters.deletedMessage', { id }),
    onDone: () => {
      onClose();
      go('/clusters');
    },
  });
  return (
    <ConfirmDialog
      title={t('clusters.deleteTitle')}
      confirm={t('clusters.delete')}
      isRunning={isRunning}
      isDisabled={isProtected || typed !== id}
      onConfirm={() => run(undefined)}
      onClose={onClose}
    >
      {isProtected ? (
        <Alert type="warning">{t('clusters.isProtected')}</Alert>
      ) : (
        <SpaceBetween size="l">
          <Alert type="warning">{t('clusters.deleteWarning')}</Alert>
          <FormField label={t('clusters.typeToDelete', { id })}>
            <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} spellcheck={false} />
          </FormField>
        </SpaceBetween>
      )}
    </ConfirmDialog>
  );
}
