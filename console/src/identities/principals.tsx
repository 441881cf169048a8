/** The table of users, or of roles, and everything about the one that is chosen. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { type ReactNode, useState } from 'react';
import type { Principal } from '../api/control-plane.ts';
import { ConfirmDialog } from '../app/confirm-dialog.tsx';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { AccessKeys } from './access-keys.tsx';
import { CreateDialog } from './create-dialog.tsx';
import { change, type Kind, nameOfManaged, usePrincipals } from './identity-api.ts';
import { Policies } from './policies.tsx';
import { RoleSession } from './role-session.tsx';

export function Principals({ kind }: { readonly kind: Kind }): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const { data, isPending, error } = usePrincipals(kind);
  const [chosenName, setChosenName] = useState<string>();
  const [dialog, setDialog] = useState<'create' | 'delete'>();
  const chosen = data?.find(({ Name }) => Name === chosenName);
  const isRole = kind === 'Role';
  const close = (): void => setDialog(undefined);
  const remove = useChange((name: string) => change('Delete', kind, '', name), {
    message: (name) => t('identities.deleted', { name }),
    onDone: close,
  });
  return (
    <SpaceBetween size="l">
      <Table<Principal>
        items={data ?? []}
        trackBy="Name"
        loading={isPending}
        loadingText={t('shell.loading')}
        selectionType="single"
        selectedItems={chosen === undefined ? [] : [chosen]}
        onSelectionChange={({ detail }) => setChosenName(detail.selectedItems[0]?.Name)}
        ariaLabels={{
          selectionGroupLabel: t('identities.select'),
          itemSelectionLabel: (_, { Name }) => Name,
          tableLabel: t(isRole ? 'identities.roles' : 'identities.users'),
        }}
        header={
          <Header
            variant="h2"
            counter={data === undefined ? '' : `(${data.length})`}
            description={t(isRole ? 'identities.rolesDescription' : 'identities.usersDescription')}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={chosen === undefined} onClick={() => setDialog('delete')}>
                  {t('clusters.delete')}
                </Button>
                <Button variant="primary" onClick={() => setDialog('create')}>
                  {t(isRole ? 'identities.createRole' : 'identities.create')}
                </Button>
              </SpaceBetween>
            }
          >
            {t(isRole ? 'identities.roles' : 'identities.users')}
          </Header>
        }
        empty={
          <Box textAlign="center" padding="l">
            {error === null ? t(isRole ? 'identities.noRoles' : 'identities.empty') : t('shell.failed', { message: error.message })}
          </Box>
        }
        columnDefinitions={[
          { id: 'name', header: t('clusters.name'), cell: ({ Name }) => Name, isRowHeader: true },
          { id: 'arn', header: t('clusters.arn'), cell: ({ Arn }) => Arn },
          {
            id: 'policies',
            header: t('identities.policies'),
            cell: ({ AttachedPolicies, Policies: inline }) =>
              [...AttachedPolicies.map(nameOfManaged), ...Object.keys(inline)].join(', ') || '–',
          },
          { id: 'created', header: t('clusters.created'), cell: ({ CreateDate }) => new Date(CreateDate).toLocaleString(language) },
        ]}
      />
      {chosen === undefined ? null : (
        <SpaceBetween size="l" key={chosen.Name}>
          <Policies kind={kind} principal={chosen} />
          {isRole ? <RoleSession role={chosen} /> : <AccessKeys name={chosen.Name} />}
        </SpaceBetween>
      )}
      {dialog === 'create' ? <CreateDialog kind={kind} onDone={setChosenName} onClose={close} /> : null}
      {chosen !== undefined && dialog === 'delete' ? (
        <ConfirmDialog
          title={t('identities.deleteTitle', { name: chosen.Name })}
          confirm={t('clusters.delete')}
          isRunning={remove.isRunning}
          onConfirm={() => remove.run(chosen.Name)}
          onClose={close}
        >
          <Box variant="p">{t('identities.deleteWarning')}</Box>
        </ConfirmDialog>
      ) : null}
    </SpaceBetween>
  );
}
