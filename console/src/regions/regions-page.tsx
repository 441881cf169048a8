/** The Regions as a map: what connects them, what each of them does, and the faults that may be tried on them. */
import Badge from '@cloudscape-design/components/badge';
import Button from '@cloudscape-design/components/button';
import Cards from '@cloudscape-design/components/cards';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { ReactNode } from 'react';
import { changeRegion, type Region } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useChange } from '../app/use-change.ts';
import { useRegions } from '../clusters/cluster-queries.ts';
import type { TextName } from '../texts/texts.ts';
import { RegionsMap } from './regions-map.tsx';

type Drill = 'isolate' | 'heal' | 'stop' | 'start';

const drillTexts = {
  isolate: 'regions.isolate',
  heal: 'regions.heal',
  stop: 'regions.stop',
  start: 'regions.start',
} as const satisfies Record<Drill, TextName>;

export function RegionsPage(): ReactNode {
  const t = useTexts();
  const { data, isPending } = useRegions();
  const { run, isRunning } = useChange(
    ({ region, drill }: { readonly region: string; readonly drill: Drill }) => changeRegion(region, drill),
    {
      message: ({ region, drill }) => t('regions.done', { drill: t(drillTexts[drill]), region }),
    },
  );
  const button = (region: string, drill: Drill): ReactNode => (
    <Button disabled={isRunning} ariaLabel={`${t(drillTexts[drill])} ${region}`} onClick={() => run({ region, drill })}>
      {t(drillTexts[drill])}
    </Button>
  );
  const regions = data?.regions ?? [];
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={t('regions.description')}>
        {t('regions.title')}
      </Header>
      <Container header={<Header variant="h2">{t('regions.map')}</Header>}>
        <RegionsMap regions={regions} rttMs={data?.rttMs ?? 0} />
      </Container>
      <Cards<Region>
        items={[...regions]}
        trackBy="name"
        loading={isPending}
        loadingText={t('shell.loading')}
        ariaLabels={{ itemSelectionLabel: (_, { name }) => name, selectionGroupLabel: t('regions.title') }}
        cardDefinition={{
          header: ({ name, role }) => (
            <SpaceBetween direction="horizontal" size="xs">
              <span>{name}</span>
              {role === 'witness' ? <Badge>{t('clusters.witness')}</Badge> : null}
            </SpaceBetween>
          ),
          sections: [
            { id: 'state', header: t('clusters.status'), content: (region) => <RegionStatus region={region} /> },
            ...(
              [
                ['connections', 'regions.connections', ({ connections }) => String(connections)],
                ['leads', 'regions.leads', ({ leads }) => String(leads.length)],
                ['leases', 'regions.leases', ({ leases, openClusters }) => `${leases} / ${openClusters}`],
                ['lag', 'regions.lag', ({ lag }) => String(lag)],
                ['port', 'regions.port', ({ port }) => String(port ?? '–')],
              ] as const satisfies readonly (readonly [string, TextName, (region: Region) => string])[]
            ).map(([id, name, value]) => ({
              id,
              header: t(name),
              width: 50,
              content: (region: Region) => (region.role === 'witness' ? '–' : value(region)),
            })),
            {
              id: 'drills',
              header: t('regions.drills'),
              content: ({ name, role, isIsolated, isUp }) => (
                <SpaceBetween direction="horizontal" size="xs">
                  {button(name, isIsolated ? 'heal' : 'isolate')}
                  {role === 'region' ? button(name, isUp ? 'stop' : 'start') : null}
                </SpaceBetween>
              ),
            },
          ],
        }}
      />
    </SpaceBetween>
  );
}

export function RegionStatus({ region: { isUp, isIsolated } }: { readonly region: Region }): ReactNode {
  const t = useTexts();
  if (!isUp) return <StatusIndicator type="stopped">{t('regions.stopped')}</StatusIndicator>;
  if (isIsolated) return <StatusIndicator type="error">{t('regions.isolated')}</StatusIndicator>;
  return <StatusIndicator type="success">{t('regions.serving')}</StatusIndicator>;
}
