/**
 * How often somebody may fail to sign in: ten times, then once every six seconds, for each address (an IPv6 network of 64 bits counts as one).
 * What is remembered is bounded; when too many addresses fail at once, all of them share one allowance.
 */
import type { Clock } from '#base/world.ts';

const burst = 10;
const refillMs = 6_000;
const addressesMaximum = 10_000;

/** `tokens` as of `atMs`. */
type Bucket = { tokens: number; atMs: number };

export class SignInLimit {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds to wait before the next attempt; 0: go on. */
  waitSeconds(address: string): number {
    const bucket = this.#buckets.get(this.#nameOf(address));
    if (bucket === undefined) return 0;
    const tokens = this.#tokensOf(bucket);
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * refillMs) / 1_000);
  }

  failed(address: string): void {
    const name = this.#nameOf(address);
    const bucket = this.#buckets.get(name);
    const tokens = bucket === undefined ? burst : this.#tokensOf(bucket);
    this.#buckets.set(name, { tokens: Math.max(tokens - 1, 0), atMs: this.#clock.monotonicMs() });
  }

  #tokensOf({ tokens, atMs }: Bucket): number {
    return Math.min(burst, tokens + (this.#clock.monotonicMs() - atMs) / refillMs);
  }

  #nameOf(address: string): string {
    const name = networkOf(address);
    if (this.#buckets.has(name) || this.#buckets.size < addressesMaximum) return name;
    for (const [other, bucket] of this.#buckets) if (this.#tokensOf(bucket) >= burst) this.#buckets.delete(other);
    return this.#buckets.size < addressesMaximum ? name : 'others';
  }
}

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1];
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}
