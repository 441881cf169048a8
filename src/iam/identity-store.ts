/**
 * Users, roles and their keys, kept durably (base/record-log.ts), beside the root, whose key is in the credentials file.
 *
 *   user/NAME, role/NAME    policies by name, and attached managed ones
 *   key/ID                  a user's key, or the temporary key of somebody who has taken a role on
 */
import { RecordLog } from '#base/record-log.ts';
import type { World } from '#base/world.ts';
import { makeAccessKey } from './access-key-file.ts';
import { type AccessKey, accountId, type Identities, type Identity } from './iam.ts';
import { managedPolicies } from './managed-policies.ts';
import { MalformedPolicy, type Policy, parsePolicy } from './policy.ts';

export type PrincipalKind = 'user' | 'role';

export type PrincipalRecord = {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly createdAt: number;
  readonly policies: Readonly<Record<string, string>>;
  /** ARNs of managed policies. */
  readonly attached: readonly string[];
  /** Roles: ARNs that may take it on. */
  readonly trusted: readonly string[];
};

export type KeyRecord = {
  readonly kind: 'key';
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly owner: { readonly kind: PrincipalKind; readonly name: string };
  readonly createdAt: number;
  readonly isActive: boolean;
  readonly session: { readonly name: string; readonly token: string; readonly expiresAt: number } | undefined;
};

type IdentityRecord = PrincipalRecord | KeyRecord;

/** A refusal in IAM's words. */
export class IamRefusal extends Error {
  override readonly name = 'IamRefusal';
  readonly type:
    | 'NoSuchEntity'
    | 'EntityAlreadyExists'
    | 'ValidationError'
    | 'MalformedPolicyDocument'
    | 'LimitExceeded'
    | 'DeleteConflict';

  constructor(type: IamRefusal['type'], message: string) {
    super(message);
    this.type = type;
  }
}

const keysOfUser = 2;

export const arnOf = ({ kind, name }: { readonly kind: PrincipalKind; readonly name: string }): string =>
  `arn:aws:iam::${accountId}:${kind}/${name}`;

export class IdentityStore implements Identities {
  readonly #world: World;
  readonly #log: RecordLog<IdentityRecord>;
  readonly #root: AccessKey;
  /** Parsed once: policies are evaluated at every call. */
  readonly #parsed = new WeakMap<PrincipalRecord, readonly Policy[]>();

  private constructor(world: World, log: RecordLog<IdentityRecord>, root: AccessKey) {
    this.#world = world;
    this.#log = log;
    this.#root = root;
  }

  static async open(world: World, path: string, root: AccessKey): Promise<IdentityStore> {
    return new IdentityStore(world, await RecordLog.open<IdentityRecord>(world.disk, path), root);
  }

