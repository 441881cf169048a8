import { describe, expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import { AuditLog, type NewAuditEvent } from './audit-log.ts';

const event = (eventName: string): NewAuditEvent => ({
  eventSource: 'dsql.amazonaws.com',
  eventName,
  eventCategory: 'Management',
  awsRegion: 'us-east-1',
  sourceIPAddress: '127.0.0.1',
  userAgent: undefined,
  userIdentity: undefined,
  requestParameters: {},
  resources: [],
  errorCode: undefined,
  errorMessage: undefined,
  requestID: '',
});

describe('the audit log', () => {
  it('goes on in a new file when one is full, keeps so many of them, and knows the last events after a restart', async () => {
    const disk = memoryDisk();
    const world = realWorld({ log: silentLog, disk });
    const limits = { fileBytes: 1_000, files: 3, recent: 5 };
    const log = new AuditLog(world, 'audit', limits);
    for (let i = 0; i < 50; i++) log.record(event(`Call${i}`));
    await log.close();
    const files = disk.list('audit');
    expect(files).toHaveLength(3);
    for (const name of files) expect(disk.read(`audit/${name}`)?.length).toBeLessThan(1_500);
    // A crash may cut the last line.
    disk.openAppend(`audit/${files[2]}`).write(Buffer.from('{"eventName":"Half'));
    const again = new AuditLog(world, 'audit', limits);
    expect(again.recent(1)).toMatchObject([{ eventName: 'Call49' }]);
    again.record(event('Next'));
    expect(again.recent(2).map(({ eventName }) => eventName)).toEqual(['Next', 'Call49']);
  });
});
