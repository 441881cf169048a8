import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { fileDisk, memoryDisk, realClock, realWorld, silentLog } from './real-world.ts';
import type { Disk } from './world.ts';

const root = mkdtempSync('/tmp/borealis-disk-');
afterAll(() => rmSync(root, { recursive: true }));

const text = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : Buffer.from(bytes).toString());

for (const [name, make, directory] of [
  ['the file system', fileDisk, `${root}/data`],
  ['memory', memoryDisk, '/data'],
] as readonly (readonly [string, () => Disk, string])[]) {
  describe(`a disk over ${name}`, () => {
    it('has temporary files without a name', () => {
      const disk = make();
      const file = disk.openTemporary(`${directory}/temporary`);
      const reused = Buffer.from('hello');
      file.append(reused);
      reused.fill(0);
      file.append(Buffer.from(' world'));
      expect(file.length).toBe(11);
      expect(text(file.read(4, 3))).toBe('o w');
      expect(text(file.read(0, 11))).toBe('hello world');
      expect(disk.list(`${directory}/temporary`)).toEqual([]);
      file.close();
      disk.remove(`${directory}/temporary`);
    });

    it('appends, reads, lists, cuts, replaces and removes', async () => {
      const disk = make();
      expect(disk.list(directory)).toEqual([]);
      expect(disk.read(`${directory}/a`)).toBeUndefined();
      disk.makeDirectory(`${directory}/inner`);
      const file = disk.openAppend(`${directory}/b`);
      expect(file.length).toBe(0);
      const reused = Buffer.from('hello');
      file.write(reused);
      reused.fill(0);
      file.write(Buffer.from(' world'));
      await file.sync();
      expect(file.length).toBe(11);
      file.close();
      const again = disk.openAppend(`${directory}/b`);
      expect(again.length).toBe(11);
      again.write(Buffer.from('!'));
      again.close();
      expect(text(disk.read(`${directory}/b`))).toBe('hello world!');
      await disk.truncate(`${directory}/b`, 5);
      expect(text(disk.read(`${directory}/b`))).toBe('hello');
      await disk.replace(`${directory}/c`, Buffer.from('one'));
      await disk.replace(`${directory}/c`, Buffer.from('two'));
      await disk.syncDirectory(directory);
      expect(text(disk.read(`${directory}/c`))).toBe('two');
      expect(disk.list(directory)).toEqual(['b', 'c', 'inner']);
      disk.openAppend(`${directory}/inner/d`).close();
      disk.remove(`${directory}/inner`);
      disk.remove(`${directory}/not there`);
      expect(disk.list(directory)).toEqual(['b', 'c']);
    });
  });
}

describe('the clock', () => {
  it('counts microseconds between milliseconds, and does not return for small corrections', () => {
    let wall = 1_000_000;
    let monotonic = 0;
    const clock = realClock(
      () => Math.floor(wall),
      () => monotonic,
    );
    const start = clock.now();
    monotonic += 0.25;
    wall += 0.25;
    expect(clock.now()).toBe(start + 250);
    let last = clock.now();
    for (let i = 0; i < 2000; i++) {
      monotonic += 0.1;
      // Slow, then set back by half a second, then set forward.
      wall += i === 500 ? -500 : i === 1500 ? 700 : 0.09;
      const now = clock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(Math.abs(clock.now() - wall * 1000)).toBeLessThan(3000);
  });

  it('follows the wall clock when that is set far', () => {
    let wall = 5_000_000;
    const clock = realClock(
      () => wall,
      () => 0,
    );
    clock.now();
    wall = 9_000_000;
    expect(clock.now()).toBe(9_000_000_000);
    wall = 1_000;
    expect(clock.now()).toBe(1_000_000);
  });
});

describe('timers', () => {
  const { timers } = realWorld({ log: silentLog });
  it('can be taken back, and sleep ends with the signal', async () => {
    let fired = 0;
    timers.after(1, () => fired++)();
    const abort = new AbortController();
    const asleep = timers.sleep(60_000, abort.signal);
    abort.abort(new Error('enough'));
    await expect(asleep).rejects.toThrow('enough');
    await expect(timers.sleep(1, abort.signal)).rejects.toThrow('enough');
    await timers.sleep(5);
    await timers.yield();
    expect(fired).toBe(0);
  });
});
