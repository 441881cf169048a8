/** A user's access keys. A new key's secret is shown once and kept nowhere. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { iam, type KeyDescription, type NewKey } from '../api/control-plane.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { SecretValues } from './secret-values.tsx';

export function AccessKeys({ name }: { readonly name: string }): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const [made, setMade] = useState<NewKey>();
  const { data, isPending } = useQuery({
    queryKey: ['keys', name],
    queryFn: async () =>
      (await iam<{ readonly AccessKeyMetadata: readonly KeyDescription[] }>('ListAccessKeys', { UserName: name })).AccessKeyMetadata,
  });
  const create = useChange(() => iam<{ readonly AccessKey: NewKey }>('CreateAccessKey', { UserName: name }), {
    onDone: ({ AccessKey }) => setMade(AccessKey),
  });
  const done = { message: () => t('clusters.saved') };
  const remove = useChange((id: string) => iam('DeleteAccessKey', { UserName: name, AccessKeyId: id }), done);
  const update = useChange(
    ({ AccessKeyId, Status }: KeyDescription) =>
      iam('UpdateAccessKey', { UserName: name, AccessKeyId, Status: Status === 'Active' ? 'Inactive' : 'Active' }),
    done,
  );
  return (
    <SpaceBetween size="l">
      {made === undefined ? null : (
        <Alert type="success" header={t('identities.newKey')}>
          <SecretValues
            values={[
              { label: t('signIn.accessKeyId'), value: made.AccessKeyId, isSecret: false },
              { label: t('signIn.secret'), value: made.SecretAccessKey, isSecret: true },
            ]}
          />
        </Alert>
      )}
      <Table<KeyDescription>
        items={data ?? []}
        trackBy="AccessKeyId"
        loading={isPending}
        loadingText={t('shell.loading')}
        ariaLabels={{ tableLabel: t('identities.keys', { name }) }}
        header={
          <Header
            variant="h2"
            actions={
              <Button loading={create.isRunning} onClick={() => create.run(undefined)}>
                {t('identities.createKey')}
              </Button>
            }
          >
            {t('identities.keys', { name })}
          </Header>
        }
        empty={
          <Box textAlign="center" padding="l">
            {t('identities.noKeys')}
          </Box>
        }
        columnDefinitions={[
          { id: 'id', header: t('signIn.accessKeyId'), cell: ({ AccessKeyId }) => AccessKeyId, isRowHeader: true },
          {
            id: 'status',
            header: t('clusters.status'),
            cell: ({ Status }) => <StatusIndicator type={Status === 'Active' ? 'success' : 'stopped'}>{Status}</StatusIndicator>,
          },
          { id: 'created', header: t('clusters.created'), cell: ({ CreateDate }) => new Date(CreateDate).toLocaleString(language) },
          {
            id: 'change',
            header: t('clusters.more'),
            cell: (key) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  variant="inline-link"
                  ariaLabel={t(key.Status === 'Active' ? 'identities.deactivateKey' : 'identities.activateKey', { id: key.AccessKeyId })}
                  onClick={() => update.run(key)}
                >
                  {t(key.Status === 'Active' ? 'identities.deactivate' : 'identities.activate')}
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={t('identities.deleteKey', { id: key.AccessKeyId })}
                  onClick={() => remove.run(key.AccessKeyId)}
                >
                  {t('clusters.delete')}
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}
