/**
 * RecordStream over NATS JetStream.
 *
 * The stream is made for this purpose alone: file storage, no limit that throws away or rejects when a message is applied (`discard: new` and a size: a full stream refuses), no
 * message ids, no direct reads, no deletes; its metadata names the journal. `checkStream` refuses anything else under its name, and a server that is too old for
 * `sync_interval: always` to cover the Raft log (dsql-internals 3.1, 3.2). Whether the servers do synchronise always is checked apart (server-check.ts).
 */
import {
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger, Timers } from '#base/world.ts';
import { JournalDamaged } from '../chain.ts';
import type { Publication, RecordStream, Sequence, StreamBounds } from './record-stream.ts';

export type NatsRecordStreamOptions = {
  readonly connection: NatsConnection;
  readonly timers: Timers;
  readonly log: Logger;
  /** Of letters, digits, `-` and `_`; the stream is `borealis-NAME`, its subject `borealis.journal.NAME`. */
  readonly name: string;
  /** Journal id for the stream when there is none yet; undefined: it must be there. */
  readonly create:
    | undefined
    | {
        readonly journalId: string;
        readonly replicas: number;
        readonly maximumBytes: number;
        /** Tags that a server must have to hold a replica. */
        readonly placementTags?: readonly string[];
      };
  /** How long one request may take; 3 s. */
  readonly timeoutMs?: number;
};

/** API error code of a publish whose expected last sequence was not the last. */
const wrongLastSequence = 10071;
const streamNotFound = 10059;
const usualTimeoutMs = 3000;
/** Without a message for so long the reader asks whether there should have been one. */
const watchdogMs = 5000;
const metadataKey = 'borealis-journal';

/** Opens the stream, making it where `create` says so. Rejects when it is not fit, or cannot be reached. */
export async function openNatsRecordStream(options: NatsRecordStreamOptions): Promise<NatsRecordStream> {
  const { connection, name } = options;
  const timeout = options.timeoutMs ?? usualTimeoutMs;
  const manager = await jetstreamManager(connection, { timeout });
  const streamName = `borealis-${name}`;
  const config = (await existing(manager, streamName)) ?? (await make(manager, streamName, options));
  checkStream(config);
  const journalId = config.metadata?.[metadataKey];
  if (journalId === undefined) throw new JournalDamaged(`the stream ${streamName} was not made by Borealis`);
  const limit = connection.info?.max_payload ?? 2 ** 20;
  return new NatsRecordStream(options, manager, jetstream(connection, { timeout }), streamName, journalId, limit - 4096);
}

async function existing(manager: JetStreamManager, streamName: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(streamName)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined;
    throw error;
  }
}

