/** What pages ask of clusters and Regions, again and again while they are shown. */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { type Cluster, type ClusterInRegion, getCluster, listClusters, listRegions, type Regions } from '../api/control-plane.ts';
import { liveMs } from '../api/query-client.ts';

export const useRegions = (): UseQueryResult<Regions> => useQuery({ queryKey: ['regions'], queryFn: listRegions, refetchInterval: liveMs });

/** Names of those that have endpoints. */
export function useRegionNames(): readonly string[] {
  const { data } = useRegions();
  return data?.regions.filter(({ role }) => role === 'region').map(({ name }) => name) ?? [];
}

export function useClusters(): UseQueryResult<readonly ClusterInRegion[]> {
  const names = useRegionNames();
  return useQuery({
    queryKey: ['clusters', names],
    queryFn: () => listClusters(names),
    enabled: names.length > 0,
    refetchInterval: liveMs,
  });
}

export const useCluster = (region: string, id: string): UseQueryResult<Cluster> =>
  useQuery({ queryKey: ['cluster', region, id], queryFn: () => getCluster(region, id), refetchInterval: liveMs });
