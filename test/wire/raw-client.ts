/**
 * A client that sends exactly the messages it is given and shows what comes back, message by message, as lines of text.
 * Speaks to a deployment (TLS by request or at once, a token) and to PostgreSQL (plain, trust), so that both can be asked the same.
 *
 * A line is a message's name and its content: `Row 1|é|∅`, `Ready I`, `Error V=ERROR C=22012 M=division by zero`. Values that are not
 * printable text are shown as hex: `Row x'00000001'`.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export type Target = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string | undefined;
  /** Certificate of the authority; none: plain text. */
  readonly ca?: string | undefined;
  /** TLS from the first byte, with ALPN. */
  readonly isDirect?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
};

export type Message = { readonly type: string; readonly body: Buffer };

/** Parts: a number is an int32, an `int16`, `string` or raw bytes. */
function packet(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(type.length + 4);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, type.length);
  return Buffer.concat([head, body]);
}

const cstring = (text: string): Buffer => Buffer.from(`${text}\0`);
const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
};
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
};
const list = <Item>(items: readonly Item[], encode: (item: Item) => Buffer): Buffer =>
  Buffer.concat([int16(items.length), ...items.map(encode)]);

export type Binding = {
  readonly portal?: string;
  readonly statement?: string;
  readonly formats?: readonly number[];
  /** Text, bytes, or null. */
  readonly values?: readonly (string | Uint8Array | null)[];
  readonly resultFormats?: readonly number[];
};

export const raw = packet;
export const query = (text: string): Buffer => packet('Q', cstring(text));
export const parse = (text: string, name = '', types: readonly number[] = []): Buffer =>
  packet('P', cstring(name), cstring(text), list(types, int32));
export const bind = ({ portal = '', statement = '', formats = [], values = [], resultFormats = [] }: Binding = {}): Buffer =>
  packet(
    'B',
    cstring(portal),
    cstring(statement),
    list(formats, int16),
    list(values, (value) => {
      if (value === null) return int32(-1);
      const bytes = Buffer.from(value);
      return Buffer.concat([int32(bytes.length), bytes]);
    }),
    list(resultFormats, int16),
  );
export const describePortal = (name = ''): Buffer => packet('D', Buffer.from('P'), cstring(name));
export const describeStatement = (name = ''): Buffer => packet('D', Buffer.from('S'), cstring(name));
export const execute = (portal = '', maxRows = 0): Buffer => packet('E', cstring(portal), int32(maxRows));
export const closePortal = (name = ''): Buffer => packet('C', Buffer.from('P'), cstring(name));
export const closeStatement = (name = ''): Buffer => packet('C', Buffer.from('S'), cstring(name));
export const sync = packet('S');
export const flush = packet('H');
export const terminate = packet('X');
export const copyData = (data: string | Uint8Array): Buffer => packet('d', Buffer.from(data));
export const copyDone = packet('c');
export const copyFail = (reason: string): Buffer => packet('f', cstring(reason));
export const password = (text: string): Buffer => packet('p', cstring(text));
export const sslRequest = packet('', int32(80877103));
export const gssEncRequest = packet('', int32(80877104));
export const cancelRequest = (processId: number, secret: Buffer): Buffer => packet('', int32(80877102), int32(processId), secret);
export const startup = (parameters: Readonly<Record<string, string>>, version = 196608): Buffer =>
  packet('', int32(version), ...Object.entries(parameters).map(([name, value]) => cstring(`${name}\0${value}`)), Buffer.from([0]));
/** Parse, Bind, Describe, Execute of the unnamed statement. */
export const prepared = (text: string, binding: Binding = {}, types: readonly number[] = []): Buffer =>
  Buffer.concat([parse(text, '', types), bind(binding), describePortal(), execute()]);

/** How many ReadyForQuery answers the messages ask for. */
function readiesAsked(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    const type = String.fromCharCode(bytes[at]);
    if (type === 'Q' || type === 'S') count++;
  }
  return count;
}

