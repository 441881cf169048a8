import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publicAccessOf, refusalOf } from './authorization.ts';
import type { Identity } from './iam.ts';
import { parsePolicy } from './policy.ts';
import { isLike } from './wildcard.ts';

const cluster = 'arn:aws:dsql:us-east-1:000000000000:cluster/abc';
const user = (...statements: object[]): Identity => ({
  type: 'IAMUser',
  arn: 'arn:aws:iam::000000000000:user/alice',
  callerArn: 'arn:aws:iam::000000000000:user/alice',
  name: 'alice',
  policies: [parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), 'identity')],
});
const root: Identity = {
  type: 'Root',
  arn: 'arn:aws:iam::000000000000:root',
  callerArn: 'arn:aws:iam::000000000000:root',
  name: 'root',
  policies: [],
};
const onCluster = (...statements: object[]) => parsePolicy(JSON.stringify({ Statement: statements }), 'resource');
const may = (identity: Identity, action: string, more: Partial<Parameters<typeof refusalOf>[0]> = {}): boolean =>
  refusalOf({ identity, action, resource: cluster, ...more }) === undefined;
const nothing = { Effect: 'Allow', Action: 'iam:None', Resource: '*' };

describe('policies', () => {
  it('allow what they name, and nothing else', () => {
    const reader = user({ Effect: 'Allow', Action: ['dsql:Get*', 'dsql:dbconnect'], Resource: 'arn:aws:dsql:us-east-1:*:cluster/*' });
    expect(may(reader, 'dsql:GetCluster')).toBe(true);
    expect(may(reader, 'dsql:DbConnect')).toBe(true);
    expect(may(reader, 'dsql:DbConnectAdmin')).toBe(false);
    expect(may(reader, 'dsql:GetCluster', { resource: cluster.replace('east-1', 'east-2') })).toBe(false);
    expect(may(user({ Effect: 'Allow', NotAction: 'dsql:Delete*', Resource: '*' }), 'dsql:GetCluster')).toBe(true);
    expect(may(user({ Effect: 'Allow', NotAction: 'dsql:Delete*', Resource: '*' }), 'dsql:DeleteCluster')).toBe(false);
    expect(
      may(user({ Effect: 'Allow', Action: '*', Resource: `arn:aws:dsql:us-east-1:*:cluster/\${aws:username}` }), 'dsql:GetCluster'),
    ).toBe(false);
    expect(
      may(user({ Effect: 'Allow', Action: '*', Resource: `arn:aws:dsql:*:*:cluster/\${aws:username}` }), 'dsql:GetCluster', {
        resource: 'arn:aws:dsql:us-east-1:000000000000:cluster/alice',
      }),
    ).toBe(true);
    expect(may(root, 'dsql:DeleteCluster')).toBe(true);
    expect(refusalOf({ identity: reader, action: 'dsql:DeleteCluster', resource: cluster })).toBe(
      `User: arn:aws:iam::000000000000:user/alice is not authorized to perform: dsql:DeleteCluster on resource: ${cluster} because no identity-based policy allows the dsql:DeleteCluster action`,
    );
  });

  it('deny whatever else allows', () => {
    const all = { Effect: 'Allow', Action: '*', Resource: '*' };
    expect(may(user(all, { Effect: 'Deny', Action: 'dsql:DeleteCluster', Resource: '*' }), 'dsql:DeleteCluster')).toBe(false);
    const denial = onCluster({ Effect: 'Deny', Principal: '*', Action: 'dsql:*' });
    expect(may(user(all), 'dsql:GetCluster', { resourcePolicy: denial })).toBe(false);
    expect(may(root, 'dsql:GetCluster', { resourcePolicy: denial })).toBe(false);
    // or nobody could ever take the denial back
    expect(may(root, 'dsql:DeleteClusterPolicy', { resourcePolicy: denial })).toBe(true);
  });

  it('of a resource allow the principals that they name', () => {
    const toAlice = onCluster({
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::000000000000:user/alice' },
      Action: 'dsql:DbConnect',
      Resource: '*',
    });
    expect(may(user(nothing), 'dsql:DbConnect', { resourcePolicy: toAlice })).toBe(true);
    expect(
      may({ ...user(nothing), arn: 'arn:aws:iam::000000000000:user/bob', callerArn: '' }, 'dsql:DbConnect', { resourcePolicy: toAlice }),
    ).toBe(false);
    const others = onCluster({ Effect: 'Deny', NotPrincipal: { AWS: 'arn:aws:iam::000000000000:user/alice' }, Action: '*' });
    expect(may(user({ Effect: 'Allow', Action: '*', Resource: '*' }), 'dsql:DbConnect', { resourcePolicy: others })).toBe(true);
    // The whole account as principal leaves it to the identities' own policies.
    const account = onCluster({ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: '*' });
    expect(may(user(nothing), 'dsql:DbConnect', { resourcePolicy: account })).toBe(false);
  });

  it.each<[string, object, Record<string, string[]>, boolean]>([
    ['equal', { StringEquals: { 'aws:RequestTag/Team': 'a' } }, { 'aws:requesttag/team': ['a'] }, true],
    ['not equal', { StringEquals: { 'aws:RequestTag/Team': 'a' } }, { 'aws:requesttag/team': ['b'] }, false],
    ['one of several', { StringEquals: { k: ['a', 'b'] } }, { k: ['b'] }, true],
    ['a missing key', { StringEquals: { k: 'a' } }, {}, false],
    ['a missing key, if it exists', { StringEqualsIfExists: { k: 'a' } }, {}, true],
    ['a missing key, negated', { StringNotEquals: { k: 'a' } }, {}, true],
    ['negated', { StringNotLike: { k: 'a*' } }, { k: ['abc'] }, false],
    ['null', { Null: { k: 'true' } }, {}, true],
    ['not null', { Null: { k: 'false' } }, {}, false],
    ['all of', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:tagkeys': ['a'] }, true],
    ['all of, one too many', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:tagkeys': ['a', 'c'] }, false],
    ['any of', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'a' } }, { 'aws:tagkeys': ['c', 'a'] }, true],
    ['a network', { IpAddress: { 'aws:SourceIp': '10.1.0.0/16' } }, { 'aws:sourceip': ['10.1.2.3'] }, true],
    ['another network', { IpAddress: { 'aws:SourceIp': '10.1.0.0/16' } }, { 'aws:sourceip': ['10.2.2.3'] }, false],
    ['an IPv6 network', { IpAddress: { 'aws:SourceIp': 'fe80::/10' } }, { 'aws:sourceip': ['fe80::1:2'] }, true],
    ['IPv4 as IPv6', { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, { 'aws:sourceip': ['::ffff:127.0.0.1'] }, true],
    ['numbers', { NumericLessThan: { n: '10' } }, { n: ['9'] }, true],
    ['dates', { DateGreaterThan: { d: '2026-01-01T00:00:00Z' } }, { d: ['2026-06-01T00:00:00Z'] }, true],
    ['booleans', { Bool: { 'aws:SecureTransport': false } }, { 'aws:securetransport': ['false'] }, true],
    ['an ARN', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/a*' } }, {}, true],
    ['an ARN, a star over a colon', { ArnLike: { a: 'arn:aws:*:x' } }, { a: ['arn:aws:b:c:d:x'] }, false],
    ['both of two', { StringEquals: { a: '1', b: '2' } }, { a: ['1'], b: ['3'] }, false],
  ])('hold under their conditions: %s', (_, condition, context, expected) => {
    const identity = user({ Effect: 'Allow', Action: '*', Resource: '*', Condition: condition });
    expect(may(identity, 'dsql:GetCluster', { context: new Map(Object.entries(context)) })).toBe(expected);
  });

  it.each([
    ['{', 'not valid JSON'],
    ['[]', 'must be an object'],
    ['{}', 'no statement'],
    ['{"Statement":[]}', 'no statement'],
    ['{"Version":"2020-01-01","Statement":{}}', 'invalid version'],
    ['{"Statement":{"Effect":"allow"}}', 'Allow or Deny'],
    ['{"Statement":{"Effect":"Allow","Resource":"*"}}', 'either Action or NotAction'],
    ['{"Statement":{"Effect":"Allow","Action":"GetCluster","Resource":"*"}}', 'The action GetCluster'],
    ['{"Statement":{"Effect":"Allow","Action":"*","Resource":"cluster"}}', 'is not an ARN'],
    ['{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}', 'has no principal'],
    ['{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringSoundsLike":{"a":"b"}}}}', 'StringSoundsLike'],
    ['{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Sidd":"x"}}', 'no element Sidd'],
    ['{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}', 'Action is empty'],
  ])('are refused when malformed: %s', (text, message) => {
    expect(() => parsePolicy(text, 'identity')).toThrow(message);
  });

  it('open to everybody are told from those that are narrowed', () => {
    const everybody = (condition?: object) =>
      onCluster({ Effect: 'Allow', Principal: '*', Action: '*', ...(condition && { Condition: condition }) });
    expect(publicAccessOf(everybody())).toMatch('public access');
    expect(publicAccessOf(everybody({ StringEquals: { 'aws:SourceVpc': 'vpc-1' } }))).toBe(undefined);
    expect(publicAccessOf(everybody({ StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } }))).toMatch('public access');
    expect(publicAccessOf(everybody({ StringLike: { 'aws:PrincipalArn': '*' } }))).toMatch('public access');
    expect(publicAccessOf(onCluster({ Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: '*' }))).toMatch('another account');
    expect(publicAccessOf(onCluster({ Effect: 'Deny', Principal: '*', Action: '*' }))).toBe(undefined);
  });

  it('have wildcards as regular expressions have them', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(letters, pattern, (text, wildcards) => {
        const expression = new RegExp(`^${wildcards.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(isLike(text, wildcards)).toBe(expression.test(text));
      }),
      { numRuns: 2_000 },
    );
    // Takes no exponential time.
    expect(isLike('a'.repeat(2_000), `${'*a'.repeat(1_000)}b`)).toBe(false);
  });
});
