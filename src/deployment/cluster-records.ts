/**
 * What a deployment knows of its clusters, as plain data kept in a record log (base/record-log.ts).
 *
 *   cluster/REGION/ID   what the API calls a cluster: one Region's endpoint, with its settings and its status
 *   journal/HOME        what lies behind one such cluster, or behind two that are peers: a journal with a replica in each Region
 *   call/…              answers to calls that carried an idempotency token
 *
 * Peers share one journal, and keep settings, tags, policy and protection of their own, as in DSQL. The default cluster has the same id in each of its Regions;
 * clusters made through the API have one each.
 */
import { accountId } from '#iam/iam.ts';

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
  /** Its journal; undefined until it is set up. */
  readonly home: string | undefined;
};

/** What a journal begins with. */
export type JournalOrigin =
  | { readonly kind: 'recovery-point'; readonly id: string }
  /** Another cluster's content, when it is read. */
  | { readonly kind: 'cluster'; readonly home: string };

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

/** What a call with an idempotency token was answered. */
export type CallRecord = { readonly kind: 'call'; readonly requestHash: string; readonly answer: unknown; readonly at: number };

export type DeploymentRecord = ClusterRecord | JournalRecord | CallRecord;

export const clusterKey = (region: string, id: string): string => `cluster/${region}/${id}`;
export const journalKey = (home: string): string => `journal/${home}`;

export const clusterArn = ({ region, id }: Pick<ClusterRecord, 'region' | 'id'>): string =>
  `arn:aws:dsql:${region}:${accountId}:cluster/${id}`;

export const endpointName = ({ region, id }: Pick<ClusterRecord, 'region' | 'id'>): string => `${id}.dsql.${region}.on.aws`;

/** undefined when the text is no ARN of a cluster of this account. */
export function parseClusterArn(arn: string): { readonly region: string; readonly id: string } | undefined {
  const parts = /^arn:aws(?:-[^:]+)?:dsql:([a-z0-9-]{1,20}):([0-9]{12}):cluster\/([a-z0-9]{26})$/.exec(arn);
  return parts === null || parts[2] !== accountId ? undefined : { region: parts[1], id: parts[3] };
}
