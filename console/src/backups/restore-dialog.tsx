/** Restoring a recovery point: to a new cluster, or into one whose content it replaces. */
import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { restoreInto, restoreToNew } from '../api/control-plane.ts';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { useTexts } from '../app/preferences.tsx';
import { useRouter } from '../app/router.tsx';
import { useChange } from '../app/use-change.ts';
import { useClientTokens } from '../app/use-client-tokens.ts';
import { placeOf, usePlace } from '../clusters/place-fields.tsx';
import { ClusterSelect, useFilledClusters } from './cluster-select.tsx';

export function RestoreDialog({ point, onClose }: { readonly point: string; readonly onClose: () => void }): ReactNode {
  const t = useTexts();
  const { go } = useRouter();
  const [goal, setGoal] = useState<'new' | 'into'>('new');
  const [chosenArn, setChosenArn] = useState<string>();
  const [typed, setTyped] = useState('');
  const place = usePlace();
  const tokenOf = useClientTokens();
  const targets = useFilledClusters();
  const target = targets.find(({ arn }) => arn === chosenArn);
  const { run, isRunning } = useChange(
    async () => {
      if (goal === 'new') {
        const wanted = placeOf(place);
        return { ...(await restoreToNew(point, wanted, tokenOf(JSON.stringify(wanted)))), region: place.region };
      }
      if (target === undefined) throw new Error(t('backups.chooseCluster'));
      return { ...(await restoreInto(point, target.region, target.identifier, tokenOf(target.arn))), region: target.region };
    },
    {
      message: () => t('backups.restoring'),
      onDone: ({ region, identifier }) => {
        onClose();
        go(`/clusters/${region}/${identifier}`);
      },
    },
  );
  const isReady =
    goal === 'new' ? place.isComplete : target !== undefined && !target.deletionProtectionEnabled && typed === target.identifier;
  return (
    <ConfirmDialog
      title={t('backups.restore')}
      confirm={t('backups.restore')}
      size="large"
      isRunning={isRunning}
      isDisabled={!isReady}
      onConfirm={() => run(undefined)}
      onClose={onClose}
    >
      <SpaceBetween size="l">
        <SegmentedControl
          label={t('backups.goal')}
          selectedId={goal}
          onChange={({ detail }) => setGoal(detail.selectedId === 'into' ? 'into' : 'new')}
          options={[
            { id: 'new', text: t('backups.toNew') },
            { id: 'into', text: t('backups.intoExisting') },
          ]}
        />
        {goal === 'new' ? (
          place.fields()
        ) : (
          <>
            <ClusterSelect clusters={targets} chosen={target} onChoose={setChosenArn} />
            {target === undefined ? null : target.deletionProtectionEnabled ? (
              <Alert type="warning">{t('clusters.isProtected')}</Alert>
            ) : (
              <>
                <Alert type="warning">{t('backups.replaces')}</Alert>
                <FormField label={t('clusters.typeToDelete', { id: target.identifier })}>
                  <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} spellcheck={false} />
                </FormField>
              </>
            )}
          </>
        )}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
