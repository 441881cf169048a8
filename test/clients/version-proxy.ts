/**
 * A proxy that lets an older pg_dump talk to a newer server: pg_dump refuses servers that are newer than itself by the `server_version` they
 * report, which is all that is rewritten here. Clients speak to it in the clear; it speaks to the server in TLS unless told otherwise.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

export type VersionProxy = { readonly port: number; close(): void };

/** `version`: what the server's `server_version` is made to say. */
export async function versionProxy(target: { readonly port: number; readonly tls: boolean }, version: string): Promise<VersionProxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    serve(client, target, version).catch(() => client.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return { port: portOf(server), close };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

async function serve(client: Socket, target: { readonly port: number; readonly tls: boolean }, version: string): Promise<void> {
  const upstream = await connectServer(target);
  upstream.on('error', () => client.destroy());
  upstream.on('close', () => client.end());
  client.on('close', () => upstream.end());
  client.on('data', (data) => {
    const isSslRequest = data.length === 8 && data.readInt32BE(4) === 80_877_103;
    if (isSslRequest) client.write('N');
    else upstream.write(data);
  });
  let held = Buffer.alloc(0);
  // Until the session is ready; after that bytes pass as they are.
  const greet = (data: Buffer): void => {
    held = Buffer.concat([held, data]);
    while (held.length >= 5 && held.length >= 1 + held.readInt32BE(1)) {
      const end = 1 + held.readInt32BE(1);
      const message = held.subarray(0, end);
      held = held.subarray(end);
      client.write(withVersion(message, version));
      if (message[0] !== 0x5a) continue;
      upstream.off('data', greet);
      upstream.on('data', (more) => client.write(more));
      client.write(held);
      return;
    }
  };
  upstream.on('data', greet);
}

function withVersion(message: Buffer, version: string): Buffer {
  const name = 'server_version\0';
  if (message[0] !== 0x53 || message.toString('latin1', 5, 5 + name.length) !== name) return message;
  const body = Buffer.from(`${name}${version}\0`);
  const head = Buffer.alloc(5);
  head[0] = 0x53;
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

async function connectServer({ port, tls }: { readonly port: number; readonly tls: boolean }): Promise<Socket | TLSSocket> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  if (!tls) return socket;
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(80_877_103, 4);
  socket.write(request);
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  if (answer.toString() !== 'S') throw new Error('the server has no TLS');
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
  return secure;
}
