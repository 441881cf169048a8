/** Policies to begin with. */
import type { TextName } from '../texts/texts.ts';

export type PolicyKind = 'identity' | 'resource';

export type PolicyExample = { readonly id: string; readonly title: TextName; readonly text: string };

const document = (...statements: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, 2);

/** `resource`: of the cluster that a policy is for. */
export function policyExamples(kind: PolicyKind, resource: string): readonly PolicyExample[] {
  const own = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'dsql:*', Resource: resource };
  if (kind === 'resource')
    return [
      {
        id: 'connect',
        title: 'policies.letConnect',
        text: document(own, {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:user/alice' },
          Action: 'dsql:DbConnect',
          Resource: resource,
        }),
      },
      {
        id: 'network',
        title: 'policies.onlyNetwork',
        text: document({
          Effect: 'Deny',
          Principal: '*',
          Action: ['dsql:DbConnect', 'dsql:DbConnectAdmin'],
          Resource: resource,
          Condition: { NotIpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '10.0.0.0/8'] } },
        }),
      },
    ];
  return [
    { id: 'connect', title: 'policies.mayConnect', text: document({ Effect: 'Allow', Action: 'dsql:DbConnect', Resource: '*' }) },
    {
      id: 'clusters',
      title: 'policies.mayManage',
      text: document(
        { Effect: 'Allow', Action: ['dsql:*', 'borealis:*'], Resource: '*' },
        { Effect: 'Deny', Action: 'dsql:DeleteCluster', Resource: '*' },
      ),
    },
    { id: 'read', title: 'policies.mayLook', text: document({ Effect: 'Allow', Action: ['dsql:Get*', 'dsql:List*'], Resource: '*' }) },
  ];
}