async function make(manager: JetStreamManager, streamName: string, options: NatsRecordStreamOptions): Promise<StreamConfig> {
  const { create, name } = options;
  if (create === undefined) throw new JournalDamaged(`the stream ${streamName} is not there: this cluster's journal has been removed`);
  const wanted: Partial<StreamConfig> & { readonly name: string } = {
    name: streamName,
    subjects: [`borealis.journal.${name}`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    num_replicas: create.replicas,
    max_bytes: create.maximumBytes,
    deny_delete: true,
    allow_direct: false,
    metadata: { [metadataKey]: create.journalId },
    ...(create.placementTags === undefined ? {} : { placement: { cluster: '', tags: [...create.placementTags] } }),
  };
  try {
    return (await manager.streams.add(wanted)).config;
  } catch (error) {
    // Another node may have made it in the same moment, under another journal id: its own counts.
    const made = await existing(manager, streamName);
    if (made === undefined) throw error;
    return made;
  }
}

function checkStream(config: StreamConfig): void {
  const wrong = [
    config.storage === StorageType.File ? undefined : 'its storage is not files',
    config.discard === DiscardPolicy.New ? undefined : 'it throws away old messages when it is full',
    config.retention === RetentionPolicy.Limits ? undefined : 'it throws away messages that were read',
    config.max_age === 0 ? undefined : 'it throws away messages by age',
    (config.max_msgs ?? -1) > 0 ? 'it holds a limited number of messages' : undefined,
  ].filter((reason) => reason !== undefined);
  if (wrong.length > 0) throw new JournalDamaged(`the stream ${config.name} is not fit to be a journal: ${wrong.join(', ')}`);
}

export class NatsRecordStream implements RecordStream {
  readonly journalId: string;
  readonly maximumMessageBytes: number;
  readonly #options: NatsRecordStreamOptions;
  readonly #manager: JetStreamManager;
  readonly #client: JetStreamClient;
  readonly #streamName: string;
  readonly #subject: string;
  readonly #timeoutMs: number;

  constructor(
    options: NatsRecordStreamOptions,
    manager: JetStreamManager,
    client: JetStreamClient,
    streamName: string,
    journalId: string,
    maximumMessageBytes: number,
  ) {
    this.#options = options;
    this.#manager = manager;
    this.#client = client;
    this.#streamName = streamName;
    this.#subject = `borealis.journal.${options.name}`;
    this.#timeoutMs = options.timeoutMs ?? usualTimeoutMs;
    this.journalId = journalId;
    this.maximumMessageBytes = maximumMessageBytes;
  }

  async bounds(): Promise<StreamBounds> {
    const { config, state } = await this.#manager.streams.info(this.#streamName);
    if (config.metadata?.[metadataKey] !== this.journalId)
      throw new JournalDamaged(`the stream ${this.#streamName} has been replaced: it was made for another journal`);
    return { first: state.messages === 0 ? state.last_seq + 1 : state.first_seq, last: state.last_seq, bytes: state.bytes };
  }

  async publish(message: Uint8Array, expectedLast: Sequence): Promise<Publication> {
    try {
      const { seq } = await this.#client.publish(this.#subject, message, {
        expect: { lastSequence: expectedLast, streamName: this.#streamName },
        timeout: this.#timeoutMs,
        retries: 0,
      });
      return { kind: 'stored', sequence: seq };
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === wrongLastSequence) return { kind: 'refused' };
      return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  follow(
    from: Sequence,
    take: (sequence: Sequence, message: Uint8Array) => void,
    onLost: (error: Error) => void,
  ): { readonly close: () => void } {
    const follower = new Follower(
      { ...this.#options, open: (next) => this.#consumer(next), bounds: () => this.bounds(), take, onLost },
      from,
    );
    follower.start();
    return { close: () => follower.close() };
  }

  async fetch(from: Sequence, count: number): Promise<readonly { readonly sequence: Sequence; readonly message: Uint8Array }[]> {
    const { last } = await this.bounds();
    const wanted = Math.min(count, last - from + 1);
    if (wanted <= 0) return [];
    const consumer = await this.#consumer(from);
    const found: { readonly sequence: Sequence; readonly message: Uint8Array }[] = [];
    const messages = await consumer.fetch({ max_messages: wanted, expires: Math.max(this.#timeoutMs, 1000) });
    for await (const { seq, data } of messages) {
      found.push({ sequence: seq, message: data });
      if (found.length === wanted) break;
    }
    await consumer.delete().catch((error: Error) => this.#options.log.debug('a consumer could not be removed', { error: error.message }));
    return found;
  }

  async purgeBefore(sequence: Sequence): Promise<void> {
    const { first } = await this.bounds();
    // "Everything below 1" has meant "everything" to some servers.
    if (sequence <= first || sequence <= 1) return;
    await this.#manager.streams.purge(this.#streamName, { seq: sequence });
  }

  /** The connection belongs to whoever made it. */
  async close(): Promise<void> {}

  #consumer(from: Sequence): Promise<Consumer> {
    return this.#client.consumers.get(this.#streamName, { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from });
  }
}

type FollowerOptions = {
  readonly timers: Timers;
  readonly log: Logger;
  readonly open: (from: Sequence) => Promise<Consumer>;
  readonly bounds: () => Promise<StreamBounds>;
  readonly take: (sequence: Sequence, message: Uint8Array) => void;
  readonly onLost: (error: Error) => void;
};

/** One reader: an ordered consumer, made anew when it ends, jumps or stands still although there is more. */
class Follower {
  readonly #options: FollowerOptions;
  #next: Sequence;
  #messages: ConsumerMessages | undefined;
  #generation = 0;
  #seenAtCheck: Sequence = -1;
  #cancelWatchdog: () => void = () => {};
  #isFailing = false;
  #closed = false;

  constructor(options: FollowerOptions, from: Sequence) {
    this.#options = options;
    this.#next = from;
  }

  start(): void {
    void this.#run(++this.#generation);
    this.#watch();
  }

  close(): void {
    this.#closed = true;
    this.#cancelWatchdog();
    this.#stopMessages();
  }

  #stopMessages(): void {
    const messages = this.#messages;
    this.#messages = undefined;
    messages
      ?.close()
      .catch((error: Error) => this.#options.log.debug('a reader of the journal could not be closed', { error: error.message }));
  }

  async #run(generation: number): Promise<void> {
    while (!this.#closed && generation === this.#generation) {
      try {
        const consumer = await this.#options.open(this.#next);
        const messages = await consumer.consume({
          max_messages: 4096,
          callback: ({ seq, data }) => this.#take(generation, seq, data),
        });
        if (this.#closed || generation !== this.#generation) {
          await messages.close();
          return;
        }
        this.#messages = messages;
        this.#isFailing = false;
        await messages.closed();
      } catch (error) {
        // Once an outage: it is tried ten times a second.
        if (!this.#isFailing)
          this.#options.log.warn('the journal cannot be read now; it is tried again', {
            error: error instanceof Error ? error.message : String(error),
          });
        this.#isFailing = true;
      }
      if (!this.#closed) await this.#options.timers.sleep(100);
    }
  }

  // Hot: once a batch.
  #take(generation: number, sequence: Sequence, message: Uint8Array): void {
    if (this.#closed || generation !== this.#generation || sequence < this.#next) return;
    if (sequence > this.#next) {
      this.#jumped(sequence);
      return;
    }
    this.#next = sequence + 1;
    this.#options.take(sequence, message);
  }

  /** The stream hands on what it holds; if it holds the missing message after all, the consumer was at fault. */
  #jumped(sequence: Sequence): void {
    const missing = this.#next;
    this.#restart();
    this.#options.bounds().then(
      ({ first }) => {
        if (this.#closed || this.#next > missing || first <= missing) return;
        this.#options.onLost(
          new JournalDamaged(
            `message ${missing} of the stream is gone, it begins at ${first}: this node has been away too long, or the stream was tampered with`,
          ),
        );
      },
      (error: Error) =>
        this.#options.log.warn('a gap in the journal cannot be looked into now', { missing, sequence, error: error.message }),
    );
  }

  #restart(): void {
    this.#generation++;
    this.#stopMessages();
    void this.#run(this.#generation);
  }

  #watch(): void {
    this.#cancelWatchdog = this.#options.timers.after(watchdogMs, () => {
      this.#check().then(
        () => this.#watchAgain(),
        (error: Error) => {
          if (error instanceof JournalDamaged) this.#options.onLost(error);
          else this.#watchAgain();
        },
      );
    });
  }

  #watchAgain(): void {
    if (!this.#closed) this.#watch();
  }

  async #check(): Promise<void> {
    const before = this.#next;
    if (before !== this.#seenAtCheck) {
      this.#seenAtCheck = before;
      return;
    }
    const { last } = await this.#options.bounds();
    if (this.#closed || this.#next !== before) return;
    if (last < before - 1)
      throw new JournalDamaged(
        `the stream ends at message ${last}, before message ${before - 1} that this node has read: it has lost what was stored`,
      );
    if (last < before) return;
    this.#options.log.warn('the reader of the journal stands still; it is started again', { next: before, last });
    this.#restart();
  }
}
