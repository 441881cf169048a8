/** DSQL's limits on connections to one cluster (dsql-behaviour 1.4, 1.5): how many at once, and a token bucket for how fast. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { TokenBucket } from '#base/token-bucket.ts';
import type { Clock } from '#base/world.ts';
import type { ConnectionLimits } from './pgwire.ts';

export class ConnectionBudget {
  readonly #limits: ConnectionLimits;
  readonly #bucket: TokenBucket;

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#bucket = new TokenBucket({ perSecond: limits.connectionsPerSecond, burst: limits.connectionBurst }, clock);
  }

  /** Takes one token; the error that refuses the connection when there is none, or no room. */
  admit(openConnections: number): SqlError | undefined {
    if (openConnections >= this.#limits.connections)
      return new SqlError(sqlstate.tooManyConnections, 'Unable to accept connection, too many open connections.');
    if (!this.#bucket.take()) return new SqlError(sqlstate.configurationLimitExceeded, 'Unable to accept connection, rate exceeded.');
    return undefined;
  }
}
