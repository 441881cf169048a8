/**
 * What a deployment knows of its clusters, as plain data kept in a record log (base/record-log.ts).
 *
 *   cluster/REGION/ID   what the API calls a cluster: one Region's endpoint, with its settings and its status
 *   journal/HOME        what lies behind one such cluster, or behind two that are peers: a journal with a replica in each Region
 *   stream/REGION/CLUSTER/ID   a change stream of a cluster (change-streams/)
 *   call/…              answers to calls that carried an idempotency token
 *
 * Peers share one journal, and keep settings, tags, policy and protection of their own, as in DSQL. The default cluster has the same id in each of its Regions;
 * clusters made through the API have one each.
 */
import type { Timestamp } from '#base/world.ts';
import { accountId } from '#iam/iam.ts';
import type { StreamPlace } from './change-streams/stream-place.ts';

/** As stored. ACTIVE is shown as IDLE while nothing of the cluster is open (cluster-host.ts). */
export type StoredStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING' | 'PENDING_SETUP' | 'PENDING_DELETE' | 'FAILED';

export type MultiRegionSetup = {
  readonly witnessRegion: string;
  /** ARNs of the other clusters that it is to be one with. */
  readonly peers: readonly string[];
};

export type ClusterPolicy = { readonly text: string; readonly version: string };

export type ClusterRecord = {
  readonly kind: 'cluster';
  readonly id: string;
  readonly region: string;
  /** µs since 1970. */
  readonly createdAt: number;
  readonly status: StoredStatus;
  /** Connections that name no cluster mean this one. */
  readonly isDefault: boolean;
  readonly isProtected: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: ClusterPolicy | undefined;
  readonly multiRegion: MultiRegionSetup | undefined;
  /** FAILED: why. */
  readonly failure?: string;
  /** Its journal; undefined until it is set up. */
  readonly home: string | undefined;
};

/** What a journal begins with. */
export type JournalOrigin =
  | { readonly kind: 'recovery-point'; readonly id: string }
  /** Another cluster's content: as it was at a moment that is retained, or as it is when it is read. */
  | { readonly kind: 'cluster'; readonly home: string; readonly at?: Timestamp };

export type JournalRecord = {
  readonly kind: 'journal';
  /** Name of the directory. */
  readonly home: string;
  readonly regions: readonly string[];
  readonly witnessRegion: string | undefined;
  /** making: the directory may be there in part, and nobody has written to it. removing: it may be gone in part. */
  readonly state: 'making' | 'ready' | 'removing';
  /** Nothing, unless told otherwise. */
  readonly origin?: JournalOrigin;
};

export type StreamRecord = {
  readonly kind: 'stream';
  readonly id: string;
  readonly region: string;
  readonly clusterId: string;
  readonly createdAt: number;
  readonly status: 'CREATING' | 'ACTIVE' | 'DELETING';
  /** As the caller has named it: nothing is sent there, the stream is read here. */
  readonly target: { readonly streamArn: string; readonly roleArn: string };
  readonly tags: Readonly<Record<string, string>>;
  /** What it begins behind; undefined while it is being created. */
  readonly start: StreamPlace | undefined;
};

/** What a call with an idempotency token was answered. */
export type CallRecord = { readonly kind: 'call'; readonly requestHash: string; readonly answer: unknown; readonly at: number };

export type DeploymentRecord = ClusterRecord | JournalRecord | StreamRecord | CallRecord;

export const clusterKey = (region: string, id: string): string => `cluster/${region}/${id}`;
export const streamPrefix = (region: string, clusterId: string): string => `stream/${region}/${clusterId}/`;
export const streamKey = ({ region, clusterId, id }: Pick<StreamRecord, 'region' | 'clusterId' | 'id'>): string =>
  `${streamPrefix(region, clusterId)}${id}`;
export const journalKey = (home: string): string => `journal/${home}`;

export const clusterArn = ({ region, id }: Pick<ClusterRecord, 'region' | 'id'>): string =>
  `arn:aws:dsql:${region}:${accountId}:cluster/${id}`;

export const streamArn = ({ region, clusterId, id }: Pick<StreamRecord, 'region' | 'clusterId' | 'id'>): string =>
  `${clusterArn({ region, id: clusterId })}/stream/${id}`;

export const endpointName = ({ region, id }: Pick<ClusterRecord, 'region' | 'id'>): string => `${id}.dsql.${region}.on.aws`;

/** undefined when the text is no ARN of a cluster of this account. */
export function parseClusterArn(arn: string): { readonly region: string; readonly id: string } | undefined {
  const parts = /^arn:aws(?:-[^:]+)?:dsql:([a-z0-9-]{1,20}):([0-9]{12}):cluster\/([a-z0-9]{26})$/.exec(arn);
  return parts === null || parts[2] !== accountId ? undefined : { region: parts[1], id: parts[3] };
}

/** undefined when the text is no ARN of a stream of this account. */
export function parseStreamArn(arn: string): Pick<StreamRecord, 'region' | 'clusterId' | 'id'> | undefined {
  const [, clusterText, id] = /^(.*)\/stream\/([a-z0-9]{26})$/.exec(arn) ?? [];
  const cluster = clusterText === undefined ? undefined : parseClusterArn(clusterText);
  return cluster === undefined || id === undefined ? undefined : { region: cluster.region, clusterId: cluster.id, id };
}
