/**
 * Commits per second through the adjudicator's door, two Regions and a witness, no SQL and no storage: what deciding, journal and delivery cost.
 *
 *   npm run build && node bench/commit-rate.mjs
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileDisk, memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import { startLocalCluster } from '#deployment/local-cluster.ts';
import { openFileJournal } from '#journal/file/file-journal.ts';
import { MemoryReplica } from '#simulator/memory-replica.ts';

const runMs = 2_000;
const fail = (error) => {
  throw error;
};
let transactions = 0;

async function measure(kind) {
  const directory = mkdtempSync(path.join(tmpdir(), 'commit-rate-'));
  const world = realWorld({ log: silentLog, disk: kind === 'file' ? fileDisk() : memoryDisk() });
  const journal = await openFileJournal({ world, directory: `${directory}/journal`, onFailure: fail });
  const cluster = await startLocalCluster({
    world,
    journal,
    network: new RegionNetwork({ world, regions: ['a', 'b', 'w'], rttMs: 0 }),
    witness: 'w',
    regions: [
      { name: 'a', replica: new MemoryReplica() },
      { name: 'b', replica: new MemoryReplica() },
    ],
    onFailure: fail,
  });
  for (const clients of [1, 8, 32]) {
    const { adjudicator, readPoint } = cluster.region('a');
    const value = new Uint8Array(100);
    const key = (number) => `\0\0@\0\x01${String(number).padStart(9, '0')}`;
    let commits = 0;
    const before = journal.lastPosition;
    const startedMs = performance.now();
    const client = async (own) => {
      while (performance.now() < startedMs + runMs) {
        const number = transactions++;
        const verdict = await adjudicator.commit({
          partition: 0,
          epoch: readPoint.epoch,
          transactionId: `${own}-${number}`.padEnd(26, 'x'),
          snapshot: await readPoint.begin(),
          writes: [
            { key: key(own * 100_000 + (number % 1_000)), mode: 'update', value },
            { key: key(500_000_000 + number), mode: 'write', value },
          ],
          marks: [{ key: '\0\0\0\x02abcd', mode: 'share' }],
          bytes: 250,
        });
        if (verdict.kind !== 'committed') throw new Error(JSON.stringify(verdict));
        commits++;
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, own) => client(own)));
    const seconds = (performance.now() - startedMs) / 1_000;
    const batch = commits / (journal.lastPosition - before);
    console.log(`${kind}, ${clients} clients: ${Math.round(commits / seconds)} commits/s, ${batch.toFixed(1)} a batch`);
  }
  await cluster.close();
  await journal.close();
  rmSync(directory, { recursive: true });
}

for (const kind of ['file', 'memory']) await measure(kind);
