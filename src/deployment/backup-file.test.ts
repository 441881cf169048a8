import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackupFileDamaged, BackupFileReader, BackupFileWriter } from './backup-file.ts';

function written(parts: readonly Uint8Array[]): Buffer {
  const chunks: Uint8Array[] = [];
  const description = {
    clusterIdentifier: 'a'.repeat(26),
    resourceArn: 'arn:aws:dsql:us-east-1:000000000000:cluster/x',
    createdAt: 1,
    appliedTimestamp: 2,
    catalogTimestamp: 1,
    parts: parts.length,
    rows: 3,
  };
  const writer = new BackupFileWriter(description, (bytes) => chunks.push(Uint8Array.from(bytes)));
  for (const part of parts) writer.part(part);
  writer.end();
  return Buffer.concat(chunks);
}

function read(file: Buffer): Buffer[] {
  let at = 0;
  const reader = new BackupFileReader((length) => {
    const bytes = file.subarray(at, at + length);
    at += bytes.length;
    return bytes;
  });
  return [...reader.parts()];
}

describe('a backup file', () => {
  it('gives back its parts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (parts) => {
        expect(read(written(parts)).map((part) => [...part])).toEqual(parts.map((part) => [...part]));
      }),
    );
  });

  it('is refused when any byte is another, or it is cut, or goes on', () => {
    const file = written([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
    for (let at = 0; at < file.length; at++) {
      const other = Buffer.from(file);
      other[at] ^= 0x41;
      expect(() => read(other), `byte ${at}`).toThrow(BackupFileDamaged);
      expect(() => read(file.subarray(0, at)), `cut at ${at}`).toThrow(BackupFileDamaged);
    }
    expect(() => read(Buffer.concat([file, Buffer.of(0)]))).toThrow(BackupFileDamaged);
  });
});
