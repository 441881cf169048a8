/** A table of any number of rows: only those in sight are in the page. */
import { type ReactNode, useMemo, useState } from 'react';
import type { ResultColumn, Row } from './query-api.ts';

const rowHeight = 26;
const heightMaximum = 420;
const beyond = 12;
/** Column widths are cut to what the first rows need. */
const sampledRows = 200;
const [narrowest, widest] = [6, 60];

type ResultGridProps = {
  readonly label: string;
  readonly nullText: string;
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly Row[];
  /** Changes when rows have come. */
  readonly rowCount: number;
};

const cell = {
  padding: '0 8px',
  whiteSpace: 'pre',
  overflow: 'hidden',
  textOverflow: 'ellipsis',
  lineHeight: `${rowHeight}px`,
  textAlign: 'start',
  boxSizing: 'border-box',
} as const;

export function ResultGrid({ label, nullText, columns, rows, rowCount }: ResultGridProps): ReactNode {
  const [scrolled, setScrolled] = useState(0);
  const isSampled = Math.min(rowCount, sampledRows);
  const widths = useMemo(
    () =>
      columns.map(({ name, type }, at) => {
        let width = Math.max(name.length, type.length);
        for (let row = 0; row < isSampled; row++) width = Math.max(width, (rows[row][at] ?? nullText).length);
        return `${Math.min(widest, Math.max(narrowest, width)) + 3}ch`;
      }),
    [columns, rows, isSampled, nullText],
  );
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - beyond);
  const last = Math.min(rowCount, first + Math.ceil(heightMaximum / rowHeight) + 2 * beyond);
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
      tabIndex={0}
      onScroll={(event) => setScrolled(event.currentTarget.scrollTop)}
      style={{ maxHeight: heightMaximum, overflow: 'auto', border: '1px solid #7d8998' }}
    >
      <table
        aria-rowcount={rowCount + 1}
        style={{ tableLayout: 'fixed', width: 'max-content', borderSpacing: 0, fontFamily: 'ui-monospace, monospace', fontSize: 13 }}
      >
        <thead style={{ position: 'sticky', top: 0, zIndex: 1, background: 'Canvas' }}>
          <tr aria-rowindex={1}>
            {columns.map(({ name, type }, at) => (
              <th
                // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other identity: two may have the same name.
                key={at}
                scope="col"
                title={type}
                style={{ ...cell, width: widths[at], maxWidth: widths[at], borderBottom: '1px solid #7d8998' }}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr style={{ height: first * rowHeight }} />
          {rows.slice(first, last).map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is its number.
            <tr key={first + at} aria-rowindex={first + at + 2} style={{ height: rowHeight }}>
              {row.map((value, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                <td key={column} title={value ?? nullText} style={{ ...cell, width: widths[column], maxWidth: widths[column] }}>
                  {value === null ? <i>{nullText}</i> : value}
                </td>
              ))}
            </tr>
          ))}
          <tr style={{ height: (rowCount - last) * rowHeight }} />
        </tbody>
      </table>
    </section>
  );
}
