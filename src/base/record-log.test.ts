import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryDisk } from './real-world.ts';
import { RecordLog } from './record-log.ts';
import type { Disk } from './world.ts';

const path = 'log';
const contentOf = async (disk: Disk): Promise<Record<string, number>> =>
  Object.fromEntries((await RecordLog.open<number>(disk, path)).entries(''));
const fileOf = (disk: Disk): Buffer => Buffer.from(disk.read(path) ?? []);

describe('a record log', () => {
  it('cut anywhere in its last line holds all commits before it, whole', async () => {
    const disk = memoryDisk();
    const log = await RecordLog.open<number>(disk, path);
    await log.commit([{ key: 'a', value: 1 }]);
    const before = fileOf(disk).length;
    await log.commit([
      { key: 'a', value: undefined },
      { key: 'ü', value: 2 },
    ]);
    const whole = fileOf(disk);
    for (let length = before; length <= whole.length; length++) {
      const torn = memoryDisk();
      await torn.replace(path, whole.subarray(0, length));
      expect(await contentOf(torn), `cut at ${length}`).toEqual(length === whole.length ? { ü: 2 } : { a: 1 });
      // What was cut is gone from the file too: the next commit must not stand behind half a line.
      const again = await RecordLog.open<number>(torn, path);
      await again.commit([{ key: 'b', value: 3 }]);
      expect(await contentOf(torn)).toEqual(length === whole.length ? { ü: 2, b: 3 } : { a: 1, b: 3 });
    }
  });

  it('refuses a line that was changed further up', async () => {
    const disk = memoryDisk();
    const log = await RecordLog.open<number>(disk, path);
    for (let i = 0; i < 3; i++) await log.commit([{ key: 'a', value: i }]);
    const content = fileOf(disk);
    content[content.indexOf('"a":0') + 4] ^= 1;
    await disk.replace(path, content);
    await expect(RecordLog.open(disk, path)).rejects.toThrow('log is damaged in line 2');
  });

  it('holds after any commits what a map holds, also after it was written anew', async () => {
    const change = fc.record({ key: fc.constantFrom('a', 'b', 'c', '__proto__x'), value: fc.option(fc.nat(), { nil: undefined }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 30 }), async (commits) => {
        const disk = memoryDisk();
        const log = await RecordLog.open<number>(disk, path);
        const model = new Map<string, number>();
        for (const changes of commits) {
          await log.commit(changes);
          for (const { key, value } of changes) if (value === undefined) model.delete(key);
          for (const { key, value } of changes) if (value !== undefined) model.set(key, value);
        }
        expect(await contentOf(disk)).toEqual(Object.fromEntries(model));
      }),
      { numRuns: 30 },
    );
    const disk = memoryDisk();
    const log = await RecordLog.open<number>(disk, path);
    for (let i = 0; i < 2_100; i++) await log.commit([{ key: 'a', value: i }]);
    expect(fileOf(disk).length).toBeLessThan(10_000);
    expect(await contentOf(disk)).toEqual({ a: 2_099 });
  });
});
