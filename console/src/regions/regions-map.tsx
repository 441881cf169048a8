/** Regions in a ring, a line between each two: whole with its round trip, or cut. */
import type { ReactNode } from 'react';
import type { Region } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { mapColours } from './map-colours.ts';

const width = 720;
const height = 340;
/** Keeps a text readable on the line that it lies on. */
const halo = { stroke: mapColours.background, strokeWidth: 6, paintOrder: 'stroke' } as const;
const radius = { x: 250, y: 110 };

type Placed = { readonly region: Region; readonly x: number; readonly y: number };

export function RegionsMap({ regions, rttMs }: { readonly regions: readonly Region[]; readonly rttMs: number }): ReactNode {
  const t = useTexts();
  const placed = regions.map((region, i): Placed => {
    const angle = -Math.PI / 2 - Math.PI / regions.length + (2 * Math.PI * i) / regions.length;
    return { region, x: width / 2 + radius.x * Math.cos(angle), y: height / 2 + radius.y * Math.sin(angle) };
  });
  const pairs = placed.flatMap((a, i) => placed.slice(i + 1).map((b) => ({ a, b, isCut: isAway(a.region) || isAway(b.region) })));
  const description = pairs
    .map(({ a, b, isCut }) => `${a.region.name} – ${b.region.name}: ${isCut ? t('regions.cut') : `${rttMs} ms`}`)
    .join('; ');
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${t('regions.map')}: ${description}`}
      style={{ width: '100%', maxHeight: 380 }}
    >
      {pairs.map(({ a, b, isCut }) => (
        <g key={`${a.region.name} ${b.region.name}`}>
          <line
            x1={a.x}
            y1={a.y}
            x2={b.x}
            y2={b.y}
            stroke={isCut ? mapColours.away : mapColours.serving}
            strokeWidth={isCut ? 2 : 3}
            strokeDasharray={isCut ? '4 10' : 'none'}
          />
          <text x={(a.x + b.x) / 2} y={(a.y + b.y) / 2 - 8} textAnchor="middle" fontSize="13" fill={mapColours.caption} {...halo}>
            {isCut ? t('regions.cut') : t('regions.rtt', { ms: rttMs })}
          </text>
        </g>
      ))}
      {placed.map(({ region, x, y }) => (
        <g key={region.name} data-region={region.name} data-state={isAway(region) ? 'away' : 'serving'}>
          <rect
            x={x - 95}
            y={y - 34}
            width="190"
            height="68"
            rx="12"
            fill={mapColours.background}
            stroke={isAway(region) ? mapColours.away : mapColours.serving}
            strokeWidth="2"
          />
          <text x={x} y={y - 8} textAnchor="middle" fontSize="16" fontWeight="700" fill={mapColours.text}>
            {region.name}
          </text>
          <text x={x} y={y + 14} textAnchor="middle" fontSize="12" fill={mapColours.caption}>
            {captionOf(region, t)}
          </text>
        </g>
      ))}
    </svg>
  );
}

const isAway = ({ isUp, isIsolated }: Region): boolean => !isUp || isIsolated;

function captionOf({ role, isUp, isIsolated, leads, lag }: Region, t: ReturnType<typeof useTexts>): string {
  if (!isUp) return t('regions.stopped');
  if (isIsolated) return t('regions.isolated');
  if (role === 'witness') return t('clusters.witness');
  return t('regions.caption', { leads: leads.length, lag });
}
