/**
 * What the API may do to clusters, as decisions: each function looks at the records and says which change to them, or throws a ClusterRefusal.
 *
 *   create ─ one Region ───────────────────────────► CREATING ─► ACTIVE ◄─► UPDATING
 *      └──── with a witness Region ─► PENDING_SETUP ─► CREATING (once two clusters name each other, and the same witness)
 *   delete ─ one Region, or not set up ────────────► DELETING ─► gone
 *      └──── one of two peers ──────► PENDING_DELETE; the other goes on alone, and its deletion ends both
 *
 * The steps that end in another status by themselves (CREATING, UPDATING, DELETING) are carried out by cluster-life-cycle.ts.
 */
import {
  type ClusterPolicy,
  type ClusterRecord,
  clusterArn,
  clusterKey,
  journalKey,
  type MultiRegionSetup,
  parseClusterArn,
} from './cluster-records.ts';
import { ClusterRefusal, conflict, invalid } from './cluster-refusal.ts';
import type { ClusterRegistry, Decision, RegistryChange } from './cluster-registry.ts';

/** What the deployment allows. */
export type ClusterRules = {
  readonly regions: readonly string[];
  readonly witnessRegion: string;
  /** A Region: so many clusters of one Region, so many that are multi-Region. */
  readonly singleRegionQuota: number;
  readonly multiRegionQuota: number;
};

export type MultiRegionRequest = { readonly witnessRegion: string | undefined; readonly clusters: readonly string[] | undefined };

export type NewCluster = {
  readonly id: string;
  readonly region: string;
  readonly createdAt: number;
  readonly isProtected: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: ClusterPolicy | undefined;
  readonly multiRegion: MultiRegionRequest | undefined;
};

/** Regions between which multi-Region clusters are possible in DSQL: a witness and peers are of one set. */
const regionSets: readonly (readonly string[])[] = [
  ['us-east-1', 'us-east-2', 'us-west-2', 'ca-central-1', 'ca-west-1'],
  ['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-south-1'],
  ['eu-central-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-south-2', 'eu-north-1'],
];

const put = (record: ClusterRecord): RegistryChange => ({ key: clusterKey(record.region, record.id), value: record });

export function createCluster(registry: ClusterRegistry, rules: ClusterRules, request: NewCluster): Decision<ClusterRecord> {
  const { id, region, multiRegion } = request;
  refuseAtQuota(registry, rules, region, id, multiRegion !== undefined);
  const setup = multiRegion === undefined ? undefined : checkedSetup(registry, rules, request, multiRegion, undefined);
  const record: ClusterRecord = {
    kind: 'cluster',
    id,
    region,
    createdAt: request.createdAt,
    status: setup === undefined ? 'CREATING' : 'PENDING_SETUP',
    isDefault: false,
    isProtected: request.isProtected,
    tags: request.tags,
    policy: request.policy,
    multiRegion: setup,
    home: setup === undefined ? id : undefined,
  };
  if (setup === undefined) {
    return {
      changes: [
        put(record),
        { key: journalKey(id), value: { kind: 'journal', home: id, regions: [region], witnessRegion: undefined, state: 'making' } },
      ],
      answer: record,
    };
  }
  return linked(registry, record);
}

export function refuseAtQuota(registry: ClusterRegistry, rules: ClusterRules, region: string, id: string, isMultiRegion: boolean): void {
  const others = registry.clusters(region).filter(({ isDefault }) => !isDefault);
  const alike = others.filter((other) => (other.multiRegion !== undefined) === isMultiRegion).length;
  if (alike >= (isMultiRegion ? rules.multiRegionQuota : rules.singleRegionQuota))
    throw new ClusterRefusal('quota', 'You have reached the cluster limit.', id);
}

export type ClusterUpdate = {
  readonly isProtected: boolean | undefined;
  readonly multiRegion: MultiRegionRequest | undefined;
};

export function updateCluster(
  registry: ClusterRegistry,
  rules: ClusterRules,
  region: string,
  id: string,
  update: ClusterUpdate,
): Decision<ClusterRecord> {
  const before = registry.get(region, id);
  refuseWhileLeaving(before);
  const settings = { ...before, isProtected: update.isProtected ?? before.isProtected };
  if (update.multiRegion === undefined) {
    const after: ClusterRecord = { ...settings, status: before.status === 'ACTIVE' ? 'UPDATING' : before.status };
    return { changes: [put(after)], answer: after };
  }
  if (before.multiRegion === undefined)
    throw invalid(id, 'multiRegionProperties', 'A single-Region cluster cannot become a multi-Region cluster.');
  const setup = checkedSetup(registry, rules, before, update.multiRegion, before.multiRegion);
  if (before.status !== 'PENDING_SETUP') {
    const isSame =
      setup.witnessRegion === before.multiRegion.witnessRegion &&
      [...setup.peers].sort().join() === [...before.multiRegion.peers].sort().join();
    if (!isSame) throw conflict(id, `Cluster ${id} has been set up: its witness Region and its peer cannot change any more.`);
    const after: ClusterRecord = { ...settings, status: before.status === 'ACTIVE' ? 'UPDATING' : before.status };
    return { changes: [put(after)], answer: after };
  }
  const { changes, answer } = linked(registry, { ...settings, multiRegion: setup });
  // The caller sees the step that begins (UPDATING), and after it CREATING on both sides.
  return { changes, answer: answer.status === 'CREATING' ? { ...answer, status: 'UPDATING' } : answer };
}

