/**
 * Office in a key-value bucket whose values last for a limited time. Taking it is `create`, renewing it `update` of the revision that this node wrote: both are
 * compare-and-set at the bucket's stream leader. What a reader of the bucket sees may be old; nobody here reads.
 */
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Office } from './transport.ts';

export type OfficeBucketOptions = {
  readonly connection: NatsConnection;
  readonly bucket: string;
  readonly replicas: number;
  readonly limitMs: number;
};

export function openOfficeBucket(options: OfficeBucketOptions): Promise<KV> {
  const { connection, bucket, replicas, limitMs } = options;
  return new Kvm(connection).create(bucket, { replicas, ttl: limitMs, history: 1 });
}

export class NatsOffice implements Office {
  readonly #bucket: KV;
  readonly #key: string;
  readonly #holder: string;
  #revision: number | undefined;

  constructor(bucket: KV, key: string, holder: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#holder = holder;
  }

  async hold(): Promise<boolean> {
    const revision = this.#revision;
    try {
      this.#revision =
        revision === undefined
          ? await this.#bucket.create(this.#key, this.#holder)
          : await this.#bucket.update(this.#key, this.#holder, revision);
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#revision = undefined;
      return false;
    }
  }

  async leave(): Promise<void> {
    const revision = this.#revision;
    this.#revision = undefined;
    if (revision === undefined) return;
    try {
      await this.#bucket.delete(this.#key, { previousSeq: revision });
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
}

const wrongLastSequence = 10071;
/** Something else stands there than was expected. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === wrongLastSequence;
