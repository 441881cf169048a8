/** What a cluster's nodes call each other by. */
import type { Subject } from '#transport/transport.ts';

export class ClusterSubjects {
  readonly #prefix: string;

  constructor(clusterId: string) {
    this.#prefix = `borealis.cluster.${clusterId}`;
  }

  /** The leader of an epoch, and no other. */
  leader(epoch: number): Subject {
    return `${this.#prefix}.leader.${epoch}`;
  }

  node(name: string): Subject {
    return `${this.#prefix}.node.${name}`;
  }

  /** What the leader tells all nodes. */
  get stable(): Subject {
    return `${this.#prefix}.stable`;
  }
}
