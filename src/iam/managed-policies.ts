/** The managed policies of DSQL that users and roles may have attached, by ARN. */
import { type Policy, parsePolicy } from './policy.ts';

const allow = (...actions: readonly string[]): Policy =>
  parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: actions, Resource: '*' } }), 'identity');

const reading = ['dsql:Get*', 'dsql:List*'] as const;

export const managedPolicies: ReadonlyMap<string, Policy> = new Map([
  ['arn:aws:iam::aws:policy/AmazonAuroraDSQLFullAccess', allow('dsql:*')],
  ['arn:aws:iam::aws:policy/AmazonAuroraDSQLConsoleFullAccess', allow('dsql:*')],
  ['arn:aws:iam::aws:policy/AmazonAuroraDSQLReadOnlyAccess', allow(...reading)],
  ['arn:aws:iam::aws:policy/AdministratorAccess', allow('*')],
]);
