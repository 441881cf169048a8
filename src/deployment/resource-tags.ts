/** Tags of clusters and of change streams, as decisions over the registry (cluster-changes.ts). */
import { type ClusterRecord, clusterKey, type StreamRecord, streamKey } from './cluster-records.ts';
import { invalid, streamNotFound } from './cluster-refusal.ts';
import type { ClusterRegistry, Decision } from './cluster-registry.ts';

/** A stream's name says which cluster it is of; a cluster's does not. */
export type TaggedName = { readonly region: string; readonly id: string; readonly clusterId?: string };

/** Throws the refusal. */
export function taggedResource(registry: ClusterRegistry, { region, id, clusterId }: TaggedName): ClusterRecord | StreamRecord {
  if (clusterId === undefined) return registry.get(region, id);
  const stream = registry.stream({ region, clusterId, id });
  if (stream === undefined) throw streamNotFound(id);
  return stream;
}

export function setTags(registry: ClusterRegistry, named: TaggedName, tags: Readonly<Record<string, string>>): Decision<undefined> {
  const before = taggedResource(registry, named);
  const after = { ...before.tags, ...tags };
  if (Object.keys(after).length > 200) throw invalid(named.id, 'tags', 'A resource has at most 200 tags.');
  return tagged(before, after);
}

export function removeTags(registry: ClusterRegistry, named: TaggedName, names: readonly string[]): Decision<undefined> {
  const before = taggedResource(registry, named);
  return tagged(before, Object.fromEntries(Object.entries(before.tags).filter(([name]) => !names.includes(name))));
}

function tagged(before: ClusterRecord | StreamRecord, tags: Readonly<Record<string, string>>): Decision<undefined> {
  const key = before.kind === 'stream' ? streamKey(before) : clusterKey(before.region, before.id);
  return { changes: [{ key, value: { ...before, tags } }], answer: undefined };
}
