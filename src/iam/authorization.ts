/**
 * Whether an identity may do something (iam.ts I3): a denial in any policy decides, then the root may everything, then an allowance in a policy of the
 * identity or of the resource suffices (both are of one account).
 */
import { accountId, type Identity } from './iam.ts';
import { evaluate, type Policy } from './policy.ts';

export type AccessRequest = {
  readonly identity: Identity;
  readonly action: string;
  readonly resource: string;
  /** Of the resource, when it has one. */
  readonly resourcePolicy?: Policy | undefined;
  /** Condition keys besides those about the caller, in lower case. */
  readonly context?: ReadonlyMap<string, readonly string[]>;
};

/** undefined: allowed; otherwise the reason in AWS' words. */
export function refusalOf(request: AccessRequest): string | undefined {
  const { identity, action, resource, resourcePolicy } = request;
  const context = new Map([...(request.context ?? []), ...callerContext(identity)]);
  const principals = [identity.arn, identity.callerArn];
  const onResource = resourcePolicy === undefined ? 'silent' : evaluate([resourcePolicy], { action, resource, principals, context });
  const onIdentity = evaluate(identity.policies, { action, resource, principals, context });
  const refused = (because: string): string =>
    `User: ${identity.callerArn} is not authorized to perform: ${action} on resource: ${resource} ${because}`;
  // Whoever owns the deployment can always mend a policy that locks everybody out.
  const mayMend = identity.type === 'Root' && policyActions.has(action);
  if (onResource === 'denied' && !mayMend) return refused('with an explicit deny in a resource-based policy');
  if (onIdentity === 'denied') return refused('with an explicit deny in an identity-based policy');
  if (identity.type === 'Root' || onIdentity === 'allowed' || onResource === 'allowed') return undefined;
  return refused(`because no identity-based policy allows the ${action} action`);
}

const policyActions: ReadonlySet<string> = new Set(['dsql:PutClusterPolicy', 'dsql:GetClusterPolicy', 'dsql:DeleteClusterPolicy']);

function callerContext(identity: Identity): [string, readonly string[]][] {
  return [
    ['aws:principalarn', [identity.arn]],
    ['aws:principalaccount', [accountId]],
    ['aws:principaltype', [identity.type === 'Root' ? 'Account' : identity.type === 'IAMUser' ? 'User' : 'AssumedRole']],
    ...(identity.type === 'IAMUser' ? [['aws:username', [identity.name]] satisfies [string, readonly string[]]] : []),
  ];
}

/** Why a resource policy cannot be taken: access for everybody, or for another account. */
export function publicAccessOf(policy: Policy): string | undefined {
  for (const { effect, principals, conditions } of policy.statements) {
    if (effect !== 'Allow') continue;
    for (const principal of principals) {
      if (principal === '*') {
        const isNarrowed = conditions.some(({ operator, key, values }) => narrowingKeys.has(key) && isNarrow(operator, values));
        if (!isNarrowed) return 'The policy grants public access, which is blocked.';
      } else if (!principal.includes(`::${accountId}:`)) return `The policy grants access to another account: ${principal}.`;
    }
  }
  return undefined;
}

const narrowingKeys: ReadonlySet<string> = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:userid',
]);

/** A condition that everybody fulfils narrows nothing. */
const isNarrow = (operator: string, values: readonly string[]): boolean =>
  !operator.includes('Not') &&
  !operator.endsWith('IfExists') &&
  !operator.startsWith('ForAllValues') &&
  operator !== 'Null' &&
  !values.includes('*');
