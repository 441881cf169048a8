/**
 * How many calls of the API an access key may make: many at once, and so many a second in the long run. What is remembered is bounded: keys that have not called
 * for a while are forgotten, and only keys that are known here are remembered at all.
 */
import { type Rate, TokenBucket } from '#base/token-bucket.ts';
import type { Clock } from '#base/world.ts';
import { ApiError } from './api-error.ts';

const keysMaximum = 10_000;

export class RequestRate {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Throws the refusal. */
  admit(accessKeyId: string): void {
    let bucket = this.#buckets.get(accessKeyId);
    if (bucket === undefined) {
      if (this.#buckets.size >= keysMaximum) for (const [key, other] of this.#buckets) if (other.isFull) this.#buckets.delete(key);
      bucket = new TokenBucket(this.#rate, this.#clock);
      this.#buckets.set(accessKeyId, bucket);
    }
    if (bucket.take()) return;
    const retryAfterSeconds = Math.max(1, Math.ceil(bucket.waitSeconds));
    throw new ApiError('ThrottlingException', 429, 'Rate exceeded', { serviceCode: 'dsql', quotaCode: 'api-requests' }, retryAfterSeconds);
  }
}
