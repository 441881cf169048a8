/**
 * Clusters that begin with something, as decisions (cluster-changes.ts): restored from a recovery point, or forked from another cluster. The life cycle fills
 * them and makes them ACTIVE; FAILED when what they were to begin with is gone.
 */

import { streamsRestarted } from './change-streams/stream-changes.ts';
import type { ClusterRules } from './cluster-changes.ts';
import { refuseAtQuota } from './cluster-changes.ts';
import { type ClusterRecord, clusterArn, clusterKey, type JournalOrigin, journalKey } from './cluster-records.ts';
import { ClusterRefusal, conflict, invalid } from './cluster-refusal.ts';
import type { ClusterRegistry, Decision, RegistryChange } from './cluster-registry.ts';

export type FilledCluster = {
  readonly origin: JournalOrigin;
  /** One cluster in each, with its own id; two are peers. */
  readonly members: readonly { readonly region: string; readonly id: string }[];
  readonly witnessRegion: string | undefined;
  readonly createdAt: number;
  readonly isProtected: boolean;
  readonly tags: Readonly<Record<string, string>>;
};

/** New clusters; the first one is answered. */
export function createFilled(registry: ClusterRegistry, rules: ClusterRules, request: FilledCluster): Decision<ClusterRecord> {
  const { origin, members, witnessRegion, createdAt, isProtected, tags } = request;
  const home = members[0].id;
  const isMultiRegion = members.length > 1;
  const regions = members.map(({ region }) => region);
  if (members.length > 2 || new Set(regions).size < regions.length)
    throw invalid(home, 'regions', 'A cluster has one Region, or two beside a witness Region.');
  if (isMultiRegion && (witnessRegion === undefined || regions.includes(witnessRegion)))
    throw invalid(home, 'witnessRegion', 'A cluster of two Regions needs a witness Region beside them.');
  const records = members.map((member): ClusterRecord => {
    if (!rules.regions.includes(member.region))
      throw invalid(home, 'regions', `This deployment has no Region ${member.region}: it has ${rules.regions.join(', ')}.`);
    refuseAtQuota(registry, rules, member.region, member.id, isMultiRegion);
    const peers = members.filter((other) => other !== member).map(clusterArn);
    return {
      kind: 'cluster',
      id: member.id,
      region: member.region,
      createdAt,
      status: 'CREATING',
      isDefault: false,
      isProtected,
      tags,
      policy: undefined,
      multiRegion: witnessRegion === undefined || !isMultiRegion ? undefined : { witnessRegion, peers },
      home,
    };
  });
  const journal = {
    kind: 'journal',
    home,
    regions,
    witnessRegion: isMultiRegion ? witnessRegion : undefined,
    state: 'making',
    origin,
  } as const;
  return { changes: [...records.map(put), { key: journalKey(home), value: journal }], answer: records[0] };
}

/** A cluster's content is replaced, and all connections to it end. As with deletion, its protection must be off: that of each of its Regions. */
export function refill(registry: ClusterRegistry, region: string, id: string, origin: JournalOrigin): Decision<ClusterRecord> {
  const before = registry.get(region, id);
  const journal = before.home === undefined ? undefined : registry.journal(before.home);
  if (before.home === undefined || before.status !== 'ACTIVE' || journal?.state !== 'ready')
    throw conflict(id, `Cluster ${id} cannot be restored into: its status is ${before.status}.`);
  const members = registry.membersOf(before.home);
  if (members.some(({ status }) => status !== 'ACTIVE')) throw conflict(id, `A peer of cluster ${id} is not ACTIVE.`);
  if (members.some(({ isProtected }) => isProtected))
    throw new ClusterRefusal('protected', `Cluster ${id} cannot be replaced: deletion protection is enabled.`, id);
  const after = members.map((member): ClusterRecord => ({ ...member, status: 'CREATING' }));
  return {
    changes: [
      ...after.map(put),
      ...streamsRestarted(registry, members),
      { key: journalKey(journal.home), value: { ...journal, state: 'making', origin } },
    ],
    answer: { ...before, status: 'CREATING' },
  };
}

const put = (record: ClusterRecord): RegistryChange => ({ key: clusterKey(record.region, record.id), value: record });
