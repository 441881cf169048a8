/** Transport over a NATS connection. */
import { type NatsConnection, NoRespondersError, RequestError, type Subscription, TimeoutError } from '@nats-io/transport-node';
import type { Logger } from '#base/world.ts';
import type { Subject, Transport } from './transport.ts';

export class NatsTransport implements Transport {
  readonly #connection: NatsConnection;
  readonly #log: Logger;
  readonly #listeners = new Set<() => void>();
  #isConnected = true;

  constructor(connection: NatsConnection, log: Logger) {
    this.#connection = connection;
    this.#log = log;
    void this.#watch();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  onChange(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  // Hot: several times a batch.
  send(subject: Subject, message: Uint8Array): void {
    if (!this.#connection.isClosed()) this.#connection.publish(subject, message);
  }

  listen(subject: Subject, take: (message: Uint8Array, answer: (message: Uint8Array) => void) => void): () => void {
    const subscription: Subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) this.#log.warn('a subscription has failed', { subject, error: error.message });
        else take(message.data, (answer) => message.respond(answer));
      },
    });
    return () => subscription.unsubscribe();
  }

  async request(subject: Subject, message: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined> {
    if (this.#connection.isClosed()) return undefined;
    try {
      return (await this.#connection.request(subject, message, { timeout: timeoutMs })).data;
    } catch (error) {
      if (error instanceof TimeoutError || error instanceof NoRespondersError || error instanceof RequestError) return undefined;
      throw error;
    }
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      const isConnected = type === 'reconnect' ? true : type === 'disconnect' || type === 'staleConnection' ? false : this.#isConnected;
      if (isConnected === this.#isConnected) continue;
      this.#isConnected = isConnected;
      this.#log.info(isConnected ? 'connected to NATS again' : 'the connection to NATS is lost');
      for (const callback of [...this.#listeners]) callback();
    }
    this.#isConnected = false;
    for (const callback of [...this.#listeners]) callback();
  }
}
