/** Clusters in memory, of a deployment of two Regions and a witness Region. */
import { realWorld, silentLog } from '#base/real-world.ts';
import type { Disk, World } from '#base/world.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import type { Session } from '#query-processor/query-processor.ts';
import type { ClusterRecord } from './cluster-records.ts';
import { Clusters, type ClustersOptions } from './clusters.ts';
import { LocalClusterSource } from './local-cluster-source.ts';

export const east = 'us-east-1';
export const east2 = 'us-east-2';
export const west = 'us-west-2';

const fail = (error: Error): void => {
  throw error;
};

export function openClusters(world: World, more: Partial<ClustersOptions> = {}): Promise<Clusters> {
  return Clusters.open({
    world,
    directory: 'data',
    source: new LocalClusterSource({
      world,
      directory: 'data/clusters',
      isInMemory: true,
      network: new RegionNetwork({ world, regions: [east, east2, west], rttMs: 0 }),
      profile: 'open',
      onFailure: more.onFailure ?? fail,
    }),
    rules: { regions: [east, east2], witnessRegion: west, singleRegionQuota: 20, multiRegionQuota: 5 },
    idleMs: 60_000,
    retainedMs: 0,
    streamRetainedMs: 3_600_000,
    hasDefaultCluster: false,
    closeEndpoint: () => {},
    onFailure: fail,
    ...more,
  });
}

export const worldOn = (disk: Disk): World => realWorld({ log: silentLog, disk });

export async function connect(clusters: Clusters, { region, id }: ClusterRecord): Promise<Session> {
  const record = clusters.connectable(region, id);
  const queryProcessor = record === undefined ? undefined : await clusters.queryProcessor(record);
  if (queryProcessor === undefined) throw new Error('takes no connections');
  return queryProcessor.connect({ user: 'admin', database: 'postgres', applicationName: '', options: new Map() });
}
