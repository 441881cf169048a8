/** What a user or a role may do: managed policies that are attached, and inline ones of its own. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { type ReactNode, useState } from 'react';
import type { Principal } from '../api/control-plane.ts';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { PolicyEditor } from '../policies/policy-editor.tsx';
import { arnOfManaged, change, type Kind, managedPolicies, nameOfManaged } from './identity-api.ts';

/** `document` undefined: a managed one. */
type Row = { readonly name: string; readonly document: string | undefined };
type Edited = { readonly name: string; readonly text: string; readonly isNew: boolean };

export function Policies({ kind, principal }: { readonly kind: Kind; readonly principal: Principal }): ReactNode {
  const t = useTexts();
  const { Name: name, AttachedPolicies, Policies: inline } = principal;
  const [edited, setEdited] = useState<Edited>();
  const done = { message: () => t('clusters.saved') };
  const attach = useChange((policy: string) => change('Attach', kind, 'Policy', name, { PolicyArn: arnOfManaged(policy) }), done);
  const remove = useChange(
    (row: Row) =>
      row.document === undefined
        ? change('Detach', kind, 'Policy', name, { PolicyArn: arnOfManaged(row.name) })
        : change('Delete', kind, 'Policy', name, { PolicyName: row.name }),
    done,
  );
  const put = useChange(
    ({ name: policy, text }: Edited) => change('Put', kind, 'Policy', name, { PolicyName: policy, PolicyDocument: text }),
    { ...done, onDone: () => setEdited(undefined) },
  );
  const attached = AttachedPolicies.map(nameOfManaged);
  const rows: readonly Row[] = [
    ...attached.map((policy) => ({ name: policy, document: undefined })),
    ...Object.entries(inline).map(([policy, document]) => ({ name: policy, document })),
  ];
  return (
    <>
      <Table<Row>
        items={rows}
        ariaLabels={{ tableLabel: t('identities.policiesOf', { name }) }}
        header={
          <Header
            variant="h2"
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <ButtonDropdown
                  loading={attach.isRunning}
                  items={managedPolicies.map((policy) => ({ id: policy, text: policy, disabled: attached.includes(policy) }))}
                  onItemClick={({ detail }) => attach.run(detail.id)}
                >
                  {t('identities.attach')}
                </ButtonDropdown>
                <Button onClick={() => setEdited({ name: '', text: '', isNew: true })}>{t('identities.addInline')}</Button>
              </SpaceBetween>
            }
          >
            {t('identities.policiesOf', { name })}
          </Header>
        }
        empty={
          <Box textAlign="center" padding="l">
            {t('identities.noPolicies')}
          </Box>
        }
        columnDefinitions={[
          {
            id: 'name',
            header: t('identities.policyName'),
            isRowHeader: true,
            cell: ({ name: policy, document }) =>
              document === undefined ? (
                policy
              ) : (
                <Button variant="inline-link" onClick={() => setEdited({ name: policy, text: document, isNew: false })}>
                  {policy}
                </Button>
              ),
          },
          {
            id: 'kind',
            header: t('clusters.type'),
            cell: ({ document }) => t(document === undefined ? 'identities.managed' : 'identities.inline'),
          },
          {
            id: 'remove',
            header: t('clusters.remove'),
            cell: (row) => (
              <Button iconName="remove" variant="icon" ariaLabel={`${t('clusters.remove')} ${row.name}`} onClick={() => remove.run(row)} />
            ),
          },
        ]}
      />
      {edited === undefined ? null : (
        <ConfirmDialog
          title={t('identities.inlineOf', { name })}
          confirm={t('clusters.savePolicy')}
          size="large"
          isRunning={put.isRunning}
          isDisabled={edited.name === '' || edited.text.trim() === ''}
          onConfirm={() => put.run(edited)}
          onClose={() => setEdited(undefined)}
        >
          <SpaceBetween size="m">
            <FormField label={t('identities.policyName')}>
              <Input
                value={edited.name}
                disabled={!edited.isNew}
                onChange={({ detail }) => setEdited({ ...edited, name: detail.value })}
                spellcheck={false}
                autoFocus
              />
            </FormField>
            <PolicyEditor
              label={t('clusters.policyDocument')}
              kind="identity"
              text={edited.text}
              onText={(text) => setEdited({ ...edited, text })}
            />
          </SpaceBetween>
        </ConfirmDialog>
      )}
    </>
  );
}
