/** DSQL's limits on connections (dsql-behaviour 1.4, 1.5): how many at once, and a token bucket for how fast. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Clock } from '#base/world.ts';
import type { ConnectionLimits } from './pgwire.ts';

export class ConnectionBudget {
  #limits: ConnectionLimits;
  #clock: Clock;
  #tokens: number;
  #filledAtMs: number;

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.connectionBurst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Takes one token; the error that refuses the connection when there is none, or no room. */
  admit(openConnections: number): SqlError | undefined {
    if (openConnections >= this.#limits.connections) {
      return new SqlError(sqlstate.tooManyConnections, 'Unable to accept connection, too many open connections.');
    }
    const nowMs = this.#clock.monotonicMs();
    const refill = ((nowMs - this.#filledAtMs) / 1_000) * this.#limits.connectionsPerSecond;
    this.#tokens = Math.min(this.#limits.connectionBurst, this.#tokens + refill);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return new SqlError(sqlstate.configurationLimitExceeded, 'Unable to accept connection, rate exceeded.');
    this.#tokens -= 1;
    return undefined;
  }
}
