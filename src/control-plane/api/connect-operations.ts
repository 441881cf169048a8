/** What somebody needs to connect to a cluster, with a fresh token signed by the caller's own key: for those who cannot sign themselves, as a browser. */
import { endpointName } from '#deployment/cluster-records.ts';
import { actionFor, makeConnectionToken } from '#iam/connection-token.ts';
import type { Identities } from '#iam/iam.ts';
import type { Regions } from '../regions.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { accessDenied } from './api-error.ts';
import { found } from './cluster-operations.ts';

export type ConnectParts = { readonly identities: Identities; readonly regions: Regions; readonly host: string };

const tokenSeconds = { minimum: 1, usual: 900, maximum: 604_800 };
const userRule = { minimum: 1, maximum: 63 };

export function connectOperations(parts: ConnectParts): readonly Operation[] {
  return [
    {
      name: 'CreateConnectionToken',
      method: 'POST',
      path: '/borealis/clusters/:identifier/token',
      run: (call) => createToken(call, parts),
    },
  ];
}

async function createToken(call: ApiCall, { identities, regions, host }: ConnectParts): Promise<Answer> {
  const { accessKeyId, world } = call.parts;
  const user = call.input.text('user', userRule) ?? 'admin';
  const expiresInSeconds = call.input.integer('expiresIn', tokenSeconds.minimum, tokenSeconds.maximum) ?? tokenSeconds.usual;
  call.input.check();
  const cluster = found(call, `dsql:${actionFor(user)}`);
  const key = identities.find(accessKeyId);
  if (key === undefined) throw accessDenied('The security token included in the request is invalid.');
  const hostName = endpointName(cluster);
  const signedAt = new Date(world.clock.now() / 1_000);
  return {
    token: await makeConnectionToken({ host: hostName, region: cluster.region, user, signedAt, expiresInSeconds }, key),
    expiresIn: expiresInSeconds,
    user,
    hostName,
    address: host === '0.0.0.0' || host === '::' ? undefined : host,
    port: regions.ports.find(({ name }) => name === cluster.region)?.port,
    // Reached by address alone; every other cluster must be named.
    isDefault: cluster.isDefault,
  };
}
