/** The operations of the API, as the console calls them: each in a Region. */
import { request } from './request.ts';

export type ClusterStatus =
  | 'CREATING'
  | 'ACTIVE'
  | 'IDLE'
  | 'INACTIVE'
  | 'UPDATING'
  | 'DELETING'
  | 'DELETED'
  | 'FAILED'
  | 'PENDING_SETUP'
  | 'PENDING_DELETE';

export type Cluster = {
  readonly identifier: string;
  readonly arn: string;
  readonly status: ClusterStatus;
  /** Seconds since 1970. */
  readonly creationTime: number;
  readonly deletionProtectionEnabled: boolean;
  readonly endpoint: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly multiRegionProperties?: { readonly witnessRegion?: string; readonly clusters: readonly string[] };
};

export type ClusterInRegion = Cluster & { readonly region: string };

export type Region = {
  readonly name: string;
  readonly role: 'region' | 'witness';
  readonly isUp: boolean;
  readonly isIsolated: boolean;
  readonly port?: number;
  readonly connections: number;
};

export type NewCluster = {
  readonly deletionProtectionEnabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: string;
  readonly multiRegionProperties?: { readonly witnessRegion: string; readonly clusters?: readonly string[] };
};

/** The path of an operation in a Region. */
export const control = (region: string, path: string): string => `/console/api/control/${encodeURIComponent(region)}${path}`;

/** ARN's Region and id. */
export function partsOfArn(arn: string): { readonly region: string; readonly id: string } {
  const [, , , region = '', , resource = ''] = arn.split(':');
  return { region, id: resource.replace(/^cluster\//, '') };
}

/** Any Region answers for the deployment as a whole. */
const anyRegion = 'us-east-1';

export const listRegions = async (): Promise<readonly Region[]> =>
  (await request<{ readonly regions: readonly Region[] }>('GET', control(anyRegion, '/borealis/regions'))).regions;

export const changeRegion = (name: string, change: 'isolate' | 'heal' | 'stop' | 'start'): Promise<unknown> =>
  request('POST', control(anyRegion, `/borealis/regions/${encodeURIComponent(name)}/${change}`));

/** Clusters of all Regions, each with its details. One that goes away in between is left out. */
export async function listClusters(regions: readonly string[]): Promise<readonly ClusterInRegion[]> {
  const found = await Promise.all(
    regions.map(async (region) => {
      const clusters: ClusterInRegion[] = [];
      let token: string | undefined;
      do {
        const query = token === undefined ? '' : `?next-token=${encodeURIComponent(token)}`;
        const page: { readonly clusters: readonly { readonly identifier: string }[]; readonly nextToken?: string } = await request(
          'GET',
          control(region, `/cluster${query}`),
        );
        const details = await Promise.allSettled(page.clusters.map(({ identifier }) => getCluster(region, identifier)));
        clusters.push(...details.flatMap((detail) => (detail.status === 'fulfilled' ? [{ ...detail.value, region }] : [])));
        token = page.nextToken;
      } while (token !== undefined);
      return clusters;
    }),
  );
  return found.flat();
}

export const getCluster = (region: string, id: string): Promise<Cluster> => request('GET', control(region, `/cluster/${id}`));

export const createCluster = (region: string, cluster: NewCluster): Promise<Cluster> =>
  request('POST', control(region, '/cluster'), cluster);

export const updateCluster = (
  region: string,
  id: string,
  change: { readonly deletionProtectionEnabled?: boolean; readonly multiRegionProperties?: NewCluster['multiRegionProperties'] },
): Promise<unknown> => request('POST', control(region, `/cluster/${id}`), change);

export const deleteCluster = (region: string, id: string): Promise<unknown> => request('DELETE', control(region, `/cluster/${id}`));
