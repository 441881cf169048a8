/**
 * Making a cluster of two Regions. That takes three calls: one cluster, a second one that names the first, and the first told of the second. What stops in
 * between leaves clusters in PENDING_SETUP, from which `finish` goes on and which `rollBack` removes, whoever made them and whenever that was: both look at what
 * there is and remember nothing.
 */
import {
  type Cluster,
  type ClusterInRegion,
  createCluster,
  deleteCluster,
  listClusters,
  type NewCluster,
  partsOfArn,
  updateCluster,
} from '../api/control-plane.ts';

export type NewPair = {
  readonly region: string;
  readonly peer: string | undefined;
  readonly witness: string;
  readonly cluster: NewCluster;
  /** One for each attempt that a person makes. */
  readonly token: string;
};

/** The first cluster is there, and what should have followed is not. */
export class HalfMade extends Error {
  override readonly name = 'HalfMade';
  readonly cluster: Cluster;

  constructor(cluster: Cluster, reason: unknown) {
    super(reason instanceof Error ? reason.message : String(reason));
    this.cluster = cluster;
  }
}

export async function create({ region, peer, witness, cluster, token }: NewPair): Promise<Cluster> {
  if (peer === undefined) return createCluster(region, { ...cluster, clientToken: token });
  const first = await createCluster(region, { ...cluster, multiRegionProperties: { witnessRegion: witness }, clientToken: token });
  try {
    const second = await createCluster(peer, {
      ...cluster,
      multiRegionProperties: { witnessRegion: witness, clusters: [first.arn] },
      clientToken: token,
    });
    await name(first, second.arn);
  } catch (error) {
    throw new HalfMade(first, error);
  }
  return first;
}

/** Clusters in PENDING_SETUP that name this one or are named by it. */
export function counterparts(cluster: Cluster, clusters: readonly ClusterInRegion[]): readonly ClusterInRegion[] {
  return clusters.filter(
    (other) =>
      other.arn !== cluster.arn &&
      other.status === 'PENDING_SETUP' &&
      (namesOf(other).includes(cluster.arn) || namesOf(cluster).includes(other.arn)),
  );
}

const namesOf = ({ multiRegionProperties }: Cluster): readonly string[] => multiRegionProperties?.clusters ?? [];

/** Brings a cluster in PENDING_SETUP to its end; a counterpart is made in `peer` when there is none. */
export async function finish(cluster: Cluster, regions: readonly string[], peer: string): Promise<void> {
  const found = counterparts(cluster, await listClusters(regions))[0] ?? (await madeFor(cluster, peer));
  if (!namesOf(found).includes(cluster.arn)) await name(found, cluster.arn);
  if (!namesOf(cluster).includes(found.arn)) await name(cluster, found.arn);
}

async function madeFor({ arn, tags, deletionProtectionEnabled, multiRegionProperties }: Cluster, peer: string): Promise<Cluster> {
  const multiRegion = { witnessRegion: multiRegionProperties?.witnessRegion ?? '', clusters: [arn] };
  return createCluster(peer, {
    tags,
    deletionProtectionEnabled,
    multiRegionProperties: multiRegion,
    clientToken: `peer-of-${partsOfArn(arn).id}`,
  });
}

async function name(cluster: Cluster, peerArn: string): Promise<void> {
  const witnessRegion = cluster.multiRegionProperties?.witnessRegion ?? '';
  await updateCluster(partsOfArn(cluster.arn).region, cluster.identifier, {
    multiRegionProperties: { witnessRegion, clusters: [peerArn] },
  });
}

/** Removes the cluster and its counterpart, as long as neither has been set up: they hold nothing yet. */
export async function rollBack(cluster: Cluster, regions: readonly string[]): Promise<void> {
  for (const { arn, identifier, deletionProtectionEnabled } of [...counterparts(cluster, await listClusters(regions)), cluster]) {
    const { region } = partsOfArn(arn);
    if (deletionProtectionEnabled) await updateCluster(region, identifier, { deletionProtectionEnabled: false });
    await deleteCluster(region, identifier);
  }
}
