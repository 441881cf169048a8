/**
 * A TCP proxy that makes a link long: what comes in on one side goes out on the other after a fixed time, in order, both ways. Also cuts the link and mends it, for fault drills.
 * The kernel's own delay (netem) is not everywhere, and needs privileges.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class DelayingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #isCut = false;

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
    server.on('connection', (socket) => {
      if (this.#isCut) socket.destroy();
    });
  }

  /** `delayMs`: one way. */
  static async listen(targetPort: number, delayMs: number, port = 0): Promise<DelayingProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(targetPort, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.setNoDelay(true);
        from.on('data', (bytes) => setTimeout(() => to.writable && to.write(bytes), delayMs));
        from.on('error', () => to.destroy());
        from.on('close', () => {
          sockets.delete(from);
          setTimeout(() => to.destroy(), delayMs);
        });
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    return new DelayingProxy(server, typeof address === 'object' && address !== null ? address.port : port, sockets);
  }

  /** Connections break, and new ones are refused. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
