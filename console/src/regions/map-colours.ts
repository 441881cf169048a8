/** Colours of the map, in both modes readable on what is behind them: custom properties of map-colours.css. */
import './map-colours.css';

export const mapColours = {
  background: 'var(--map-background)',
  away: 'var(--map-away)',
  serving: 'var(--map-serving)',
  text: 'var(--map-text)',
  caption: 'var(--map-caption)',
} as const;
