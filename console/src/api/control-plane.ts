/** The operations of the API, as the console calls them: each in a Region. */
import { RequestFailure, request } from './request.ts';

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
  /** Homes of the open clusters whose leader is there. */
  readonly leads: readonly string[];
  readonly openClusters: number;
  readonly leases: number;
  readonly lag: number;
};

export type Regions = { readonly regions: readonly Region[]; readonly rttMs: number };

export type NewCluster = {
  readonly deletionProtectionEnabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: string;
  readonly multiRegionProperties?: { readonly witnessRegion: string; readonly clusters?: readonly string[] };
  /** The same request sent again with the same token makes nothing twice. */
  readonly clientToken?: string;
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

export const listRegions = (): Promise<Regions> => request('GET', control(anyRegion, '/borealis/regions'));

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

export const tagCluster = (region: string, arn: string, tags: Readonly<Record<string, string>>): Promise<unknown> =>
  request('POST', control(region, `/tags/${encodeURIComponent(arn)}`), { tags });

export const untagCluster = (region: string, arn: string, names: readonly string[]): Promise<unknown> =>
  request(
    'DELETE',
    control(region, `/tags/${encodeURIComponent(arn)}?${names.map((name) => `tagKeys=${encodeURIComponent(name)}`).join('&')}`),
  );

export type ClusterPolicy = { readonly policy: string; readonly policyVersion: string };

/** null: there is none. */
export async function getClusterPolicy(region: string, id: string): Promise<ClusterPolicy | null> {
  try {
    return await request<ClusterPolicy>('GET', control(region, `/cluster/${id}/policy`));
  } catch (error) {
    if (error instanceof RequestFailure && error.status === 404) return null;
    throw error;
  }
}

export const putClusterPolicy = (region: string, id: string, policy: string, expectedPolicyVersion: string | undefined): Promise<unknown> =>
  request('POST', control(region, `/cluster/${id}/policy`), {
    policy,
    ...(expectedPolicyVersion === undefined ? {} : { expectedPolicyVersion }),
  });

export const deleteClusterPolicy = (region: string, id: string): Promise<unknown> =>
  request('DELETE', control(region, `/cluster/${id}/policy`));

/** What is wrong with a policy, in the node's words; nothing: it would be taken. */
export async function validatePolicy(
  kind: 'identity' | 'resource',
  text: string,
  resource: string | undefined,
): Promise<readonly string[]> {
  const { findings } = await request<{ readonly findings: readonly { readonly findingDetails: string }[] }>(
    'POST',
    control(anyRegion, '/borealis/policies/validate'),
    {
      policyDocument: text,
      policyType: kind === 'identity' ? 'IDENTITY_POLICY' : 'RESOURCE_POLICY',
      ...(resource === undefined ? {} : { resourceArn: resource }),
    },
  );
  return findings.map(({ findingDetails }) => findingDetails);
}

export type BackupJob = {
  readonly backupJobId: string;
  readonly resourceArn: string;
  readonly state: 'RUNNING' | 'COMPLETED' | 'FAILED';
  readonly creationTime: number;
  readonly statusMessage?: string;
  readonly recoveryPointId?: string;
  /** Of the rows, seconds since 1970. */
  readonly timestamp?: number;
  readonly rows?: number;
};

/** The newest first. */
export const listBackups = async (): Promise<readonly BackupJob[]> =>
  [
    ...(await request<{ readonly backupJobs: readonly BackupJob[] }>('GET', control(anyRegion, '/borealis/backup-jobs'))).backupJobs,
  ].reverse();

export const startBackup = (region: string, id: string): Promise<BackupJob> =>
  request('POST', control(region, '/borealis/backup-jobs'), { clusterIdentifier: id });

export const deleteRecoveryPoint = (id: string): Promise<unknown> =>
  request('DELETE', control(anyRegion, `/borealis/recovery-points/${id}`));

/** Where a cluster is to be, one Region or two. */
export type ClusterPlace = {
  readonly regions: readonly string[];
  readonly witnessRegion?: string;
  readonly deletionProtectionEnabled: boolean;
};

type Filled = { readonly identifier: string };

export const restoreToNew = (point: string, place: ClusterPlace, clientToken: string): Promise<Filled> =>
  request('POST', control(place.regions[0] ?? anyRegion, '/borealis/restore-jobs'), { recoveryPointId: point, clientToken, ...place });

export const restoreInto = (point: string, region: string, id: string, clientToken: string): Promise<Filled> =>
  request('POST', control(region, '/borealis/restore-jobs'), { recoveryPointId: point, clientToken, clusterIdentifier: id });

/** The call goes to the source's Region, the copy to the place. */
export const forkCluster = (region: string, id: string, place: ClusterPlace, clientToken: string): Promise<Filled> =>
  request('POST', control(region, `/borealis/clusters/${id}/fork`), { clientToken, ...place });

export type Connection = {
  readonly token: string;
  readonly expiresIn: number;
  readonly user: string;
  readonly hostName: string;
  readonly address?: string;
  readonly port?: number;
  readonly isDefault: boolean;
};

export const createConnectionToken = (region: string, id: string, user: string): Promise<Connection> =>
  request('POST', control(region, `/borealis/clusters/${id}/token`), { user });

/** Rows of the cluster's own system views; `isOpen` false: it is idle, or its Region is stopped. */
export type Seen<Row> = { readonly isOpen: boolean; readonly rows: readonly Row[] };

export const look = <Row>(
  region: string,
  id: string,
  view: 'sessions' | 'transactions' | 'conflicts' | 'hot-keys' | 'jobs',
): Promise<Seen<Row>> => request('GET', control(region, `/borealis/clusters/${id}/${view}`));

export type Series = {
  readonly stepSeconds: number;
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly points: readonly (readonly [number, number])[];
  }[];
};

export const readSeries = (metric: string, seconds: number): Promise<Series> =>
  request('GET', control(anyRegion, `/borealis/series?metric=${encodeURIComponent(metric)}&seconds=${seconds}`));

export type AuditEvent = {
  readonly eventTime: string;
  readonly eventID: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userIdentity?: { readonly arn: string };
  readonly resources: readonly string[];
  readonly errorCode?: string;
  readonly errorMessage?: string;
};

export const listAuditEvents = async (): Promise<readonly AuditEvent[]> =>
  (await request<{ readonly events: readonly AuditEvent[] }>('GET', control(anyRegion, '/borealis/audit?max-results=1000'))).events;

export type Principal = {
  readonly Name: string;
  readonly Arn: string;
  readonly CreateDate: string;
  readonly AttachedPolicies: readonly string[];
  /** Inline policies: documents by name. */
  readonly Policies: Readonly<Record<string, string>>;
  /** Roles: who may take it on. */
  readonly TrustedArns?: readonly string[];
};
export type TemporaryKey = {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: string;
};
export type KeyDescription = { readonly AccessKeyId: string; readonly Status: string; readonly CreateDate: string };
export type NewKey = { readonly AccessKeyId: string; readonly SecretAccessKey: string };

export const iam = <Result>(operation: string, members: Readonly<Record<string, unknown>> = {}): Promise<Result> =>
  request('POST', control(anyRegion, `/borealis/iam/${operation}`), members);
