import type { Session } from '#query-processor/query-processor.ts';

/** Runs a text and gives its rows as datums. */
export async function query(session: Session, text: string): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  await session.simpleQuery(text, {
    rowDescription() {},
    rows(batch) {
      for (let row = 0; row < batch.rowCount; row++) rows.push(batch.columns.map(({ values, mask }) => values[row & mask]));
    },
    commandComplete() {},
    emptyQuery() {},
    portalSuspended() {},
    notice() {},
    copyIn() {
      throw new Error('unexpected');
    },
    copyOutStart() {},
    copyOutData() {},
    copyOutEnd() {},
  });
  return rows;
}
