/** PutClusterPolicy, GetClusterPolicy, DeleteClusterPolicy; and ValidatePolicy, which says what would be said of a policy, and stores nothing. */
import { randomId } from '#base/base32.ts';
import { setPolicy } from '#deployment/cluster-changes.ts';
import { clusterArn } from '#deployment/cluster-records.ts';
import { publicAccessOf, refusalOf } from '#iam/authorization.ts';
import { accountId, type Identity } from '#iam/iam.ts';
import { MalformedPolicy, parsePolicy } from '#iam/policy.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { invalidFields, resourceNotFound } from './api-error.ts';
import { identifierRule, policyRule } from './api-input.ts';

export const policyOperations: readonly Operation[] = [
  { name: 'PutClusterPolicy', method: 'POST', path: '/cluster/:identifier/policy', run: put },
  { name: 'GetClusterPolicy', method: 'GET', path: '/cluster/:identifier/policy', run: get },
  { name: 'DeleteClusterPolicy', method: 'DELETE', path: '/cluster/:identifier/policy', run: remove },
  // Whoever is known may ask: the answer depends on nothing but the question and who asks.
  { name: 'ValidatePolicy', method: 'POST', path: '/borealis/policies/validate', isUnaudited: true, run: validate },
];

const typeRule = { minimum: 1, maximum: 20, pattern: /^(IDENTITY_POLICY|RESOURCE_POLICY)$/ };
const versionRule = { minimum: 1, maximum: 128 };

async function put(call: ApiCall): Promise<Answer> {
  const { input, region, clusters } = call;
  const id = call.pathText('identifier', identifierRule);
  const text = input.required('policy', input.text('policy', policyRule)) ?? '';
  const expected = input.text('expectedPolicyVersion', versionRule);
  const bypass = input.boolean('bypassPolicyLockoutSafetyCheck') ?? false;
  const token = call.token();
  input.check();
  const arn = clusterArn({ region, id });
  call.authorize('dsql:PutClusterPolicy', arn);
  const policy = { text: checkedPolicy(text, call.parts.identity, arn, bypass), version: randomId(call.parts.world.random) };
  const { version } = await clusters.change(() => setPolicy(clusters.registry, region, id, policy, expected), token);
  return { policyVersion: version };
}

function get(call: ApiCall): Answer {
  const id = call.pathText('identifier', identifierRule);
  call.authorize('dsql:GetClusterPolicy', clusterArn({ region: call.region, id }));
  const { policy } = call.clusters.registry.get(call.region, id);
  if (policy === undefined) throw resourceNotFound(`Cluster ${id} has no resource policy.`, id, 'cluster-policy');
  return { policy: policy.text, policyVersion: policy.version };
}

async function remove(call: ApiCall): Promise<Answer> {
  const { region, clusters, query } = call;
  const id = call.pathText('identifier', identifierRule);
  const expected = query.text('expected-policy-version', versionRule);
  query.check();
  const token = call.token();
  call.authorize('dsql:DeleteClusterPolicy', clusterArn({ region, id }));
  const { version } = await clusters.change(() => setPolicy(clusters.registry, region, id, undefined, expected), token);
  return { policyVersion: version };
}

/** As IAM Access Analyzer's operation of this name, as far as it is the same. */
function validate(call: ApiCall): Answer {
  const { input, region } = call;
  const text = input.required('policyDocument', input.text('policyDocument', policyRule)) ?? '';
  const type = input.required('policyType', input.text('policyType', typeRule));
  const arn = input.text('resourceArn', { minimum: 1, maximum: 1_011, pattern: /^arn:.+/ });
  input.check();
  const fault =
    type === 'IDENTITY_POLICY'
      ? faultOf(() => parsePolicy(text, 'identity'))
      : clusterPolicyFault(text, call.parts.identity, arn ?? `arn:aws:dsql:${region}:${accountId}:cluster/*`, false);
  return { findings: fault === undefined ? [] : [{ findingType: 'ERROR', findingDetails: fault }] };
}

/** The text, when it is a policy that a cluster may have and that does not lock the caller out (unless that is wanted). */
export function checkedPolicy(text: string, identity: Identity, arn: string, bypassLockoutCheck: boolean): string {
  const message = clusterPolicyFault(text, identity, arn, bypassLockoutCheck);
  if (message !== undefined) throw invalidFields([{ name: 'policy', message }]);
  return text;
}

function clusterPolicyFault(text: string, identity: Identity, arn: string, bypassLockoutCheck: boolean): string | undefined {
  return faultOf(() => {
    const policy = parsePolicy(text, 'resource');
    const publicAccess = publicAccessOf(policy);
    if (publicAccess !== undefined) throw new MalformedPolicy(publicAccess);
    const isLockedOut = refusalOf({ identity, action: 'dsql:PutClusterPolicy', resource: arn, resourcePolicy: policy }) !== undefined;
    if (isLockedOut && !bypassLockoutCheck)
      throw new MalformedPolicy(
        'The policy would keep you from changing it again. Set bypassPolicyLockoutSafetyCheck when that is what you want.',
      );
  });
}

/** What `check` says is wrong with a policy. */
function faultOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof MalformedPolicy) return error.message;
    throw error;
  }
}
