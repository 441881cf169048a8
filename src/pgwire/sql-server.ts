/** SqlServer: one listening port, the endpoint of one Region. */
import { createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { World } from '#base/world.ts';
import { Connection } from './connection.ts';
import { ConnectionBudget } from './connection-budget.ts';
import type { ClusterRouter, ConnectionLimits } from './pgwire.ts';

export type SqlServerOptions = {
  readonly world: World;
  readonly host: string;
  readonly port: number;
  readonly secureContext: () => SecureContext;
  readonly router: ClusterRouter;
  readonly limits: ConnectionLimits;
  /** Hands a cancel request to every query processor that may know the session. */
  readonly cancel: (processId: number, secret: Uint8Array) => void;
};

export class SqlServer {
  readonly #options: Pick<SqlServerOptions, 'limits' | 'world'>;
  /** Of each cluster that somebody has connected to. */
  readonly #budgets = new Map<string, ConnectionBudget>();
  #server: Server;
  #connections = new Set<Connection>();
  #isClosing = false;

  private constructor(options: SqlServerOptions) {
    this.#options = options;
    const environment = {
      world: options.world,
      limits: options.limits,
      secureContext: options.secureContext,
      router: options.router,
      cancel: options.cancel,
      admit: (cluster: string) => (this.#isClosing ? shuttingDown() : this.#budgetOf(cluster).admit(this.#sessionsOf(cluster))),
    };
    this.#server = createServer((socket: Socket) => {
      // Sockets that never authenticate are bounded too, somewhat above the sessions' own bound.
      if (this.#connections.size >= options.limits.connections * 2) {
        socket.destroy();
        return;
      }
      const connection: Connection = new Connection(socket, environment, () => this.#connections.delete(connection));
      this.#connections.add(connection);
    });
  }

  /** Rejects with the system's error when the port cannot be had. Port 0 takes a free one. */
  static async listen(options: SqlServerOptions): Promise<SqlServer> {
    const server = new SqlServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
        server.#server.removeListener('error', reject);
        server.#server.on('error', (error) => options.world.log.error('SQL port failed', { error: error.message }));
        resolve();
      });
    });
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  #budgetOf(cluster: string): ConnectionBudget {
    const known = this.#budgets.get(cluster);
    if (known !== undefined) return known;
    const made = new ConnectionBudget(this.#options.limits, this.#options.world.clock);
    this.#budgets.set(cluster, made);
    return made;
  }

  #sessionsOf(cluster: string): number {
    let count = 0;
    for (const connection of this.#connections) if (connection.hasSession && connection.clusterId === cluster) count++;
    return count;
  }

  /** Ends the connections to one cluster, which is going away. */
  closeCluster(id: string): void {
    this.#budgets.delete(id);
    for (const connection of this.#connections) if (connection.clusterId === id) connection.shutDown(shuttingDown());
  }

  /** Takes no more connections, tells the open ones, and resolves when all are gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.shutDown(shuttingDown());
    await closed;
  }
}

const shuttingDown = (): SqlError => new SqlError(sqlstate.adminShutdown, 'terminating connection due to administrator command');
