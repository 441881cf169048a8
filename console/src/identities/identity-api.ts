/** Users and roles as the pages ask for them: the same pages for both kinds, the operations named for each. */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { iam, type Principal } from '../api/control-plane.ts';

export type Kind = 'User' | 'Role';

export const managedPolicies = [
  'AmazonAuroraDSQLFullAccess',
  'AmazonAuroraDSQLConsoleFullAccess',
  'AmazonAuroraDSQLReadOnlyAccess',
  'AdministratorAccess',
] as const;

export const arnOfManaged = (name: string): string => `arn:aws:iam::aws:policy/${name}`;
export const nameOfManaged = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

export const usePrincipals = (kind: Kind): UseQueryResult<readonly Principal[]> =>
  useQuery({
    queryKey: ['principals', kind],
    queryFn: async () => (await iam<Readonly<Record<string, readonly Principal[]>>>(`List${kind}s`))[`${kind}s`] ?? [],
  });

/** One of IAM's operations on a user or a role: CreateUser, PutRolePolicy, … */
export const change = (verb: string, kind: Kind, rest: '' | 'Policy', name: string, members: Readonly<Record<string, unknown>> = {}) =>
  iam(`${verb}${kind}${rest}`, { [`${kind}Name`]: name, ...members });
