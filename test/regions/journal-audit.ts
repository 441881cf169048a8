/**
 * Audits a stopped deployment's journal against what the adjudicator promises (A2 to A4), comparing each transaction with all before it by whole keys:
 * nothing here is shared with the code that decided.
 */
import path from 'node:path';
import { fileDisk, realWorld, silentLog } from '../../src/base/real-world.ts';
import { openFileJournal } from '../../src/journal/file/file-journal.ts';
import type { CommitRecord } from '../../src/journal/journal.ts';
import { catalogVersionKey, descriptorKey, firstRelationSpace } from '../../src/sql/spaces.ts';
import type { Deployment } from '../deployment.ts';

export type Audit = { readonly violations: readonly string[]; readonly transactions: number; readonly epochs: number };

type Mode = CommitRecord['writes'][number]['mode'] | CommitRecord['marks'][number]['mode'];
type Newest = { write: number; update: number; share: number };

const conflictsWith: Readonly<Record<Mode, readonly (keyof Newest)[]>> = {
  write: ['write', 'update', 'share'],
  update: ['write', 'update'],
  share: ['write'],
  blind: [],
};

export async function auditJournal(deployment: Deployment): Promise<Audit> {
  const [cluster] = deployment.description.clusters;
  const world = realWorld({ log: silentLog, disk: fileDisk() });
  const journal = await openFileJournal({
    world,
    directory: path.join(deployment.dataDir, 'clusters', cluster.id, 'journal'),
    onFailure: (error) => {
      throw error;
    },
  });
  const audit = new JournalAudit();
  try {
    for (let position = journal.firstPosition; position <= journal.lastPosition; ) {
      const entries = await journal.read(position, 1000);
      for (const { entry } of entries) {
        if (entry.kind === 'claim') audit.claim(entry.epoch, entry.floor);
        else for (const record of entry.records) audit.record(record);
      }
      position += entries.length;
    }
  } finally {
    await journal.close();
  }
  return audit;
}

class JournalAudit implements Audit {
  readonly violations: string[] = [];
  transactions = 0;
  epochs = 0;
  #lastEpoch = 0;
  #last = 0;
  readonly #newest = new Map<string, Newest>();
  readonly #ids = new Set<string>();

  claim(epoch: number, floor: number): void {
    this.epochs++;
    if (epoch <= this.#lastEpoch) this.violations.push(`epoch ${epoch} follows ${this.#lastEpoch}`);
    if (floor < this.#last) this.violations.push(`epoch ${epoch} begins at ${floor}, below ${this.#last}`);
    this.#lastEpoch = epoch;
    this.#last = floor;
  }

  record(record: CommitRecord): void {
    const { transactionId, timestamp, snapshot } = record;
    this.transactions++;
    if (this.#ids.has(transactionId)) this.violations.push(`${transactionId} is there twice`);
    this.#ids.add(transactionId);
    if (timestamp <= this.#last) this.violations.push(`A2: ${transactionId} at ${timestamp} follows ${this.#last}`);
    if (timestamp <= snapshot) this.violations.push(`A3: ${transactionId} at ${timestamp} has read at ${snapshot}`);
    this.#last = timestamp;
    const used: readonly { readonly key: string; readonly mode: Mode }[] = [...record.writes, ...record.marks];
    for (const { key, mode } of used) this.#check(record, key, conflictsWith[mode]);
    for (const { key, mode } of record.writes) if (mode !== 'blind') this.#checkSchema(record, key);
    for (const { key, mode } of used) this.#note(key, mode, timestamp);
  }

  #check({ transactionId, snapshot, timestamp }: CommitRecord, key: string, kinds: readonly (keyof Newest)[]): void {
    const newest = this.#newest.get(key);
    if (newest === undefined) return;
    for (const kind of kinds) {
      if (newest[kind] > snapshot)
        this.violations.push(
          `A4: ${transactionId} (${snapshot}, ${timestamp}) beside ${kind} at ${newest[kind]} of ${Buffer.from(key, 'latin1').toString('hex')}`,
        );
    }
  }

  /** Rows are written only by those that know the relation as it is. */
  #checkSchema(record: CommitRecord, key: string): void {
    const space = Buffer.from(key.slice(0, 4), 'latin1').readUInt32BE(0);
    if (space < firstRelationSpace || record.writes.some((write) => write.key === catalogVersionKey)) return;
    this.#check(record, descriptorKey(space), ['write']);
  }

  #note(key: string, mode: Mode, timestamp: number): void {
    if (mode === 'blind') return;
    let newest = this.#newest.get(key);
    if (newest === undefined) this.#newest.set(key, (newest = { write: 0, update: 0, share: 0 }));
    newest[mode] = timestamp;
  }
}
