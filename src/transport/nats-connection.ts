/** How a node connects to NATS: for good, noticing a dead server within seconds (dsql-internals 3.11). */
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';

export type NatsAddress = {
  /** nats://host:port or tls://host:port, user and password in them if need be. */
  readonly servers: readonly string[];
  /** Shown in the server's lists. */
  readonly name: string;
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** Content of a .creds file. */
  readonly credentials?: Uint8Array;
};

export function connectToNats(address: NatsAddress): Promise<NatsConnection> {
  return connect({
    servers: address.servers.map((url) => url.replace(/^(nats|tls):\/\//, '')),
    name: address.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    pingInterval: 2000,
    maxPingOut: 2,
    timeout: 5000,
    noAsyncTraces: true,
    // The first is this Region's.
    noRandomize: true,
    ignoreClusterUpdates: true,
    ...(address.tls === undefined && !address.servers.some((url) => url.startsWith('tls:')) ? {} : { tls: address.tls ?? {} }),
    ...(address.credentials === undefined ? {} : { authenticator: credsAuthenticator(address.credentials) }),
  });
}
