import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { fileDisk, memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import type { Disk, World } from '#base/world.ts';
import { JournalDamaged, JournalFailed } from '../chain.ts';
import { claimOf, commitsOf, journalContract, plain, readAll } from '../journal-contract.ts';
import { type FileJournal, type FileJournalOptions, openFileJournal } from './file-journal.ts';

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});
const temporary = (): string => {
  const directory = mkdtempSync('/tmp/borealis-journal-');
  directories.push(directory);
  return directory;
};
const worldOf = (disk: Disk): World => realWorld({ log: silentLog, disk });
const neverFails = (error: Error): void => {
  throw error;
};
const small = { segmentBytes: 1500, tailCacheBytes: 2000, onFailure: neverFails };

describe('on a real disk', () => {
  journalContract(() => {
    const directory = `${temporary()}/journal`;
    return { open: () => openFileJournal({ world: worldOf(fileDisk()), directory, ...small }) };
  });
});

describe('in memory', () => {
  journalContract(() => {
    const world = worldOf(memoryDisk());
    return { open: () => openFileJournal({ world, directory: '/data/journal', ...small }) };
  });
});

/** Entries 1 to `count` in the files of a fresh memory disk. */
async function written(
  count: number,
  options: Partial<FileJournalOptions> = {},
): Promise<{ readonly disk: Disk; readonly journal: FileJournal }> {
  const disk = memoryDisk();
  const journal = await openFileJournal({ world: worldOf(disk), directory: '/j', onFailure: neverFails, ...options });
  await journal.append(claimOf(1), 0);
  for (let n = 1; n < count; n++) await journal.append(commitsOf(1, n), n);
  await journal.close();
  return { disk, journal };
}

const reopen = (disk: Disk): Promise<FileJournal> => openFileJournal({ world: worldOf(disk), directory: '/j', onFailure: neverFails });

const copyWith = (source: Disk, changed: string, content: Uint8Array): Disk => {
  const disk = memoryDisk();
  for (const name of source.list('/j')) {
    const bytes = `/j/${name}` === changed ? content : source.read(`/j/${name}`);
    disk.openAppend(`/j/${name}`).write(bytes ?? new Uint8Array());
  }
  return disk;
};

const bytesOf = (disk: Disk, path: string): Buffer => Buffer.from(disk.read(path) ?? []);

describe('a crash', () => {
  it('is survived wherever in the last block the file ends', async () => {
    const { disk: short } = await written(3);
    const { disk } = await written(4);
    const path = '/j/0000000000000001.journal';
    const whole = bytesOf(disk, path);
    const border = bytesOf(short, path).length;
    for (let length = border; length < whole.length; length++) {
      const torn = copyWith(disk, path, whole.subarray(0, length));
      const journal = await reopen(torn);
      expect(journal.lastPosition).toBe(3);
      expect(bytesOf(torn, path).length).toBe(border);
      // It goes on, and the new entry is there after the next start.
      expect(await journal.append(commitsOf(1, 77), 3)).toEqual({ position: 4 });
      await journal.close();
      expect((await readAll(await reopen(torn))).map(({ entry }) => plain(entry)).at(-1)).toEqual(plain(commitsOf(1, 77)));
    }
  });

  it('is survived when sectors of the last block are missing', async () => {
    const { disk: short } = await written(3);
    const { disk } = await written(4);
    const path = '/j/0000000000000001.journal';
    const border = bytesOf(short, path).length;
    for (let hole = border; hole < bytesOf(disk, path).length; hole += 16) {
      const torn = bytesOf(disk, path);
      torn.fill(0, hole, Math.min(hole + 16, torn.length));
      expect((await reopen(copyWith(disk, path, torn))).lastPosition).toBe(3);
    }
  });

  it('in the creation of a segment leaves the segments before it', async () => {
    const { disk } = await written(30, { segmentBytes: 1500 });
    const names = disk.list('/j');
    expect(names.length).toBeGreaterThan(3);
    const last = `/j/${names[names.length - 1]}`;
    const first = Number.parseInt(names[names.length - 1], 10);
    const header = bytesOf(disk, last).subarray(0, 86);
    for (let length = 0; length < header.length; length++) {
      const journal = await reopen(copyWith(disk, last, header.subarray(0, length)));
      expect(journal.lastPosition).toBe(first - 1);
      expect(await journal.append(commitsOf(1, 1), first - 1)).toEqual({ position: first });
      await journal.close();
    }
    expect((await reopen(copyWith(disk, last, header))).lastPosition).toBe(first - 1);
  });
});

