import { describe, expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import { makeAccessKey, rootPrincipal } from './access-key-file.ts';
import { refusalOf } from './authorization.ts';
import { makeConnectionToken } from './connection-token.ts';
import { IdentityStore } from './identity-store.ts';
import { verifyToken } from './token-verifier.ts';

const policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'dsql:DbConnect', Resource: '*' } });

async function opened() {
  const world = realWorld({ log: silentLog, disk: memoryDisk() });
  const root = makeAccessKey(world.random, rootPrincipal);
  const open = () => IdentityStore.open(world, 'identities.log', root);
  return { world, root, open, store: await open() };
}

describe('identities', () => {
  it('are found by their keys, also after a restart, and no more once deactivated or removed', async () => {
    const { store, root, open } = await opened();
    expect(store.identityOf(root.accessKeyId)).toMatchObject({ type: 'Root', arn: rootPrincipal });
    await store.create('user', 'alice');
    await store.setPolicy('user', 'alice', 'connect', policy);
    const key = await store.createKey('alice');
    await store.close();
    const again = await open();
    expect(again.find(key.accessKeyId)).toEqual(key);
    const identity = again.identityOf(key.accessKeyId);
    expect(identity).toMatchObject({ type: 'IAMUser', arn: 'arn:aws:iam::000000000000:user/alice' });
    if (identity === undefined) throw new Error('no identity');
    expect(refusalOf({ identity, action: 'dsql:DbConnect', resource: 'arn:aws:dsql:x:y:cluster/z' })).toBe(undefined);
    expect(refusalOf({ identity, action: 'dsql:DbConnectAdmin', resource: 'arn:aws:dsql:x:y:cluster/z' })).toMatch('not authorized');
    await again.setKeyActive(key.accessKeyId, false);
    expect(again.find(key.accessKeyId)).toBe(undefined);
    await again.setKeyActive(key.accessKeyId, true);
    await again.remove('user', 'alice');
    expect(again.find(key.accessKeyId)).toBe(undefined);
    expect(again.identityOf(key.accessKeyId)).toBe(undefined);
  });

  it('of roles have temporary keys, which end', async () => {
    const { world, store } = await opened();
    await store.create('role', 'app', ['arn:aws:iam::000000000000:root']);
    await store.setAttached('role', 'app', 'arn:aws:iam::aws:policy/AmazonAuroraDSQLFullAccess', true);
    const key = await store.assumeRole('app', 'nightly', 60);
    expect(store.identityOf(key.accessKeyId)).toMatchObject({
      arn: 'arn:aws:iam::000000000000:role/app',
      callerArn: 'arn:aws:sts::000000000000:assumed-role/app/nightly',
    });
    const check = async (by: typeof key, now: number) => {
      const token = await makeConnectionToken({ host: 'h', region: 'r', user: 'admin', signedAt: new Date(), expiresInSeconds: 900 }, by);
      return verifyToken({ token, user: 'admin', region: 'r', hosts: ['h'], now }, store);
    };
    expect(await check(key, world.clock.now())).toMatchObject({ kind: 'allowed', principal: 'arn:aws:iam::000000000000:role/app' });
    expect(await check(key, world.clock.now() + 61_000_000)).toEqual({
      kind: 'denied',
      hint: 'The security token included in the request is expired',
    });
    const { session: _, ...without } = key;
    expect(await check(without, world.clock.now())).toMatchObject({ hint: 'The security token included in the request is invalid.' });
  });

  it('refuse in IAM’s words', async () => {
    const { store } = await opened();
    await store.create('user', 'alice');
    await expect(store.create('user', 'alice')).rejects.toThrow('User with name alice already exists.');
    await expect(store.create('user', 'a b')).rejects.toThrow('not a valid name');
    await expect(store.createKey('bob')).rejects.toThrow('The user with name bob cannot be found.');
    await expect(store.setPolicy('user', 'alice', 'p', '{')).rejects.toThrow('not valid JSON');
    await store.createKey('alice');
    await store.createKey('alice');
    await expect(store.createKey('alice')).rejects.toThrow('AccessKeysPerUser: 2');
  });
});
