/**
 * What the API may do to change streams, as decisions over the registry (cluster-changes.ts does the same for clusters).
 *
 *   create ─► CREATING ─► ACTIVE      once it is known where in the journal the stream begins
 *   delete ─► DELETING ─► gone        a deleted cluster takes its streams with it
 *
 * The steps that end by themselves are carried out by cluster-life-cycle.ts, and begun again after a crash.
 */
import { type StreamRecord, streamKey } from '../cluster-records.ts';
import { ClusterRefusal, conflict, streamNotFound } from '../cluster-refusal.ts';
import type { ClusterRegistry, Decision, RegistryChange } from '../cluster-registry.ts';
import type { StreamPlace } from './stream-place.ts';

/** DSQL's quota of a cluster. */
const streamsMaximum = 5;

export type StreamName = Pick<StreamRecord, 'region' | 'clusterId' | 'id'>;
export type NewStream = Pick<StreamRecord, 'region' | 'clusterId' | 'id' | 'createdAt' | 'target' | 'tags'>;

const put = (record: StreamRecord): RegistryChange => ({ key: streamKey(record), value: record });

/** `isActive`: the cluster is so now. */
export function createStream(registry: ClusterRegistry, request: NewStream, isActive: boolean): Decision<StreamRecord> {
  const { region, clusterId } = request;
  const cluster = registry.get(region, clusterId);
  if (!isActive)
    throw conflict(clusterId, `Cluster ${clusterId} must be ACTIVE for a stream to be created. Connect to the cluster when it is IDLE.`);
  if (registry.streams(cluster).length >= streamsMaximum)
    throw new ClusterRefusal('quota', `A cluster has at most ${streamsMaximum} streams.`, clusterId, undefined, 'stream');
  const record: StreamRecord = { ...request, kind: 'stream', status: 'CREATING', start: undefined };
  return { changes: [put(record)], answer: record };
}

export function deleteStream(registry: ClusterRegistry, name: StreamName): Decision<StreamRecord> {
  const before = registry.stream(name);
  if (before === undefined) throw streamNotFound(name.id);
  const after: StreamRecord = { ...before, status: 'DELETING' };
  return { changes: [put(after)], answer: after };
}

/** It begins behind `start`, unless something else has happened to it meanwhile. */
export function streamStarted(registry: ClusterRegistry, name: StreamName, start: StreamPlace): Decision<undefined> {
  const before = registry.stream(name);
  if (before?.status !== 'CREATING') return { changes: [], answer: undefined };
  return { changes: [put({ ...before, status: 'ACTIVE', start })], answer: undefined };
}

export const streamGone = (name: StreamName): Decision<undefined> => ({
  changes: [{ key: streamKey(name), value: undefined }],
  answer: undefined,
});

/** The cluster's journal is made anew: what its streams knew of the old one means nothing in it. */
export const streamsRestarted = (
  registry: ClusterRegistry,
  clusters: readonly { readonly region: string; readonly id: string }[],
): RegistryChange[] =>
  clusters.flatMap((cluster) =>
    registry
      .streams(cluster)
      .filter(({ status }) => status === 'ACTIVE')
      .map((stream) => put({ ...stream, status: 'CREATING', start: undefined })),
  );
