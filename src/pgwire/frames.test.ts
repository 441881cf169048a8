import { describe, expect, it } from 'vitest';
import { FrameReader } from './frames.ts';
import { decodeMessage, decodeStartup } from './frontend-message.ts';

const message = (type: string, body: string): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, Buffer.from(body, 'latin1')]);
};

const reading = (bytes: Buffer, cuts: readonly number[]): string[] => {
  const reader = new FrameReader(1_000);
  reader.endStartup();
  const seen: string[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.push(bytes.subarray(start, cut));
    start = cut;
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      seen.push(
        JSON.stringify(decodeMessage(frame), (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value)),
      );
    }
  }
  expect(reader.heldBytes).toBe(0);
  return seen;
};

describe('frames', () => {
  const stream = Buffer.concat([
    message('Q', 'select 1\0'),
    message('P', 's\0select $1\0\0\x01\0\0\0\x17'),
    message('B', 'p\0s\0\0\x01\0\x01\0\x02\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff\0\0'),
    message('D', 'Pp\0'),
    message('E', 'p\0\0\0\0\x05'),
    message('C', 'Ss\0'),
    message('S', ''),
    message('d', 'a\tb\n'),
    message('c', ''),
    message('f', 'why\0'),
    message('X', ''),
  ]);

  it('read the same wherever the stream is cut', () => {
    const whole = reading(stream, []);
    expect(whole).toMatchInlineSnapshot(`
      [
        "{"kind":"query","text":"select 1"}",
        "{"kind":"parse","name":"s","text":"select $1","parameterTypes":[23]}",
        "{"kind":"bind","portal":"p","statement":"s","formats":[1],"values":["\\u0000\\u0000\\u0000\\u0007",null],"resultFormats":[]}",
        "{"kind":"describe","what":"portal","name":"p"}",
        "{"kind":"execute","portal":"p","maxRows":5}",
        "{"kind":"close","what":"statement","name":"s"}",
        "{"kind":"sync"}",
        "{"kind":"copyData","data":"a\\tb\\n"}",
        "{"kind":"copyDone"}",
        "{"kind":"copyFail","reason":"why"}",
        "{"kind":"terminate"}",
      ]
    `);
    for (let cut = 1; cut < stream.length; cut++) expect(reading(stream, [cut])).toEqual(whole);
    expect(
      reading(
        stream,
        Array.from({ length: stream.length - 1 }, (_, i) => i + 1),
      ),
    ).toEqual(whole);
  });

  it.each([
    ['a length below four', Buffer.from([0x51, 0, 0, 0, 3]), 'invalid message length'],
    ['a length over the limit', Buffer.from([0x51, 0x10, 0, 0, 0]), 'invalid message length'],
  ])('refuse %s', (_, bytes, text) => {
    const reader = new FrameReader(1_000);
    reader.endStartup();
    reader.push(bytes);
    expect(() => reader.next()).toThrow(text);
  });

  it.each([
    ['an unknown type', message('z', ''), 'invalid frontend message type 122'],
    ['a string without end', message('Q', 'select'), 'insufficient data left in message'],
    ['bytes behind the end', message('S', 'x'), 'invalid message format'],
    ['a count without its items', message('B', '\0\0\0\x05'), 'insufficient data left in message'],
    ['a negative length', message('B', '\0\0\0\0\0\x01\x80\0\0\0\0\0'), 'insufficient data left in message'],
    ['text that is not UTF-8', message('Q', 'a\xff\0'), 'invalid byte sequence for encoding "UTF8": 0xff'],
  ])('refuse %s', (_, bytes, text) => {
    const reader = new FrameReader(1_000);
    reader.endStartup();
    reader.push(bytes);
    expect(() => {
      const frame = reader.next();
      return frame && decodeMessage(frame);
    }).toThrow(text);
  });

  it('refuse start-up packets of impossible length or another protocol', () => {
    const reader = new FrameReader(1_000);
    reader.push(Buffer.from([0, 1, 0, 0]));
    expect(() => reader.next()).toThrow('invalid length of startup packet');
    expect(() => decodeStartup({ type: 0, body: Buffer.from([0, 2, 0, 0, 0]) })).toThrow('unsupported frontend protocol 2.0');
  });
});
