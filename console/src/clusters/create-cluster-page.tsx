/** A new cluster: in one Region with defaults, or in two with a witness Region, made and peered in one go. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import Tiles from '@cloudscape-design/components/tiles';
import { type ReactNode, useState } from 'react';
import { type Cluster, createCluster, type NewCluster, updateCluster } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useRouter } from '../app/router.tsx';
import { useChange } from '../app/use-change.ts';
import { useRegionNames, useRegions } from './cluster-queries.ts';
import { editedTags, type TagRow, TagRows } from './tag-rows.tsx';

type Plan = { readonly region: string; readonly peer: string | undefined; readonly witness: string; readonly cluster: NewCluster };

export function CreateClusterPage(): ReactNode {
  const t = useTexts();
  const { go } = useRouter();
  const names = useRegionNames();
  const { data } = useRegions();
  const witness = data?.regions.find(({ role }) => role === 'witness')?.name ?? '';
  const [kind, setKind] = useState<'single' | 'multi'>('single');
  const [chosenRegion, setRegion] = useState<string>();
  const [chosenPeer, setPeer] = useState<string>();
  const [name, setName] = useState('');
  const [rows, setRows] = useState<readonly TagRow[]>([]);
  const [isProtected, setProtected] = useState(true);
  const [policy, setPolicy] = useState('');
  const region = chosenRegion ?? names[0] ?? '';
  const others = names.filter((other) => other !== region);
  const peer = chosenPeer !== undefined && chosenPeer !== region ? chosenPeer : (others[0] ?? '');

  const { run, isRunning } = useChange(create, {
    message: () => t('clusters.createdMessage'),
    onDone: ({ arn, identifier }) => go(`/clusters/${arn.split(':')[3]}/${identifier}`),
  });
  const submit = (): void => {
    const tags = { ...editedTags(rows), ...(name === '' ? {} : { Name: name }) };
    const cluster = { deletionProtectionEnabled: isProtected, tags, ...(policy.trim() === '' ? {} : { policy }) };
    run({ region, peer: kind === 'multi' ? peer : undefined, witness, cluster });
  };

  const regionSelect = (label: string, value: string, options: readonly string[], choose: (region: string) => void): ReactNode => (
    <FormField label={label}>
      <Select
        selectedOption={{ value, label: value }}
        options={options.map((option) => ({ value: option, label: option }))}
        onChange={({ detail }) => choose(detail.selectedOption.value ?? '')}
      />
    </FormField>
  );
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
            <Button
              variant="primary"
              formAction="submit"
              loading={isRunning}
              disabled={names.length === 0 || (kind === 'multi' && peer === '')}
            >
              {t('clusters.create')}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{t('clusters.settings')}</Header>}>
            <SpaceBetween size="l">
              <FormField label={t('clusters.type')} stretch>
                <Tiles
                  value={kind}
                  onChange={({ detail }) => setKind(detail.value === 'multi' ? 'multi' : 'single')}
                  items={[
                    { value: 'single', label: t('clusters.singleRegion'), description: t('clusters.singleRegionDescription') },
                    {
                      value: 'multi',
                      label: t('clusters.multiRegion'),
                      description: t('clusters.multiRegionDescription'),
                      disabled: names.length < 2,
                    },
                  ]}
                />
              </FormField>
              <FormField label={t('clusters.nameOptional')} description={t('clusters.nameDescription')}>
                <Input value={name} onChange={({ detail }) => setName(detail.value)} />
              </FormField>
              {regionSelect(t('clusters.region'), region, names, setRegion)}
              {kind === 'multi' ? (
                <SpaceBetween size="l">
                  {regionSelect(t('clusters.peerRegion'), peer, others, setPeer)}
                  <Alert type="info">{t('clusters.witnessIs', { witness })}</Alert>
                </SpaceBetween>
              ) : null}
              <Checkbox
                checked={isProtected}
                onChange={({ detail }) => setProtected(detail.checked)}
                description={t('clusters.protectionDescription')}
              >
                {t('clusters.protection')}
              </Checkbox>
            </SpaceBetween>
          </Container>
          <ExpandableSection variant="container" headerText={t('clusters.tagsOptional')}>
            <TagRows rows={rows} setRows={setRows} />
          </ExpandableSection>
          <ExpandableSection variant="container" headerText={t('clusters.policyAdvanced')}>
            <FormField label={t('clusters.policyDocument')} stretch>
              <Textarea value={policy} onChange={({ detail }) => setPolicy(detail.value)} rows={10} spellcheck={false} />
            </FormField>
          </ExpandableSection>
        </SpaceBetween>
      </Form>
    </form>
  );
}

/** Two clusters become one when each names the other and the same witness Region. */
async function create({ region, peer, witness, cluster }: Plan): Promise<Cluster> {
  if (peer === undefined) return createCluster(region, cluster);
  const first = await createCluster(region, { ...cluster, multiRegionProperties: { witnessRegion: witness } });
  const second = await createCluster(peer, { ...cluster, multiRegionProperties: { witnessRegion: witness, clusters: [first.arn] } });
  await updateCluster(region, first.identifier, { multiRegionProperties: { witnessRegion: witness, clusters: [second.arn] } });
  return first;
}
