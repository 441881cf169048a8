/** Users, roles, their policies and keys: IAM's operations and names, as plain JSON under /borealis/iam. */
import { type AccessKey, accountId } from '#iam/iam.ts';
import { arnOf, type IdentityStore, type KeyRecord, type PrincipalKind, type PrincipalRecord } from '#iam/identity-store.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { ApiError, accessDenied } from './api-error.ts';

const nameRule = { minimum: 1, maximum: 64 };
const policyNameRule = { minimum: 1, maximum: 128 };
const documentRule = { minimum: 1, maximum: 20_480 };
const arnRule = { minimum: 1, maximum: 2_048 };
const keyRule = { minimum: 16, maximum: 128 };
/** Of temporary keys, as STS has it. */
const sessionSeconds = { minimum: 60, usual: 3_600, maximum: 43_200 };

export function iamOperations(store: IdentityStore): readonly Operation[] {
  const operation = (name: string, run: (call: ApiCall) => Answer | Promise<Answer>): Operation => ({
    name,
    method: 'POST',
    path: `/borealis/iam/${name}`,
    run,
  });
  const kinds: readonly { readonly kind: PrincipalKind; readonly title: 'User' | 'Role' }[] = [
    { kind: 'user', title: 'User' },
    { kind: 'role', title: 'Role' },
  ];
  return [
    ...kinds.flatMap(({ kind, title }) => [
      operation(`Create${title}`, async (call) => {
        const name = member(call, `${title}Name`, nameRule);
        const trusted = kind === 'role' ? (call.input.texts('TrustedArns', arnRule) ?? [`arn:aws:iam::${accountId}:root`]) : [];
        allow(call, `Create${title}`, kind, name);
        return { [title]: described(await store.create(kind, name, trusted)) };
      }),
      operation(`List${title}s`, (call) => {
        allow(call, `List${title}s`, kind, '*');
        return { [`${title}s`]: store.list(kind).map(described) };
      }),
      operation(`Delete${title}`, async (call) => {
        const name = member(call, `${title}Name`, nameRule);
        allow(call, `Delete${title}`, kind, name);
        await store.remove(kind, name);
        return {};
      }),
      operation(`Put${title}Policy`, async (call) => {
        const [name, policyName] = [member(call, `${title}Name`, nameRule), member(call, 'PolicyName', policyNameRule)];
        const document = member(call, 'PolicyDocument', documentRule);
        allow(call, `Put${title}Policy`, kind, name);
        await store.setPolicy(kind, name, policyName, document);
        return {};
      }),
      operation(`Delete${title}Policy`, async (call) => {
        const [name, policyName] = [member(call, `${title}Name`, nameRule), member(call, 'PolicyName', policyNameRule)];
        allow(call, `Delete${title}Policy`, kind, name);
        await store.setPolicy(kind, name, policyName, undefined);
        return {};
      }),
      ...(['Attach', 'Detach'] as const).map((verb) =>
        operation(`${verb}${title}Policy`, async (call) => {
          const [name, arn] = [member(call, `${title}Name`, nameRule), member(call, 'PolicyArn', arnRule)];
          allow(call, `${verb}${title}Policy`, kind, name);
          await store.setAttached(kind, name, arn, verb === 'Attach');
          return {};
        }),
      ),
    ]),
    operation('CreateAccessKey', async (call) => {
      const name = member(call, 'UserName', nameRule);
      allow(call, 'CreateAccessKey', 'user', name);
      return { AccessKey: { ...credentials(await store.createKey(name)), UserName: name } };
    }),
    operation('ListAccessKeys', (call) => {
      const name = member(call, 'UserName', nameRule);
      allow(call, 'ListAccessKeys', 'user', name);
      store.get('user', name);
      return { AccessKeyMetadata: store.keysOf('user', name).map(keyDescribed) };
    }),
    operation('UpdateAccessKey', async (call) => {
      const id = ownedKey(call, store, 'UpdateAccessKey');
      const status = member(call, 'Status', { minimum: 1, maximum: 8, pattern: /^(Active|Inactive)$/ });
      await store.setKeyActive(id, status === 'Active');
      return {};
    }),
    operation('DeleteAccessKey', async (call) => {
      await store.removeKey(ownedKey(call, store, 'DeleteAccessKey'));
      return {};
    }),
    operation('AssumeRole', (call) => assumeRole(call, store)),
    operation('GetCallerIdentity', ({ parts: { identity } }) => ({ Account: accountId, Arn: identity.callerArn })),
  ];
}

async function assumeRole(call: ApiCall, store: IdentityStore): Promise<Answer> {
  const { identity } = call.parts;
  const name = member(call, 'RoleName', nameRule);
  const session = member(call, 'RoleSessionName', nameRule);
  const seconds = call.input.integer('DurationSeconds', sessionSeconds.minimum, sessionSeconds.maximum) ?? sessionSeconds.usual;
  call.input.check();
  const role = store.get('role', name);
  call.resources.push(arnOf(role));
  // The role says who may take it on: a user by name, or everybody of the account whose own policies allow it.
  if (!role.trusted.includes(identity.arn)) {
    if (!role.trusted.includes(`arn:aws:iam::${accountId}:root`))
      throw accessDenied(`User: ${identity.callerArn} is not authorized to perform: sts:AssumeRole on resource: ${arnOf(role)}`);
    call.authorize('sts:AssumeRole', arnOf(role));
  }
  const key = await store.assumeRole(name, session, seconds);
  return { Credentials: credentials(key), AssumedRoleUser: { Arn: `arn:aws:sts::${accountId}:assumed-role/${name}/${session}` } };
}

function ownedKey(call: ApiCall, store: IdentityStore, action: string): string {
  const [name, id] = [member(call, 'UserName', nameRule), member(call, 'AccessKeyId', keyRule)];
  allow(call, action, 'user', name);
  store.get('user', name);
  // A key of somebody else is not this user's to change, whoever asks.
  if (!store.keysOf('user', name).some(({ accessKeyId }) => accessKeyId === id))
    throw new ApiError('NoSuchEntity', 404, `The Access Key with id ${id} cannot be found.`);
  return id;
}

function member(call: ApiCall, name: string, rule: Parameters<ApiCall['input']['text']>[1]): string {
  const value = call.input.required(name, call.input.text(name, rule));
  call.input.check();
  return value ?? '';
}

const allow = (call: ApiCall, action: string, kind: PrincipalKind, name: string): void =>
  call.authorize(`iam:${action}`, arnOf({ kind, name }));

const described = (record: PrincipalRecord): Answer => ({
  Name: record.name,
  Arn: arnOf(record),
  CreateDate: new Date(record.createdAt / 1_000).toISOString(),
  Policies: record.policies,
  AttachedPolicies: record.attached,
  ...(record.kind === 'role' ? { TrustedArns: record.trusted } : {}),
});

const keyDescribed = ({ accessKeyId, owner, createdAt, isActive }: KeyRecord): Answer => ({
  UserName: owner.name,
  AccessKeyId: accessKeyId,
  Status: isActive ? 'Active' : 'Inactive',
  CreateDate: new Date(createdAt / 1_000).toISOString(),
});

const credentials = ({ accessKeyId, secretAccessKey, session }: AccessKey): Answer => ({
  AccessKeyId: accessKeyId,
  SecretAccessKey: secretAccessKey,
  ...(session === undefined ? {} : { SessionToken: session.token, Expiration: new Date(session.expiresAt / 1_000).toISOString() }),
});
