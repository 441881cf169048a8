/** CreateCluster, GetCluster, ListClusters, UpdateCluster, DeleteCluster, GetVpcEndpointServiceName. */
import { createHash } from 'node:crypto';
import { base32, randomId } from '#base/base32.ts';
import { createCluster, deleteCluster, type MultiRegionRequest, updateCluster } from '#deployment/cluster-changes.ts';
import { type ClusterRecord, clusterArn, endpointName } from '#deployment/cluster-records.ts';
import { accountId } from '#iam/iam.ts';
import { requestTags } from '../condition-keys.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { invalidFields, invalidRequest } from './api-error.ts';
import { type ApiInput, identifierRule, policyRule } from './api-input.ts';
import { checkedPolicy } from './policy-operations.ts';

export const clusterOperations: readonly Operation[] = [
  { name: 'CreateCluster', method: 'POST', path: '/cluster', run: create },
  { name: 'ListClusters', method: 'GET', path: '/cluster', run: list },
  { name: 'GetCluster', method: 'GET', path: '/cluster/:identifier', run: get },
  { name: 'UpdateCluster', method: 'POST', path: '/cluster/:identifier', run: update },
  { name: 'DeleteCluster', method: 'DELETE', path: '/cluster/:identifier', run: remove },
  {
    name: 'GetVpcEndpointServiceName',
    method: 'GET',
    path: '/clusters/:identifier/vpc-endpoint-service-name',
    run: vpcEndpointServiceName,
  },
];

const arnRule = { minimum: 1, maximum: 1_000 };
const witnessRule = { minimum: 0, maximum: 50 };
const pageSize = 100;

function create(call: ApiCall): Promise<Answer> {
  const { input, region, clusters } = call;
  const { world, identity } = call.parts;
  const isProtected = input.boolean('deletionProtectionEnabled') ?? true;
  const tags = input.tags('tags') ?? {};
  const policyText = input.text('policy', policyRule);
  const bypass = input.boolean('bypassPolicyLockoutSafetyCheck') ?? false;
  const multiRegion = multiRegionOf(input);
  checkEncryptionKey(input);
  const token = call.token();
  input.check();
  if (!clusters.rules.regions.includes(region))
    throw invalidRequest('other', `This deployment has no Region ${region}: it has ${clusters.rules.regions.join(', ')}.`);
  const any = `arn:aws:dsql:${region}:${accountId}:cluster/*`;
  call.authorize('dsql:CreateCluster', any, [...requestTags(tags), ...witnessKey(multiRegion)]);
  if (Object.keys(tags).length > 0) call.authorize('dsql:TagResource', any, requestTags(tags));
  if (policyText !== undefined) call.authorize('dsql:PutClusterPolicy', any);
  authorizeMultiRegion(call, any, multiRegion, []);
  return clusters.change(() => {
    const id = randomId(world.random);
    const policy =
      policyText === undefined
        ? undefined
        : { text: checkedPolicy(policyText, identity, clusterArn({ region, id }), bypass), version: randomId(world.random) };
    const request = { id, region, createdAt: world.clock.now(), isProtected, tags, policy, multiRegion };
    const { changes, answer } = createCluster(clusters.registry, clusters.rules, request);
    return { changes, answer: described(call, answer) };
  }, token);
}

function get(call: ApiCall): Answer {
  const cluster = found(call, 'dsql:GetCluster');
  return { ...described(call, cluster), tags: cluster.tags };
}

function list(call: ApiCall): Answer {
  const { region, query } = call;
  const limit = query.integer('max-results', 1, 100) ?? pageSize;
  const after = query.text('next-token', { minimum: 1, maximum: 2_048 });
  query.check();
  call.authorize('dsql:ListClusters', `arn:aws:dsql:${region}:${accountId}:cluster/*`);
  const last = after === undefined ? '' : placeOf(after, region);
  const behind = call.clusters.registry.clusters(region).filter(({ id }) => id > last);
  const page = behind.slice(0, limit);
  const nextToken = behind.length > limit ? { nextToken: pageToken(region, page[page.length - 1].id) } : {};
  return { clusters: page.map((cluster) => ({ identifier: cluster.id, arn: clusterArn(cluster) })), ...nextToken };
}

/** A token belongs to the list that it goes on with: that of another Region does not take it. */
const pageToken = (region: string, last: string): string => Buffer.from(JSON.stringify(['clusters', region, last])).toString('base64url');

function placeOf(token: string, region: string): string {
  const last = /^\["clusters","([a-z0-9-]+)","([a-z0-9]{26})"\]$/.exec(Buffer.from(token, 'base64url').toString('utf8'));
  if (last === null || last[1] !== region)
    throw invalidFields([{ name: 'nextToken', message: "Value at 'nextToken' is not a token of this list" }]);
  return last[2];
}

