/** A new cluster: in one Region with defaults, or in two with a witness Region, made and peered in one go. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { type Cluster, partsOfArn } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useRouter } from '../app/router.tsx';
import { useChange } from '../app/use-change.ts';
import { useClientTokens } from '../app/use-client-tokens.ts';
import { PolicyEditor } from '../policies/policy-editor.tsx';
import { create, HalfMade } from './peering.ts';
import { usePlace } from './place-fields.tsx';
import { editedTags, type TagRow, TagRows } from './tag-rows.tsx';

export function CreateClusterPage(): ReactNode {
  const t = useTexts();
  const { go } = useRouter();
  const place = usePlace();
  const [name, setName] = useState('');
  const [rows, setRows] = useState<readonly TagRow[]>([]);
  const [policy, setPolicy] = useState('');
  const tokenOf = useClientTokens();
  const show = ({ arn, identifier }: Cluster): void => go(`/clusters/${partsOfArn(arn).region}/${identifier}`);
  const { run, isRunning } = useChange(create, {
    message: () => t('clusters.createdMessage'),
    onDone: show,
    // Its page says what can be done now.
    onFailure: (error) => {
      if (error instanceof HalfMade) show(error.cluster);
    },
  });
  const submit = (): void => {
    const { region, peer, witness, isProtected } = place;
    const tags = { ...editedTags(rows), ...(name === '' ? {} : { Name: name }) };
    const cluster = { deletionProtectionEnabled: isProtected, tags, ...(policy.trim() === '' ? {} : { policy }) };
    const wanted = { region, peer, witness, cluster };
    run({ ...wanted, token: tokenOf(JSON.stringify(wanted)) });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Form
        header={<Header variant="h1">{t('clusters.create')}</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => go('/clusters')}>
              {t('shell.cancel')}
            </Button>
            <Button variant="primary" formAction="submit" loading={isRunning} disabled={!place.isComplete}>
              {t('clusters.create')}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{t('clusters.settings')}</Header>}>
            {place.fields(
              <FormField label={t('clusters.nameOptional')} description={t('clusters.nameDescription')}>
                <Input value={name} onChange={({ detail }) => setName(detail.value)} />
              </FormField>,
            )}
          </Container>
          <ExpandableSection variant="container" headerText={t('clusters.tagsOptional')}>
            <TagRows rows={rows} setRows={setRows} />
          </ExpandableSection>
          <ExpandableSection variant="container" headerText={t('clusters.policyAdvanced')}>
            <PolicyEditor label={t('clusters.policyDocument')} kind="resource" text={policy} onText={setPolicy} />
          </ExpandableSection>
        </SpaceBetween>
      </Form>
    </form>
  );
}
