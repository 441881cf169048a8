import { expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import { openFileJournal } from '#journal/file/file-journal.ts';
import { claimOf, commitsOf } from '#journal/journal-contract.ts';
import { JournalFeed } from './feed.ts';

const open = () => openFileJournal({ world: realWorld({ log: silentLog, disk: memoryDisk() }), directory: '/j', onFailure: () => {} });

it('hands on entries in order, each once, and waits for more (C1)', async () => {
  const journal = await open();
  await journal.append(claimOf(1), 0);
  const feed = new JournalFeed({ journal, maximumEntries: 3 });
  const seen: number[] = [];
  const reading = (async () => {
    for (let position = 1; ; ) {
      const entries = await feed.next(position);
      if (entries === undefined) return;
      for (const placed of entries) seen.push(placed.position);
      position += entries.length;
    }
  })();
  for (let n = 1; n <= 20; n++) await journal.append(commitsOf(1, n), n);
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  feed.close();
  await reading;
});

it('ends a waiting call when it is closed', async () => {
  const feed = new JournalFeed({ journal: await open() });
  const waiting = feed.next(1);
  feed.close();
  expect(await waiting).toBeUndefined();
  expect(await feed.next(1)).toBeUndefined();
});
