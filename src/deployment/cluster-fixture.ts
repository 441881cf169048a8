/** One cluster of two Regions and a witness Region, its replicas in memory and its journal on the world's disk. */
import type { World } from '#base/world.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import type { Session } from '#query-processor/query-processor.ts';
import { Cluster } from './cluster.ts';

export const regions = ['us-east-1', 'us-east-2'];
export const clusterId = 'c'.repeat(26);

export const openCluster = (world: World, retainedMs: number, journalSegmentBytes = 4_096): Promise<Cluster> =>
  Cluster.open({
    world,
    id: clusterId,
    directory: 'cluster',
    isInMemory: true,
    network: new RegionNetwork({ world, regions: [...regions, 'us-west-2'], rttMs: 0 }),
    regions,
    witnessRegion: 'us-west-2',
    profile: 'open',
    retainedMs,
    onFailure: (error) => {
      throw error;
    },
    journalSegmentBytes,
  });

export function connectTo(cluster: Cluster, region = regions[0], options: ReadonlyMap<string, string> = new Map()): Session {
  const session = cluster.queryProcessor(region)?.connect({ user: 'admin', database: 'postgres', applicationName: 'test', options });
  if (session === undefined) throw new Error('no such Region');
  return session;
}
