/** Users beside the root, and their access keys. A new key's secret is shown once and kept nowhere. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { iam, type KeyDescription, type NewKey, type Principal } from '../api/control-plane.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';

const managedPolicies = ['AmazonAuroraDSQLFullAccess', 'AmazonAuroraDSQLConsoleFullAccess', 'AmazonAuroraDSQLReadOnlyAccess'] as const;

export function IdentitiesPage(): ReactNode {
  const t = useTexts();
  const { data, isPending, error } = useQuery({
    queryKey: ['users'],
    queryFn: async () => (await iam<{ readonly Users: readonly Principal[] }>('ListUsers')).Users,
  });
  const [chosenName, setChosenName] = useState<string>();
  const chosen = data?.find(({ Name }) => Name === chosenName);
  const remove = useChange((name: string) => iam('DeleteUser', { UserName: name }), { message: () => t('identities.done') });
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={t('identities.description')}>
        {t('identities.title')}
      </Header>
      <NewUser />
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
          tableLabel: t('identities.users'),
        }}
        header={
          <Header
            variant="h2"
            actions={
              <Button
                disabled={chosen === undefined}
                loading={remove.isRunning}
                onClick={() => {
                  if (chosen !== undefined) remove.run(chosen.Name);
                }}
              >
                {t('identities.delete')}
              </Button>
            }
          >
            {t('identities.users')}
          </Header>
        }
        empty={<Box textAlign="center">{error === null ? t('identities.empty') : t('shell.failed', { message: error.message })}</Box>}
        columnDefinitions={[
          { id: 'name', header: t('identities.name'), cell: ({ Name }) => Name, isRowHeader: true },
          { id: 'arn', header: t('clusters.arn'), cell: ({ Arn }) => Arn },
          {
            id: 'policies',
            header: t('identities.policies'),
            cell: ({ AttachedPolicies }) => AttachedPolicies.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)).join(', ') || '–',
          },
        ]}
      />
      {chosen === undefined ? null : <Keys key={chosen.Name} name={chosen.Name} />}
    </SpaceBetween>
  );
}

function NewUser(): ReactNode {
  const t = useTexts();
  const [name, setName] = useState('');
  const [policy, setPolicy] = useState<string>(managedPolicies[0]);
  const { run, isRunning } = useChange(
    async (user: string) => {
      await iam('CreateUser', { UserName: user });
      await iam('AttachUserPolicy', { UserName: user, PolicyArn: `arn:aws:iam::aws:policy/${policy}` });
    },
    { message: () => t('identities.done'), onDone: () => setName('') },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run(name);
      }}
    >
      <Container header={<Header variant="h2">{t('identities.create')}</Header>}>
        <Form
          actions={
            <Button formAction="submit" disabled={name === ''} loading={isRunning}>
              {t('identities.create')}
            </Button>
          }
        >
          <SpaceBetween size="m">
            <FormField label={t('identities.name')}>
              <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} />
            </FormField>
            <FormField label={t('identities.policy')}>
              <Select
                selectedOption={{ value: policy, label: policy }}
                options={managedPolicies.map((value) => ({ value, label: value }))}
                onChange={({ detail }) => setPolicy(detail.selectedOption.value ?? managedPolicies[0])}
              />
            </FormField>
          </SpaceBetween>
        </Form>
      </Container>
    </form>
  );
}

function Keys({ name }: { readonly name: string }): ReactNode {
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
  const remove = useChange((id: string) => iam('DeleteAccessKey', { UserName: name, AccessKeyId: id }), {
    message: () => t('identities.done'),
  });
  return (
    <SpaceBetween size="l">
      {made === undefined ? null : (
        <Alert type="success" header={t('identities.newKey')}>
          <KeyValuePairs
            columns={2}
            items={[
              { label: t('signIn.accessKeyId'), value: made.AccessKeyId },
              { label: t('signIn.secret'), value: made.SecretAccessKey },
            ]}
          />
        </Alert>
      )}
      <Table<KeyDescription>
        items={data ?? []}
        trackBy="AccessKeyId"
        loading={isPending}
        loadingText={t('shell.loading')}
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
        empty={<Box textAlign="center">{t('identities.noKeys')}</Box>}
        columnDefinitions={[
          { id: 'id', header: t('signIn.accessKeyId'), cell: ({ AccessKeyId }) => AccessKeyId, isRowHeader: true },
          { id: 'status', header: t('clusters.status'), cell: ({ Status }) => Status },
          { id: 'created', header: t('clusters.created'), cell: ({ CreateDate }) => new Date(CreateDate).toLocaleString(language) },
          {
            id: 'remove',
            header: t('clusters.delete'),
            cell: ({ AccessKeyId }) => (
              <Button
                iconName="remove"
                variant="icon"
                ariaLabel={t('identities.deleteKey', { id: AccessKeyId })}
                onClick={() => remove.run(AccessKeyId)}
              />
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}