  find(accessKeyId: string): AccessKey | undefined {
    if (accessKeyId === this.#root.accessKeyId) return this.#root;
    const key = this.#key(accessKeyId);
    if (key === undefined || !key.isActive || this.#principal(key.owner.kind, key.owner.name) === undefined) return undefined;
    const { secretAccessKey, owner, session } = key;
    return { accessKeyId, secretAccessKey, principal: arnOf(owner), ...(session === undefined ? {} : { session }) };
  }

  identityOf(accessKeyId: string): Identity | undefined {
    if (accessKeyId === this.#root.accessKeyId)
      return { type: 'Root', arn: this.#root.principal, callerArn: this.#root.principal, name: 'root', policies: [] };
    const key = this.#key(accessKeyId);
    const owner = key === undefined ? undefined : this.#principal(key.owner.kind, key.owner.name);
    if (key === undefined || owner === undefined) return undefined;
    const { name } = owner;
    const policies = this.#policiesOf(owner);
    const arn = arnOf(owner);
    return key.session === undefined
      ? { type: 'IAMUser', arn, callerArn: arn, name, policies }
      : { type: 'AssumedRole', arn, callerArn: `arn:aws:sts::${accountId}:assumed-role/${name}/${key.session.name}`, name, policies };
  }

  list(kind: PrincipalKind): readonly PrincipalRecord[] {
    return this.#log.entries(`${kind}/`).flatMap(([, record]) => (record.kind === kind ? [record] : []));
  }

  keysOf(kind: PrincipalKind, name: string): readonly KeyRecord[] {
    return this.#log
      .entries('key/')
      .flatMap(([, record]) => (record.kind === 'key' && record.owner.kind === kind && record.owner.name === name ? [record] : []));
  }

  get(kind: PrincipalKind, name: string): PrincipalRecord {
    const found = this.#principal(kind, name);
    if (found === undefined) throw new IamRefusal('NoSuchEntity', `The ${kind} with name ${name} cannot be found.`);
    return found;
  }

  async create(kind: PrincipalKind, name: string, trusted: readonly string[] = []): Promise<PrincipalRecord> {
    if (!/^[\w+=,.@-]{1,64}$/.test(name)) throw new IamRefusal('ValidationError', `${name} is not a valid name.`);
    if (this.#principal(kind, name) !== undefined)
      throw new IamRefusal('EntityAlreadyExists', `${kind === 'user' ? 'User' : 'Role'} with name ${name} already exists.`);
    const made: PrincipalRecord = { kind, name, createdAt: this.#world.clock.now(), policies: {}, attached: [], trusted };
    await this.#put(made);
    return made;
  }

  /** With its keys. */
  async remove(kind: PrincipalKind, name: string): Promise<void> {
    this.get(kind, name);
    const keys = this.keysOf(kind, name).map(({ accessKeyId }) => ({ key: `key/${accessKeyId}`, value: undefined }));
    await this.#log.commit([{ key: `${kind}/${name}`, value: undefined }, ...keys]);
  }

  /** `text` undefined removes it. */
  async setPolicy(kind: PrincipalKind, name: string, policyName: string, text: string | undefined): Promise<void> {
    const before = this.get(kind, name);
    if (!/^[\w+=,.@-]{1,128}$/.test(policyName)) throw new IamRefusal('ValidationError', `${policyName} is not a valid name of a policy.`);
    if (text === undefined && before.policies[policyName] === undefined)
      throw new IamRefusal('NoSuchEntity', `The ${kind} policy with name ${policyName} cannot be found.`);
    if (text !== undefined) checkPolicy(text);
    const others = Object.entries(before.policies).filter(([other]) => other !== policyName);
    await this.#put({ ...before, policies: Object.fromEntries(text === undefined ? others : [...others, [policyName, text]]) });
  }

  async setAttached(kind: PrincipalKind, name: string, arn: string, isAttached: boolean): Promise<void> {
    const before = this.get(kind, name);
    if (!managedPolicies.has(arn)) throw new IamRefusal('NoSuchEntity', `Policy ${arn} does not exist.`);
    const others = before.attached.filter((other) => other !== arn);
    await this.#put({ ...before, attached: isAttached ? [...others, arn] : others });
  }

  async createKey(userName: string): Promise<AccessKey> {
    this.get('user', userName);
    if (this.keysOf('user', userName).length >= keysOfUser)
      throw new IamRefusal('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${keysOfUser}`);
    return this.#makeKey({ kind: 'user', name: userName }, undefined);
  }

  async setKeyActive(accessKeyId: string, isActive: boolean): Promise<void> {
    const before = this.#keyOrRefuse(accessKeyId);
    await this.#log.commit([{ key: `key/${accessKeyId}`, value: { ...before, isActive } }]);
  }

  async removeKey(accessKeyId: string): Promise<void> {
    this.#keyOrRefuse(accessKeyId);
    await this.#log.commit([{ key: `key/${accessKeyId}`, value: undefined }]);
  }

  /** Temporary keys of a role. Those that have run out go with the same step. */
  async assumeRole(roleName: string, sessionName: string, seconds: number): Promise<AccessKey> {
    this.get('role', roleName);
    if (!/^[\w+=,.@-]{2,64}$/.test(sessionName))
      throw new IamRefusal('ValidationError', `${sessionName} is not a valid name of a session.`);
    const token = Buffer.from(this.#world.random.bytes(48)).toString('base64');
    const expiresAt = this.#world.clock.now() + seconds * 1_000_000;
    return this.#makeKey({ kind: 'role', name: roleName }, { name: sessionName, token, expiresAt });
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async #makeKey(owner: KeyRecord['owner'], session: KeyRecord['session']): Promise<AccessKey> {
    const now = this.#world.clock.now();
    const { accessKeyId, secretAccessKey, principal } = makeAccessKey(
      this.#world.random,
      arnOf(owner),
      session === undefined ? 'AKIA' : 'ASIA',
    );
    const record: KeyRecord = { kind: 'key', accessKeyId, secretAccessKey, owner, createdAt: now, isActive: true, session };
    const expired = this.#log
      .entries('key/')
      .flatMap(([key, found]) => (found.kind === 'key' && (found.session?.expiresAt ?? now + 1) <= now ? [{ key, value: undefined }] : []));
    await this.#log.commit([...expired, { key: `key/${accessKeyId}`, value: record }]);
    return { accessKeyId, secretAccessKey, principal, ...(session === undefined ? {} : { session }) };
  }

  #policiesOf(owner: PrincipalRecord): readonly Policy[] {
    let policies = this.#parsed.get(owner);
    if (policies === undefined) {
      policies = [
        ...Object.values(owner.policies).map((text) => parsePolicy(text, 'identity')),
        ...owner.attached.flatMap((arn) => managedPolicies.get(arn) ?? []),
      ];
      this.#parsed.set(owner, policies);
    }
    return policies;
  }

  #principal(kind: PrincipalKind, name: string): PrincipalRecord | undefined {
    const found = this.#log.get(`${kind}/${name}`);
    return found !== undefined && found.kind === kind ? found : undefined;
  }

  #key(accessKeyId: string): KeyRecord | undefined {
    const found = this.#log.get(`key/${accessKeyId}`);
    return found?.kind === 'key' ? found : undefined;
  }

  #keyOrRefuse(accessKeyId: string): KeyRecord {
    const found = this.#key(accessKeyId);
    if (found === undefined) throw new IamRefusal('NoSuchEntity', `The Access Key with id ${accessKeyId} cannot be found.`);
    return found;
  }

  #put(record: PrincipalRecord): Promise<void> {
    return this.#log.commit([{ key: `${record.kind}/${record.name}`, value: record }]);
  }
}

function checkPolicy(text: string): void {
  try {
    parsePolicy(text, 'identity');
  } catch (error) {
    if (error instanceof MalformedPolicy) throw new IamRefusal('MalformedPolicyDocument', error.message);
    throw error;
  }
}
