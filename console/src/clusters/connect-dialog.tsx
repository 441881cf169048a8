/** How to connect to a cluster: its endpoint, and a psql line that is ready to run, with a token that the node has just signed. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { type Connection, createConnectionToken } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';

export function ConnectDialog(props: { readonly region: string; readonly id: string; readonly onClose: () => void }): ReactNode {
  const { region, id, onClose } = props;
  const t = useTexts();
  const [user, setUser] = useState('admin');
  const [connection, setConnection] = useState<Connection>();
  const { run, isRunning } = useChange(() => createConnectionToken(region, id, user), { onDone: setConnection });
  const copied = (text: string, name: string): ReactNode => (
    <CopyToClipboard
      variant="button"
      copyButtonText={t('clusters.copy')}
      copyButtonAriaLabel={`${t('clusters.copy')}: ${name}`}
      copySuccessText={t('clusters.copied')}
      copyErrorText={t('clusters.notCopied')}
      textToCopy={text}
    />
  );
  return (
    <Modal
      visible
      size="large"
      header={t('clusters.connectTo', { id })}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button onClick={onClose}>{t('shell.close')}</Button>
        </Box>
      }
    >
      <SpaceBetween size="l">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            run(undefined);
          }}
        >
          <FormField
            label={t('clusters.role')}
            description={t('clusters.roleDescription')}
            secondaryControl={
              <Button variant="primary" formAction="submit" loading={isRunning} disabled={user === ''}>
                {t('clusters.getToken')}
              </Button>
            }
          >
            <Input value={user} onChange={({ detail }) => setUser(detail.value)} spellcheck={false} />
          </FormField>
        </form>
        {connection === undefined ? null : (
          <SpaceBetween size="l">
            <Alert type="info">{t('clusters.tokenLasts', { minutes: Math.round(connection.expiresIn / 60) })}</Alert>
            <FormField label={t('clusters.psqlLine')} stretch secondaryControl={copied(psqlLine(connection), t('clusters.psqlLine'))}>
              <Box variant="code">
                <span data-testid="psql-line" style={{ overflowWrap: 'anywhere' }}>
                  {psqlLine({ ...connection, token: `${connection.token.slice(0, 60)}…` })}
                </span>
              </Box>
            </FormField>
            <FormField label={t('clusters.token')} secondaryControl={copied(connection.token, t('clusters.token'))}>
              <Input value={connection.token} readOnly onChange={() => {}} ariaLabel={t('clusters.token')} />
            </FormField>
            <KeyValuePairs
              columns={3}
              items={[
                { label: t('clusters.endpoint'), value: connection.hostName },
                { label: t('clusters.address'), value: `${addressOf(connection)}:${connection.port ?? ''}` },
                { label: t('clusters.database'), value: 'postgres' },
              ]}
            />
          </SpaceBetween>
        )}
      </SpaceBetween>
    </Modal>
  );
}

/** Where the node listens everywhere it is reached as the page was. */
const addressOf = ({ address }: Connection): string => address ?? window.location.hostname.replace(/^\[|\]$/g, '');

/** The default cluster is reached by address alone; another one is named, too, because its name leads nowhere without DNS. */
function psqlLine(connection: Connection): string {
  const { token, user, port, hostName, isDefault } = connection;
  const where = isDefault ? `host=${addressOf(connection)}` : `host=${hostName} hostaddr=${addressOf(connection)}`;
  const role = /^[\w-]+$/.test(user) ? user : `'${user.replace(/['\\]/g, '\\$&')}'`;
  const settings = `${where} port=${port ?? ''} user=${role} dbname=postgres sslmode=require`.replaceAll("'", "'\\''");
  return `PGPASSWORD='${token}' psql '${settings}'`;
}
