/** What change streams have given since the process started, by stream: for metrics, under the names that Aurora DSQL's have. */
import { type StreamRecord, streamKey } from '../cluster-records.ts';

export type StreamCount = {
  readonly clusterId: string;
  readonly streamId: string;
  records: number;
  bytes: number;
  /** Of the reader that was given something last. */
  behindMs: number;
};

export class StreamFigures {
  readonly #counts = new Map<string, StreamCount>();

  of(stream: StreamRecord): StreamCount {
    const key = streamKey(stream);
    let found = this.#counts.get(key);
    if (found === undefined) {
      found = { clusterId: stream.clusterId, streamId: stream.id, records: 0, bytes: 0, behindMs: 0 };
      this.#counts.set(key, found);
    }
    return found;
  }

  /** Of these streams; what was counted of others is forgotten: there are none. */
  ofAll(streams: readonly StreamRecord[]): readonly StreamCount[] {
    const known = new Set(streams.map(streamKey));
    for (const key of this.#counts.keys()) if (!known.has(key)) this.#counts.delete(key);
    return streams.map((stream) => this.of(stream));
  }
}
