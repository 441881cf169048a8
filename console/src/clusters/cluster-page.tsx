/** One cluster: its state, and everything about it under tabs. The tab is part of the address. */
import Alert from '@cloudscape-design/components/alert';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { type ReactNode, useState } from 'react';
import { ActivityTab } from '../activity/activity-tab.tsx';
import { JobsTab } from '../activity/jobs-tab.tsx';
import { partsOfArn } from '../api/control-plane.ts';
import { RequestFailure } from '../api/request.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { hrefOf, useFollow, useRouter } from '../app/router.tsx';
import type { PageParameters } from '../app/routes.tsx';
import { BackupsTab } from '../backups/backups-tab.tsx';
import { MonitoringTab } from '../monitoring/monitoring-tab.tsx';
import { StreamsTab } from '../streams/streams-tab.tsx';
import { clusterLinks } from './cluster-links.ts';
import { useCluster } from './cluster-queries.ts';
import { ClusterStatusIndicator } from './cluster-status.tsx';
import { ConnectDialog } from './connect-dialog.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { HalfMadeAlert } from './half-made-alert.tsx';
import { SettingsTab } from './settings-tab.tsx';

export function ClusterPage({ parameters }: { readonly parameters: PageParameters }): ReactNode {
  const { region = '', id = '', tab = 'settings' } = parameters;
  const t = useTexts();
  const { language } = usePreferences();
  const { go } = useRouter();
  const follow = useFollow();
  const { data: cluster, error } = useCluster(region, id);
  const [dialog, setDialog] = useState<'connect' | 'delete'>();
  if (error !== null && (cluster === undefined || error instanceof RequestFailure)) {
    return (
      <Alert type="error" header={id}>
        {t('shell.failed', { message: error.message })}
      </Alert>
    );
  }
  if (cluster === undefined) return <Spinner size="large" />;
  const { multiRegionProperties: multiRegion, status } = cluster;
  // In all other states it takes no connections.
  const isThere = status === 'ACTIVE' || status === 'IDLE' || status === 'UPDATING';
  return (
    <SpaceBetween size="l">
      <BreadcrumbGroup
        items={[
          { text: t('clusters.title'), href: hrefOf('/clusters') },
          { text: id, href: hrefOf(`/clusters/${region}/${id}`) },
        ]}
        onFollow={follow}
        ariaLabel={t('shell.breadcrumbs')}
      />
      <Header
        variant="h1"
        description={cluster.tags.Name}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={() => setDialog('delete')}>{t('clusters.delete')}</Button>
            {clusterLinks.map(({ name, path }) => (
              <Button key={path} disabled={!isThere} href={hrefOf(`/clusters/${region}/${id}/${path}`)} onFollow={follow}>
                {t(name)}
              </Button>
            ))}
            <Button variant="primary" disabled={!isThere} onClick={() => setDialog('connect')}>
              {t('clusters.connect')}
            </Button>
          </SpaceBetween>
        }
      >
        {id}
      </Header>
      {status === 'PENDING_SETUP' ? <HalfMadeAlert region={region} cluster={cluster} /> : null}
      <Container>
        <KeyValuePairs
          columns={4}
          items={[
            { label: t('clusters.status'), value: <ClusterStatusIndicator status={status} /> },
            { label: t('clusters.region'), value: region },
            { label: t('clusters.type'), value: t(multiRegion === undefined ? 'clusters.singleRegion' : 'clusters.multiRegion') },
            { label: t('clusters.created'), value: new Date(cluster.creationTime * 1_000).toLocaleString(language) },
            { label: t('clusters.endpoint'), value: cluster.endpoint },
            { label: t('clusters.arn'), value: cluster.arn },
            { label: t('clusters.protection'), value: t(cluster.deletionProtectionEnabled ? 'shell.on' : 'shell.off') },
            ...(multiRegion === undefined
              ? []
              : [
                  {
                    label: t('clusters.peers'),
                    value: (
                      <SpaceBetween size="xxs">
                        {multiRegion.clusters
                          .filter((arn) => arn !== cluster.arn)
                          .map(partsOfArn)
                          .map((peer) => (
                            <Link key={`${peer.region} ${peer.id}`} href={hrefOf(`/clusters/${peer.region}/${peer.id}`)} onFollow={follow}>
                              {`${peer.region}: ${peer.id}`}
                            </Link>
                          ))}
                      </SpaceBetween>
                    ),
                  },
                  { label: t('clusters.witness'), value: multiRegion.witnessRegion ?? '–' },
                ]),
          ]}
        />
      </Container>
      <Tabs
        activeTabId={tab}
        onChange={({ detail }) => go(`/clusters/${region}/${id}/tab/${detail.activeTabId}`)}
        ariaLabel={t('clusters.about')}
        tabs={[
          { id: 'settings', label: t('clusters.settings'), content: <SettingsTab region={region} cluster={cluster} /> },
          { id: 'monitoring', label: t('monitoring.title'), content: <MonitoringTab region={region} id={id} /> },
          { id: 'activity', label: t('activity.title'), content: <ActivityTab region={region} id={id} /> },
          { id: 'backups', label: t('backups.title'), content: <BackupsTab region={region} cluster={cluster} /> },
          { id: 'streams', label: t('streams.title'), content: <StreamsTab region={region} cluster={cluster} /> },
          { id: 'jobs', label: t('activity.jobs'), content: <JobsTab region={region} id={id} /> },
        ]}
      />
      {dialog === 'connect' ? <ConnectDialog region={region} id={id} onClose={() => setDialog(undefined)} /> : null}
      {dialog === 'delete' ? (
        <DeleteDialog region={region} id={id} isProtected={cluster.deletionProtectionEnabled} onClose={() => setDialog(undefined)} />
      ) : null}
    </SpaceBetween>
  );
}
