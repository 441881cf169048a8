/** Who may take a role on, and temporary keys of it. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { iam, type Principal, type TemporaryKey } from '../api/control-plane.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { SecretValues } from './secret-values.tsx';

export function RoleSession({ role }: { readonly role: Principal }): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const [key, setKey] = useState<TemporaryKey>();
  const { run, isRunning } = useChange(
    () => iam<{ readonly Credentials: TemporaryKey }>('AssumeRole', { RoleName: role.Name, RoleSessionName: 'console' }),
    { onDone: ({ Credentials }) => setKey(Credentials) },
  );
  return (
    <SpaceBetween size="l">
      {key === undefined ? null : (
        <Alert type="success" header={t('identities.temporaryKey', { time: new Date(key.Expiration).toLocaleString(language) })}>
          <SecretValues
            values={[
              { label: t('signIn.accessKeyId'), value: key.AccessKeyId, isSecret: false },
              { label: t('signIn.secret'), value: key.SecretAccessKey, isSecret: true },
              { label: t('signIn.sessionToken'), value: key.SessionToken, isSecret: true },
            ]}
          />
        </Alert>
      )}
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <Button loading={isRunning} onClick={() => run(undefined)}>
                {t('identities.assume')}
              </Button>
            }
          >
            {t('identities.trust')}
          </Header>
        }
      >
        <KeyValuePairs columns={1} items={[{ label: t('identities.trusted'), value: (role.TrustedArns ?? []).join(', ') }]} />
      </Container>
    </SpaceBetween>
  );
}