export function deleteCluster(registry: ClusterRegistry, region: string, id: string): Decision<ClusterRecord> {
  const before = registry.get(region, id);
  if (before.status === 'DELETING' || before.status === 'PENDING_DELETE') return { changes: [], answer: before };
  if (before.isProtected) {
    throw new ClusterRefusal('protected', `Cluster ${id} cannot be deleted: deletion protection is enabled.`, id);
  }
  if (before.home === undefined) {
    const after: ClusterRecord = { ...before, status: 'DELETING' };
    return { changes: [put(after)], answer: after };
  }
  const peers = registry.membersOf(before.home).filter((other) => clusterArn(other) !== clusterArn(before));
  if (peers.some(({ status }) => status !== 'PENDING_DELETE')) {
    const after: ClusterRecord = { ...before, status: 'PENDING_DELETE' };
    return { changes: [put(after)], answer: after };
  }
  const leaving = [before, ...peers].map((record): ClusterRecord => ({ ...record, status: 'DELETING' }));
  const journal = registry.journal(before.home);
  const removal: readonly RegistryChange[] =
    journal === undefined ? [] : [{ key: journalKey(before.home), value: { ...journal, state: 'removing' } }];
  return { changes: [...leaving.map(put), ...removal], answer: leaving[0] };
}

/** `policy` undefined removes it. Answers the version that is current afterwards, or that was removed. */
export function setPolicy(
  registry: ClusterRegistry,
  region: string,
  id: string,
  policy: ClusterPolicy | undefined,
  expectedVersion: string | undefined,
): Decision<{ readonly version: string }> {
  const before = registry.get(region, id);
  refuseWhileLeaving(before);
  if (policy === undefined && before.policy === undefined)
    throw new ClusterRefusal('notFound', `Cluster ${id} has no resource policy.`, id);
  if (expectedVersion !== undefined && before.policy?.version !== expectedVersion)
    throw conflict(id, 'The version of the policy is not the one expected: it has been changed meanwhile.');
  return { changes: [put({ ...before, policy })], answer: { version: policy?.version ?? before.policy?.version ?? '' } };
}

function refuseWhileLeaving({ id, status }: ClusterRecord): void {
  if (status === 'DELETING' || status === 'PENDING_DELETE') throw conflict(id, `Cluster ${id} is being deleted: its status is ${status}.`);
  if (status === 'CREATING') throw conflict(id, `Cluster ${id} is being created: its status is CREATING.`);
}

function checkedSetup(
  registry: ClusterRegistry,
  rules: ClusterRules,
  cluster: { readonly id: string; readonly region: string },
  request: MultiRegionRequest,
  before: MultiRegionSetup | undefined,
): MultiRegionSetup {
  const { id, region } = cluster;
  const witnessRegion = request.witnessRegion ?? before?.witnessRegion;
  const field = 'multiRegionProperties';
  if (witnessRegion === undefined) throw invalid(id, `${field}.witnessRegion`, 'A multi-Region cluster needs a witness Region.');
  if (witnessRegion === region)
    throw invalid(id, `${field}.witnessRegion`, "The witness Region must be another one than the cluster's own.");
  const own = clusterArn(cluster);
  const peers = request.clusters === undefined ? (before?.peers ?? []) : [...new Set(request.clusters)].filter((arn) => arn !== own);
  if (peers.length > 1) throw invalid(id, `${field}.clusters`, 'A multi-Region cluster has two Regions beside the witness Region.');
  for (const arn of peers) {
    const peer = parseClusterArn(arn);
    if (peer === undefined) throw invalid(id, `${field}.clusters`, `${arn} is not the ARN of a cluster of this account.`);
    if (peer.region === region) throw invalid(id, `${field}.clusters`, 'The peer cluster must be in another Region.');
    if (peer.region === witnessRegion)
      throw invalid(id, `${field}.witnessRegion`, "The witness Region must be another one than the peer cluster's.");
    const found = registry.find(peer.region, peer.id);
    if (found === undefined) throw invalid(id, `${field}.clusters`, `The cluster ${arn} does not exist.`);
    if (found.multiRegion === undefined) throw invalid(id, `${field}.clusters`, `The cluster ${arn} is a single-Region cluster.`);
    if (found.multiRegion.witnessRegion !== witnessRegion)
      throw invalid(id, `${field}.witnessRegion`, `The cluster ${arn} has another witness Region: ${found.multiRegion.witnessRegion}.`);
  }
  const known = [...rules.regions, rules.witnessRegion];
  const isPossible = known.includes(witnessRegion) || regionSets.some((set) => set.includes(region) && set.includes(witnessRegion));
  if (!isPossible) throw invalid(id, `${field}.witnessRegion`, `${witnessRegion} cannot be the witness Region of a cluster in ${region}.`);
  return { witnessRegion, peers };
}

/** The record as it is now; when the cluster that it names has named it too, both are to be made. */
function linked(registry: ClusterRegistry, record: ClusterRecord): Decision<ClusterRecord> {
  const own = clusterArn(record);
  const setup = record.multiRegion;
  const [arn] = setup?.peers ?? [];
  const named = arn === undefined ? undefined : parseClusterArn(arn);
  const peer = named === undefined ? undefined : registry.find(named.region, named.id);
  const isAgreed =
    peer !== undefined &&
    setup !== undefined &&
    peer.status === 'PENDING_SETUP' &&
    peer.multiRegion?.witnessRegion === setup.witnessRegion &&
    peer.multiRegion.peers.includes(own);
  if (!isAgreed) return { changes: [put(record)], answer: record };
  // The cluster that was there first gives the journal its name.
  const home = peer.id;
  const made = [record, peer].map((each): ClusterRecord => ({ ...each, status: 'CREATING', home }));
  return {
    changes: [
      ...made.map(put),
      {
        key: journalKey(home),
        value: { kind: 'journal', home, regions: [peer.region, record.region], witnessRegion: setup.witnessRegion, state: 'making' },
      },
    ],
    answer: made[0],
  };
}
