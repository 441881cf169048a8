/** A new user, or a new role, with a managed policy when one is wanted. */
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { type ReactNode, useState } from 'react';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { arnOfManaged, change, type Kind, managedPolicies } from './identity-api.ts';

const anybody = 'arn:aws:iam::000000000000:root';

export function CreateDialog(props: {
  readonly kind: Kind;
  readonly onDone: (name: string) => void;
  readonly onClose: () => void;
}): ReactNode {
  const { kind, onDone, onClose } = props;
  const t = useTexts();
  const isRole = kind === 'Role';
  const [name, setName] = useState('');
  const [policy, setPolicy] = useState('');
  const [trusted, setTrusted] = useState(anybody);
  const arns = trusted.split(/\s+/).filter((arn) => arn !== '');
  const { run, isRunning } = useChange(
    async () => {
      await change('Create', kind, '', name, isRole ? { TrustedArns: arns } : {});
      if (policy !== '') await change('Attach', kind, 'Policy', name, { PolicyArn: arnOfManaged(policy) });
    },
    {
      message: () => t('identities.created', { name }),
      onDone: () => {
        onDone(name);
        onClose();
      },
    },
  );
  const title = t(isRole ? 'identities.createRole' : 'identities.create');
  return (
    <ConfirmDialog
      title={title}
      confirm={title}
      isRunning={isRunning}
      isDisabled={name === '' || (isRole && arns.length === 0)}
      onConfirm={() => run(undefined)}
      onClose={onClose}
    >
      <SpaceBetween size="m">
        <FormField label={t(isRole ? 'identities.roleName' : 'identities.name')}>
          <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} autoFocus />
        </FormField>
        <FormField label={t('identities.policyOptional')} description={t('identities.policyDescription')}>
          <Select
            selectedOption={policy === '' ? { value: '', label: t('identities.none') } : { value: policy, label: policy }}
            options={[{ value: '', label: t('identities.none') }, ...managedPolicies.map((value) => ({ value, label: value }))]}
            onChange={({ detail }) => setPolicy(detail.selectedOption.value ?? '')}
          />
        </FormField>
        {isRole ? (
          <FormField label={t('identities.trusted')} description={t('identities.trustedDescription')}>
            <Textarea value={trusted} onChange={({ detail }) => setTrusted(detail.value)} rows={3} spellcheck={false} />
          </FormField>
        ) : null}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
