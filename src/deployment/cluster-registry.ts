/**
 * The clusters of a deployment, kept durably, and every change to them as one atomic step.
 *
 *   CR1  A change is decided against the records as they are and committed whole; no other change comes in between.
 *   CR2  A call with an idempotency token is carried out once: the same call again gets the first answer, another call with the token is refused.
 *   CR3  Whatever a crash leaves, the records say what is still to be done (cluster-life-cycle.ts does it).
 */

import { type RecordChange, RecordLog } from '#base/record-log.ts';
import type { World } from '#base/world.ts';
import {
  type CallRecord,
  type ClusterRecord,
  clusterKey,
  type DeploymentRecord,
  type JournalRecord,
  journalKey,
  type StreamRecord,
  streamKey,
  streamPrefix,
} from './cluster-records.ts';
import { conflict, notFound } from './cluster-refusal.ts';

export type RegistryChange = RecordChange<DeploymentRecord>;

/** What is to be written, and what the caller is answered. */
export type Decision<Answer> = { readonly changes: readonly RegistryChange[]; readonly answer: Answer };

export type TokenUse = {
  /** Region, operation, caller and token: what makes two calls the same attempt. */
  readonly name: string;
  /** Of the request's content. */
  readonly requestHash: string;
};

/** Answers are kept so long: longer than any client tries again. */
const keptMicroseconds = 24 * 60 * 60 * 1_000_000;
const keptCalls = 5_000;

export class ClusterRegistry {
  readonly #world: World;
  readonly #log: RecordLog<DeploymentRecord>;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(world: World, log: RecordLog<DeploymentRecord>) {
    this.#world = world;
    this.#log = log;
  }

  static async open(world: World, directory: string): Promise<ClusterRegistry> {
    return new ClusterRegistry(world, await RecordLog.open<DeploymentRecord>(world.disk, `${directory}/registry.log`));
  }

  find(region: string, id: string): ClusterRecord | undefined {
    const found = this.#log.get(clusterKey(region, id));
    return found?.kind === 'cluster' ? found : undefined;
  }

  /** Throws the refusal. */
  get(region: string, id: string): ClusterRecord {
    const found = this.find(region, id);
    if (found === undefined) throw notFound(id);
    return found;
  }

  defaultOf(region: string): ClusterRecord | undefined {
    return this.clusters(region).find(({ isDefault }) => isDefault);
  }

  /** Of one Region, or all; in order of their ids. */
  clusters(region?: string): readonly ClusterRecord[] {
    return this.#log
      .entries(region === undefined ? 'cluster/' : `cluster/${region}/`)
      .flatMap(([, record]) => (record.kind === 'cluster' ? [record] : []));
  }

  journal(home: string): JournalRecord | undefined {
    const found = this.#log.get(journalKey(home));
    return found?.kind === 'journal' ? found : undefined;
  }

  journals(): readonly JournalRecord[] {
    return this.#log.entries('journal/').flatMap(([, record]) => (record.kind === 'journal' ? [record] : []));
  }

  /** The clusters that share a journal. */
  membersOf(home: string): readonly ClusterRecord[] {
    return this.clusters().filter((cluster) => cluster.home === home);
  }

  /** Of one cluster, or all; in order of their ids. */
  streams(cluster?: Pick<ClusterRecord, 'region' | 'id'>): readonly StreamRecord[] {
    return this.#log
      .entries(cluster === undefined ? 'stream/' : streamPrefix(cluster.region, cluster.id))
      .flatMap(([, record]) => (record.kind === 'stream' ? [record] : []));
  }

  stream(named: Pick<StreamRecord, 'region' | 'clusterId' | 'id'>): StreamRecord | undefined {
    const found = this.#log.get(streamKey(named));
    return found?.kind === 'stream' ? found : undefined;
  }

  /** `decide` reads the registry and throws refusals; what it says is committed before anybody else decides. */
  change<Answer>(decide: () => Decision<Answer>, token?: TokenUse): Promise<Answer> {
    const done = this.#turn.then(async () => {
      const key = token === undefined ? undefined : `call/${token.name}`;
      const before = key === undefined ? undefined : this.#log.get(key);
      if (before?.kind === 'call') {
        if (before.requestHash !== token?.requestHash) throw conflict('', 'The client token has been used before, with other parameters.');
        // The answer of the same operation to the same request.
        return before.answer as Answer;
      }
      const { changes, answer } = decide();
      const call: readonly RegistryChange[] =
        key === undefined || token === undefined
          ? []
          : [
              { key, value: { kind: 'call', requestHash: token.requestHash, answer, at: this.#world.clock.now() } },
              ...this.#forgottenCalls(),
            ];
      if (changes.length + call.length > 0) await this.#log.commit([...changes, ...call]);
      return answer;
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#log.close();
  }

  /** Looked for rarely: a call more or less does no harm. */
  #callsSinceSweep = 0;
  #forgottenCalls(): readonly RegistryChange[] {
    if (++this.#callsSinceSweep < 100) return [];
    this.#callsSinceSweep = 0;
    const calls = this.#log
      .entries('call/')
      .flatMap(([key, record]): [string, CallRecord][] => (record.kind === 'call' ? [[key, record]] : []));
    calls.sort(([, a], [, b]) => b.at - a.at);
    const oldest = this.#world.clock.now() - keptMicroseconds;
    return calls.filter(([, { at }], i) => at < oldest || i >= keptCalls).map(([key]) => ({ key, value: undefined }));
  }
}