function update(call: ApiCall): Promise<Answer> {
  const { input, region, clusters } = call;
  const id = call.pathText('identifier', identifierRule);
  const isProtected = input.boolean('deletionProtectionEnabled');
  const multiRegion = multiRegionOf(input);
  checkEncryptionKey(input);
  const token = call.token();
  input.check();
  const arn = clusterArn({ region, id });
  call.authorize('dsql:UpdateCluster', arn);
  authorizeMultiRegion(call, arn, multiRegion, clusters.registry.find(region, id)?.multiRegion?.peers ?? []);
  return clusters.change(() => {
    const { changes, answer } = updateCluster(clusters.registry, clusters.rules, region, id, { isProtected, multiRegion });
    return { changes, answer: summary(call, answer) };
  }, token);
}

function remove(call: ApiCall): Promise<Answer> {
  const { region, clusters } = call;
  const id = call.pathText('identifier', identifierRule);
  const token = call.token();
  call.authorize('dsql:DeleteCluster', clusterArn({ region, id }));
  return clusters.change(() => {
    const { changes, answer } = deleteCluster(clusters.registry, region, id);
    return { changes, answer: summary(call, answer) };
  }, token);
}

function vpcEndpointServiceName(call: ApiCall): Answer {
  const { id, region } = found(call, 'dsql:GetVpcEndpointServiceName');
  const service = serviceIdentifier(region);
  return { serviceName: `com.amazonaws.${region}.${service}`, clusterVpcEndpoint: `${id}.${service}.${region}.on.aws` };
}

/** Of the Region's endpoints, as PrivateLink names carry it. */
const serviceIdentifier = (region: string): string =>
  `dsql-${base32(createHash('sha256').update(region).digest().subarray(0, 16)).slice(0, 4)}`;

export function found(call: ApiCall, action: string): ClusterRecord {
  const id = call.pathText('identifier', identifierRule);
  call.authorize(action, clusterArn({ region: call.region, id }));
  return call.clusters.registry.get(call.region, id);
}

const seconds = (microseconds: number): number => Math.floor(microseconds / 1_000) / 1_000;

function summary(call: ApiCall, cluster: ClusterRecord): Answer {
  return {
    identifier: cluster.id,
    arn: clusterArn(cluster),
    status: call.clusters.statusOf(cluster),
    creationTime: seconds(cluster.createdAt),
  };
}

function described(call: ApiCall, cluster: ClusterRecord): Answer {
  const { multiRegion } = cluster;
  return {
    ...summary(call, cluster),
    deletionProtectionEnabled: cluster.isProtected,
    // The keys are AWS' own in DSQL; here the data lie as safe as the disk that they lie on, and there is no other choice to tell of.
    encryptionDetails: { encryptionType: 'AWS_OWNED_KMS_KEY', encryptionStatus: 'ENABLED' },
    endpoint: endpointName(cluster),
    ...(multiRegion === undefined
      ? {}
      : { multiRegionProperties: { witnessRegion: multiRegion.witnessRegion, clusters: [clusterArn(cluster), ...multiRegion.peers] } }),
  };
}

function multiRegionOf(input: ApiInput): MultiRegionRequest | undefined {
  const members = input.object('multiRegionProperties');
  if (members === undefined) return undefined;
  return { witnessRegion: members.text('witnessRegion', witnessRule), clusters: members.texts('clusters', arnRule) };
}

/** There is no key service here: to take a key's name and not use the key would promise what is not done. */
function checkEncryptionKey(input: ApiInput): void {
  const key = input.text('kmsEncryptionKey', { minimum: 1, maximum: 2_048, pattern: /^[a-zA-Z0-9:/_-]+$/ });
  if (key !== undefined && key !== 'AWS_OWNED_KMS_KEY')
    throw invalidFields([
      { name: 'kmsEncryptionKey', message: 'Customer managed keys are not supported: this deployment has no key management service.' },
    ]);
}

const witnessKey = (multiRegion: MultiRegionRequest | undefined): [string, readonly string[]][] =>
  multiRegion?.witnessRegion === undefined ? [] : [['dsql:witnessregion', [multiRegion.witnessRegion]]];

function authorizeMultiRegion(
  call: ApiCall,
  own: string,
  multiRegion: MultiRegionRequest | undefined,
  peersBefore: readonly string[],
): void {
  if (multiRegion === undefined) return;
  const { witnessRegion, clusters } = multiRegion;
  call.authorize('dsql:PutMultiRegionProperties', own, witnessKey(multiRegion));
  if (witnessRegion !== undefined) {
    call.authorize('dsql:PutWitnessRegion', own, witnessKey(multiRegion));
    call.authorize('dsql:PutWitnessRegion', `arn:aws:dsql:${witnessRegion}:${accountId}:cluster/*`, witnessKey(multiRegion));
  }
  if (clusters === undefined) return;
  const added = clusters.filter((arn) => arn !== own && !peersBefore.includes(arn));
  if (added.length > 0) for (const arn of [own, ...added]) call.authorize('dsql:AddPeerCluster', arn);
  for (const arn of peersBefore) if (!clusters.includes(arn)) call.authorize('dsql:RemovePeerCluster', arn);
}
