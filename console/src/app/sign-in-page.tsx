/** Signing in with an access key. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { RequestFailure } from '../api/request.ts';
import { useTexts } from './preferences.tsx';
import { useSession } from './session.tsx';

export function SignInPage({ hasEnded }: { readonly hasEnded: boolean }): ReactNode {
  const t = useTexts();
  const { signIn } = useSession();
  const [accessKeyId, setAccessKeyId] = useState('');
  const [secretAccessKey, setSecret] = useState('');
  const [sessionToken, setSessionToken] = useState('');
  const [failure, setFailure] = useState<string>();
  const [isWaiting, setWaiting] = useState(false);

  const submit = async (): Promise<void> => {
    setWaiting(true);
    setFailure(undefined);
    try {
      const token = sessionToken.trim();
      await signIn({
        accessKeyId: accessKeyId.trim(),
        secretAccessKey: secretAccessKey.trim(),
        ...(token === '' ? {} : { sessionToken: token }),
      });
    } catch (error) {
      const { status, retryAfterSeconds, message } =
        error instanceof RequestFailure ? error : { status: 0, retryAfterSeconds: 0, message: String(error) };
      setFailure(
        status === 403 || status === 400
          ? t('signIn.wrong')
          : status === 429
            ? t('signIn.tooMany', { seconds: retryAfterSeconds })
            : t('signIn.failed', { message }),
      );
      setWaiting(false);
    }
  };

  return (
    <main>
      <Box margin={{ top: 'xxxl' }} padding="l">
        <div style={{ maxWidth: 480, margin: '0 auto' }}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void submit();
            }}
          >
            <Form
              actions={
                <Button variant="primary" loading={isWaiting} formAction="submit">
                  {t('signIn.submit')}
                </Button>
              }
            >
              <Container
                header={
                  <Header variant="h1" description={t('signIn.description')}>
                    {t('signIn.title')}
                  </Header>
                }
              >
                <SpaceBetween size="l">
                  {hasEnded && failure === undefined ? <Alert type="info">{t('signIn.ended')}</Alert> : null}
                  {failure === undefined ? null : <Alert type="error">{failure}</Alert>}
                  <FormField label={t('signIn.accessKeyId')}>
                    <Input
                      value={accessKeyId}
                      onChange={({ detail }) => setAccessKeyId(detail.value)}
                      autoComplete="username"
                      spellcheck={false}
                      autoFocus
                    />
                  </FormField>
                  <FormField label={t('signIn.secret')}>
                    <Input
                      value={secretAccessKey}
                      type="password"
                      onChange={({ detail }) => setSecret(detail.value)}
                      autoComplete="current-password"
                    />
                  </FormField>
                  <ExpandableSection headerText={t('signIn.temporary')}>
                    <FormField label={t('signIn.sessionToken')} description={t('signIn.sessionTokenDescription')}>
                      <Input
                        value={sessionToken}
                        type="password"
                        onChange={({ detail }) => setSessionToken(detail.value)}
                        autoComplete="off"
                      />
                    </FormField>
                  </ExpandableSection>
                </SpaceBetween>
              </Container>
            </Form>
          </form>
        </div>
      </Box>
    </main>
  );
}
