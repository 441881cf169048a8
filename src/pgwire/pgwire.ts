/**
 * pgwire: the PostgreSQL protocol, version 3, between sockets and the query processor.
 *
 *   frames.ts            bytes → whole messages; knows no socket
 *   frontend-message.ts  what clients send, decoded
 *   backend-message.ts   what we send, encoded
 *   connection.ts        one client from its first byte to its last
 *   sql-server.ts        one listening port (a Region's endpoint)
 *   tls/                 the self-signed authority and the server's certificate
 *
 * May use query-processor, iam, sql, base. Knows nothing of storage or commits.
 *
 *   P1  No byte sequence, before or after TLS, does more than end its own connection.
 *   P2  Nobody reaches a session without a token that `authenticate` allows, as a role that the query processor admits the token's signer to.
 *   P3  Memory held for one client is bounded: one message (10 MiB), one batch of results, and the socket's own buffers. A client that
 *       does not read is not written to; one that sends faster than it is served is not read.
 */
import type { TokenVerdict } from '#iam/iam.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';

/** A cluster as one Region's port offers it. */
export type RoutedCluster = {
  readonly id: string;
  /** Checks the password of a connection to this cluster from this address. */
  authenticate(user: string, token: string, address: string): TokenVerdict | Promise<TokenVerdict>;
  /** Asked once somebody is let in: an idle cluster wakes only for them. undefined: the cluster has gone meanwhile. */
  queryProcessor(): QueryProcessor | undefined | Promise<QueryProcessor | undefined>;
};

/** Which cluster a connection means: by TLS server name, else by start-up option, else the Region's default; undefined: none. */
export interface ClusterRouter {
  route(serverName: string | undefined, clusterId: string | undefined): RoutedCluster | undefined;
}

export type ConnectionLimits = {
  readonly messageBytes: number;
  /** To one cluster in one Region. */
  readonly connections: number;
  /** Token bucket: so many new connections at once, refilled by so many a second. */
  readonly connectionBurst: number;
  readonly connectionsPerSecond: number;
  /** Time from the first byte to a valid password. */
  readonly authenticationMs: number;
  /** A session ends when it is so old: between two transactions, and at the latest `transactionMs` later. 0: it never does. */
  readonly sessionMs: number;
  /** How long a transaction under way at the end of the session may take. */
  readonly transactionMs: number;
};

/** DSQL's (dsql-behaviour 1.5); the authentication time is PostgreSQL's. */
export const dsqlConnectionLimits: ConnectionLimits = {
  messageBytes: 10 * 1024 * 1024,
  connections: 10_000,
  connectionBurst: 1_000,
  connectionsPerSecond: 100,
  authenticationMs: 60_000,
  sessionMs: 3_600_000,
  transactionMs: 300_000,
};

/** Ours, for profile `open`: as many connections, but no wait for a pool that opens all of its own at once, and no end of a session by age. */
export const openConnectionLimits: ConnectionLimits = {
  ...dsqlConnectionLimits,
  connectionBurst: 10_000,
  connectionsPerSecond: 1_000,
  sessionMs: 0,
};
