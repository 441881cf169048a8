/** A cluster's figures over time. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import LineChart from '@cloudscape-design/components/line-chart';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQueries } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { readSeries } from '../api/control-plane.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { useClusters } from '../clusters/cluster-queries.ts';
import { type Chart, charts, pointsOf, thinned, type Unit } from './metrics.ts';

const ranges = [
  { seconds: 15 * 60, name: 'monitoring.quarter' },
  { seconds: 60 * 60, name: 'monitoring.hour' },
  { seconds: 3 * 60 * 60, name: 'monitoring.threeHours' },
  { seconds: 6 * 60 * 60, name: 'monitoring.sixHours' },
] as const;
const pointsMaximum = 240;

export function MonitoringTab({ region, id }: { readonly region: string; readonly id: string }): ReactNode {
  const t = useTexts();
  const [seconds, setSeconds] = useState<number>(ranges[0].seconds);
  const homes = useHomes(region, id);
  return (
    <SpaceBetween size="l">
      <Header
        variant="h2"
        description={t('monitoring.description')}
        actions={
          <SegmentedControl
            label={t('monitoring.range')}
            selectedId={String(seconds)}
            onChange={({ detail }) => setSeconds(Number(detail.selectedId))}
            options={ranges.map((range) => ({ id: String(range.seconds), text: t(range.name) }))}
          />
        }
      >
        {t('monitoring.title')}
      </Header>
      <Grid gridDefinition={charts.map(() => ({ colspan: { default: 12, s: 6 } }))}>
        {charts.map((chart) => (
          <ChartBox key={chart.title} chart={chart} seconds={seconds} homes={homes} />
        ))}
      </Grid>
    </SpaceBetween>
  );
}

/** Figures of the engine are those of the journal behind a cluster, which has the id of one of the peers. */
function useHomes(region: string, id: string): readonly string[] {
  const { data } = useClusters();
  const peers = data?.find((cluster) => cluster.identifier === id && cluster.region === region)?.multiRegionProperties?.clusters ?? [];
  return [id, ...peers.map((arn) => arn.slice(arn.lastIndexOf('/') + 1))];
}

function ChartBox(props: { readonly chart: Chart; readonly seconds: number; readonly homes: readonly string[] }): ReactNode {
  const { chart, seconds, homes } = props;
  const t = useTexts();
  const { language } = usePreferences();
  const results = useQueries({
    queries: chart.metrics.map(({ metric }) => ({
      queryKey: ['series', metric, seconds],
      queryFn: () => readSeries(metric, seconds),
      refetchInterval: 10_000,
    })),
  });
  const drawn = chart.metrics.flatMap(({ title }, i) =>
    (results[i]?.data?.series ?? [])
      .filter(({ labels }) => homes.includes(labels.cluster ?? ''))
      .map(({ labels, points }) => ({
        title: chart.label === 'region' ? (labels.region ?? '') : t(title),
        type: 'line' as const,
        data: thinned(pointsOf(points, chart.isRate), pointsMaximum),
        valueFormatter: (value: number) => formatted(value, chart.unit, language),
      })),
  );
  // A line needs two points.
  const lines = drawn.filter(({ data }) => data.length > 1);
  const times = lines.flatMap(({ data }) => data.map(({ x }) => x.getTime()));
  const peak = Math.max(0, ...lines.flatMap(({ data }) => data.map(({ y }) => y)));
  const title = t(chart.title);
  return (
    <Container header={<Header variant="h3">{chart.isRate ? t('monitoring.perSecond', { title }) : title}</Header>}>
      <LineChart
        series={lines}
        ariaLabel={title}
        height={180}
        xScaleType="time"
        {...(times.length === 0 ? {} : { xDomain: [new Date(Math.min(...times)), new Date(Math.max(...times))] as const })}
        yDomain={[0, peak === 0 ? 1 : peak * 1.1]}
        hideFilter
        statusType={results.some(({ isPending }) => isPending) ? 'loading' : 'finished'}
        i18nStrings={{
          xTickFormatter: (time) => time.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' }),
          yTickFormatter: (value) => formatted(value, chart.unit, language),
        }}
        empty={<Box textAlign="center">{t('monitoring.empty')}</Box>}
      />
    </Container>
  );
}

function formatted(value: number, unit: Unit, language: string): string {
  const number = new Intl.NumberFormat(language, { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
  return unit === 'milliseconds' ? `${number} ms` : unit === 'bytes' ? `${number} B` : number;
}