describe('damage', () => {
  it('of any byte but the last block is refused', async () => {
    const { disk: short } = await written(3);
    const { disk } = await written(4);
    const path = '/j/0000000000000001.journal';
    const border = bytesOf(short, path).length;
    for (let at = 0; at < border; at++) {
      const damaged = bytesOf(disk, path);
      damaged[at] ^= 0x10;
      await expect(reopen(copyWith(disk, path, damaged)), `byte ${at}`).rejects.toThrow(JournalDamaged);
    }
  });

  it('in an older segment is refused, also when it is only shorter', async () => {
    const { disk } = await written(30, { segmentBytes: 1500 });
    const second = `/j/${disk.list('/j')[1]}`;
    const bytes = bytesOf(disk, second);
    await expect(reopen(copyWith(disk, second, bytes.subarray(0, bytes.length - 5)))).rejects.toThrow(JournalDamaged);
    const damaged = Buffer.from(bytes);
    damaged[bytes.length - 5] ^= 1;
    await expect(reopen(copyWith(disk, second, damaged))).rejects.toThrow(JournalDamaged);
  });

  it('is a missing segment, or one of another journal', async () => {
    const { disk } = await written(30, { segmentBytes: 1500 });
    const other = await written(30, { segmentBytes: 1500 });
    const second = `/j/${disk.list('/j')[1]}`;
    await expect(reopen(copyWith(disk, second, bytesOf(other.disk, second)))).rejects.toThrow(/belongs to journal/);
    disk.remove(second);
    await expect(reopen(disk)).rejects.toThrow(/does not follow/);
  });

  it('is found by a reader as well', async () => {
    const { disk } = await written(30, { segmentBytes: 1500 });
    const journal = await reopen(disk);
    const second = `/j/${disk.list('/j')[1]}`;
    const damaged = bytesOf(disk, second);
    damaged[damaged.length - 3] ^= 1;
    await disk.replace(second, damaged);
    await expect(readAll(journal)).rejects.toThrow(JournalDamaged);
  });
});

describe('group commit', () => {
  it('writes and synchronises together what was appended meanwhile', async () => {
    const disk = memoryDisk();
    let writes = 0;
    let syncs = 0;
    const counting: Disk = {
      ...disk,
      openAppend: (path) => {
        const file = disk.openAppend(path);
        return {
          get length() {
            return file.length;
          },
          write: (bytes) => {
            writes++;
            file.write(bytes);
          },
          sync: () => {
            syncs++;
            return new Promise((resolve) => setTimeout(resolve, 5));
          },
          close: () => file.close(),
        };
      },
    };
    const journal = await openFileJournal({ world: worldOf(counting), directory: '/j', onFailure: neverFails });
    await journal.append(claimOf(1), 0);
    [writes, syncs] = [0, 0];
    await Promise.all(Array.from({ length: 50 }, (_, i) => journal.append(commitsOf(1, i), i + 1)));
    expect([writes, syncs]).toEqual([2, 2]);
    expect(journal.lastPosition).toBe(51);
  });

  it('ends with the first failure (J5)', async () => {
    const disk = memoryDisk();
    let fails = false;
    const failing: Disk = {
      ...disk,
      openAppend: (path) => {
        const file = disk.openAppend(path);
        return {
          get length() {
            return file.length;
          },
          write: (bytes) => file.write(bytes),
          sync: () => (fails ? Promise.reject(new Error('EIO')) : Promise.resolve()),
          close: () => file.close(),
        };
      },
    };
    const failures: Error[] = [];
    const journal = await openFileJournal({ world: worldOf(failing), directory: '/j', onFailure: (error) => failures.push(error) });
    await journal.append(claimOf(1), 0);
    fails = true;
    const one = journal.append(commitsOf(1, 1), 1);
    const two = journal.append(commitsOf(1, 2), 2);
    await expect(one).rejects.toThrow(JournalFailed);
    await expect(two).rejects.toThrow(JournalFailed);
    fails = false;
    await expect(journal.append(commitsOf(1, 3), 3)).rejects.toThrow(JournalFailed);
    expect(failures.length).toBe(1);
    expect(journal.lastPosition).toBe(1);
  });
});
