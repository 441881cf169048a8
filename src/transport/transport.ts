/**
 * Transport: messages between the nodes of a fleet. What the roles say to each other does not know what carries it: NATS (nats-transport.ts), or the simulated network.
 *
 * A message may be lost, late, doubled or out of order; it is never altered. Nothing that is promised (design 4) rests on more than that: whoever needs an answer asks again.
 */

/** Dotted name, as NATS has them. */
export type Subject = string;

export interface Transport {
  /** This node can reach the others, as far as it knows. */
  readonly isConnected: boolean;
  /** Calls back when `isConnected` may have changed. */
  onChange(callback: () => void): () => void;
  send(subject: Subject, message: Uint8Array): void;
  /** `answer` sends to whoever asked; it does nothing for a message that was only sent. Until the returned function is called. */
  listen(subject: Subject, take: (message: Uint8Array, answer: (message: Uint8Array) => void) => void): () => void;
  /** undefined when nobody listens, or no answer has come within `timeoutMs`: the message may have arrived all the same. */
  request(subject: Subject, message: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined>;
}

/**
 * A name that one node at a time may hold, for a limited time, renewed by its holder. A hint of who should lead, never a proof: two may believe to hold it. What makes a leader is its
 * claim in the journal.
 */
export interface Office {
  /** Takes it if nobody has it now, or renews what this node holds. Rejects when it cannot be asked. */
  hold(): Promise<boolean>;
  /** Gives it up, if this node holds it. */
  leave(): Promise<void>;
}