const answerTimeoutMs = 10_000;

export class RawClient {
  readonly socket: Socket;
  readonly parameters = new Map<string, string>();
  processId = 0;
  secret: Buffer = Buffer.alloc(0);
  #held: Buffer = Buffer.alloc(0);
  readonly #messages: Message[] = [];
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** On a socket that is ready for protocol messages. */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => this.#received(data));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  /** A socket on which the start-up message may be sent. */
  static async open(target: Target): Promise<RawClient> {
    if (target.ca === undefined) return new RawClient(connectTcp(target.port, target.host));
    const options = { host: target.host, port: target.port, ca: target.ca, servername: isIP(target.host) ? '' : target.host };
    if (target.isDirect) return new RawClient(connectTls({ ...options, ALPNProtocols: ['postgresql'] }));
    const socket = connectTcp(target.port, target.host);
    socket.on('error', () => {});
    socket.write(sslRequest);
    await new Promise<void>((resolve, reject) => {
      socket.once('data', (data) => (data.toString() === 'S' ? resolve() : reject(new Error(`SSLRequest was answered by ${data}`))));
      socket.once('close', () => reject(new Error('the server closed after SSLRequest')));
    });
    return new RawClient(connectTls({ ...options, socket }));
  }

  static async connect(target: Target): Promise<RawClient> {
    const client = await RawClient.open(target);
    client.send(startup({ user: target.user, database: target.database, ...target.parameters }));
    for (;;) {
      const message = await client.next();
      if (message === undefined) throw new Error('the server closed during start-up');
      const { type, body } = message;
      if (type === 'E') throw new Error(show(message));
      if (type === 'R' && body.readInt32BE() === 3) client.send(password(target.password ?? ''));
      if (type === 'S') {
        const [name, value] = body.toString().split('\0');
        client.parameters.set(name, value);
      }
      if (type === 'K') {
        client.processId = body.readInt32BE();
        client.secret = Buffer.from(body.subarray(4));
      }
      if (type === 'Z') return client;
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #received(data: Buffer): void {
    this.#held = Buffer.concat([this.#held, data]);
    let at = 0;
    while (this.#held.length - at >= 5) {
      const length = this.#held.readUInt32BE(at + 1);
      if (this.#held.length - at < length + 1) break;
      this.#messages.push({ type: String.fromCharCode(this.#held[at]), body: this.#held.subarray(at + 5, at + 1 + length) });
      at += 1 + length;
    }
    this.#held = this.#held.subarray(at);
    this.#wake?.();
  }

  send(...messages: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** The next message; undefined when the server has closed. */
  async next(): Promise<Message | undefined> {
    while (this.#messages.length === 0 && !this.#isClosed) {
      let timer: NodeJS.Timeout | undefined;
      const timedOut = await new Promise<boolean>((resolve) => {
        this.#wake = () => resolve(false);
        timer = setTimeout(() => resolve(true), answerTimeoutMs);
      });
      clearTimeout(timer);
      if (timedOut) throw new Error('no answer within 10 s');
    }
    return this.#messages.shift();
  }

  /** All messages up to and with the `count`th of the type; up to the end when the server closes. */
  async until(type: string, count = 1): Promise<Message[]> {
    const messages: Message[] = [];
    for (let left = count; left > 0; ) {
      let message: Message | undefined;
      try {
        message = await this.next();
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : error}; so far:\n${messages.map(show).join('\n')}`);
      }
      if (message === undefined) {
        messages.push({ type: '', body: Buffer.alloc(0) });
        break;
      }
      messages.push(message);
      if (message.type === type) left--;
    }
    return messages;
  }

  /** Sends the messages in one piece and reads until as many ReadyForQuery have come as they ask for (or `readies`). */
  async exchange(messages: readonly Uint8Array[], readies?: number): Promise<Message[]> {
    const bytes = Buffer.concat(messages);
    this.socket.write(bytes);
    return this.until('Z', readies ?? readiesAsked(bytes));
  }

  /** `exchange`, as lines. */
  async talk(...messages: readonly Uint8Array[]): Promise<string[]> {
    return (await this.exchange(messages)).map(show);
  }

  close(): void {
    this.socket.end(terminate);
  }

  /** Resolves when the server has closed. */
  async closed(): Promise<void> {
    while ((await this.next()) !== undefined) {}
  }
}

const names: Readonly<Record<string, string>> = {
  '1': 'ParseComplete',
  '2': 'BindComplete',
  '3': 'CloseComplete',
  n: 'NoData',
  s: 'PortalSuspended',
  I: 'EmptyQuery',
  c: 'CopyDone',
  '': 'Closed',
};

/** A message as one line. Object ids of tables are shown as `t`: they differ from server to server. */
export function show({ type, body }: Message): string {
  switch (type) {
    case 'Z':
      return `Ready ${body}`;
    case 'C':
      return `Complete ${text(body.subarray(0, -1))}`;
    case 'D':
      return `Row ${valuesOf(body).map(text).join('|')}`;
    case 'T':
      return `Fields ${fieldsOf(body).join(', ')}`;
    case 't':
      return `Parameters ${Array.from({ length: body.readUInt16BE() }, (_, i) => body.readInt32BE(2 + i * 4)).join(' ')}`.trim();
    case 'E':
      return `Error ${reportOf(body)}`;
    case 'N':
      return `Notice ${reportOf(body)}`;
    case 'S':
      return `Parameter ${body.toString().split('\0').slice(0, 2).join('=')}`;
    case 'G':
    case 'H':
      return `${type === 'G' ? 'CopyIn' : 'CopyOut'} ${[...body].filter((_, i) => i === 0 || (i > 2 && i % 2 === 0)).join(' ')}`;
    case 'd':
      return `Data ${text(body)}`;
    default:
      return names[type] ?? `${type} ${text(body)}`;
  }
}

export function valuesOf(body: Buffer): (Buffer | undefined)[] {
  const values: (Buffer | undefined)[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? undefined : body.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

function fieldsOf(body: Buffer): string[] {
  const fields: string[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(); left > 0; left--) {
    const end = body.indexOf(0, at);
    const name = body.toString('utf8', at, end);
    const [table, attribute] = [body.readUInt32BE(end + 1), body.readInt16BE(end + 5)];
    const [type, length, modifier] = [body.readUInt32BE(end + 7), body.readInt16BE(end + 11), body.readInt32BE(end + 13)];
    fields.push(`${name}:${table === 0 ? '' : 't.'}${attribute} ${type} ${length} ${modifier} ${body.readInt16BE(end + 17)}`);
    at = end + 19;
  }
  return fields;
}

/** Fields of an error or a notice, without the source's file, line and routine. */
export function reportFields(body: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; body[at] !== 0; ) {
    const end = body.indexOf(0, at);
    fields.set(String.fromCharCode(body[at]), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  for (const source of ['F', 'L', 'R']) fields.delete(source);
  return fields;
}

function reportOf(body: Buffer): string {
  const fields = reportFields(body);
  if (fields.get('S') === fields.get('V')) fields.delete('S');
  return [...fields]
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([code, value]) => `${code}=${value}`)
    .join(' ');
}

const order = 'SVCMDHPWstcdn';

function text(value: Uint8Array | undefined): string {
  if (value === undefined) return '∅';
  const decoded = Buffer.from(value).toString('utf8');
  const isPlain = !/[\0-\x08\x0b-\x1f\x7f\ufffd]/.test(decoded);
  return isPlain ? decoded.replaceAll('\n', '\\n').replaceAll('\t', '\\t') : `x'${Buffer.from(value).toString('hex')}'`;
}
