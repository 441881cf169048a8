/** A cluster's deletion protection, tags and resource policy. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import {
  type Cluster,
  deleteClusterPolicy,
  getClusterPolicy,
  putClusterPolicy,
  tagCluster,
  untagCluster,
  updateCluster,
} from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { PolicyEditor } from '../policies/policy-editor.tsx';
import { editedTags, type TagRow, TagRows } from './tag-rows.tsx';

export function SettingsTab({ region, cluster }: { readonly region: string; readonly cluster: Cluster }): ReactNode {
  const t = useTexts();
  const { identifier, deletionProtectionEnabled } = cluster;
  const protection = useChange((isOn: boolean) => updateCluster(region, identifier, { deletionProtectionEnabled: isOn }), {
    message: () => t('clusters.saved'),
  });
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{t('clusters.protection')}</Header>}>
        <Toggle
          checked={deletionProtectionEnabled}
          disabled={protection.isRunning}
          onChange={({ detail }) => protection.run(detail.checked)}
          description={t('clusters.protectionDescription')}
        >
          {t('clusters.protection')}
        </Toggle>
      </Container>
      <Tags region={region} cluster={cluster} />
      <Policy region={region} cluster={cluster} />
    </SpaceBetween>
  );
}

function Tags({ region, cluster: { arn, tags } }: { readonly region: string; readonly cluster: Cluster }): ReactNode {
  const t = useTexts();
  const [edited, setEdited] = useState<readonly TagRow[]>();
  const rows = edited ?? Object.entries(tags).map(([key, value]) => ({ key, value }));
  const { run, isRunning } = useChange(
    async (wanted: Readonly<Record<string, string>>) => {
      const gone = Object.keys(tags).filter((key) => !(key in wanted));
      if (gone.length > 0) await untagCluster(region, arn, gone);
      if (Object.keys(wanted).length > 0) await tagCluster(region, arn, wanted);
    },
    { message: () => t('clusters.saved'), onDone: () => setEdited(undefined) },
  );
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button disabled={edited === undefined} loading={isRunning} onClick={() => run(editedTags(rows))}>
              {t('clusters.saveTags')}
            </Button>
          }
        >
          {t('clusters.tags')}
        </Header>
      }
    >
      <TagRows rows={rows} setRows={setEdited} />
    </Container>
  );
}

function Policy({ region, cluster: { identifier: id, arn } }: { readonly region: string; readonly cluster: Cluster }): ReactNode {
  const t = useTexts();
  const { data: kept } = useQuery({ queryKey: ['policy', region, id], queryFn: () => getClusterPolicy(region, id) });
  const [edited, setEdited] = useState<string>();
  const done = { message: () => t('clusters.saved'), onDone: () => setEdited(undefined) };
  const put = useChange((text: string) => putClusterPolicy(region, id, text, kept?.policyVersion), done);
  const remove = useChange(() => deleteClusterPolicy(region, id), done);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t(kept === null ? 'clusters.noPolicy' : 'clusters.policyDescription')}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={kept === undefined || kept === null} loading={remove.isRunning} onClick={() => remove.run(undefined)}>
                {t('clusters.deletePolicy')}
              </Button>
              <Button disabled={edited === undefined || edited.trim() === ''} loading={put.isRunning} onClick={() => put.run(edited ?? '')}>
                {t('clusters.savePolicy')}
              </Button>
            </SpaceBetween>
          }
        >
          {t('clusters.policy')}
        </Header>
      }
    >
      <PolicyEditor
        label={t('clusters.policyDocument')}
        kind="resource"
        resource={arn}
        text={edited ?? kept?.policy ?? ''}
        onText={(text) => setEdited(text === (kept?.policy ?? '') ? undefined : text)}
      />
    </Container>
  );
}
