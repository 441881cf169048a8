/** Which endpoint `token`, `env` and `psql` mean, and the token for it. */

import { parseCredentials } from '#iam/access-key-file.ts';
import { makeConnectionToken } from '#iam/connection-token.ts';
import type { AccessKey } from '#iam/iam.ts';
import { CommandError, readCredentialsFile, readDeployment } from './data-directory.ts';

export type EndpointChoice = { readonly dataDir: string; readonly cluster: string | undefined; readonly region: string | undefined };

export type Endpoint = {
  readonly clusterId: string;
  readonly isDefaultCluster: boolean;
  readonly region: string;
  /** `ID.dsql.REGION.on.aws`: the name that tokens are for and certificates carry. */
  readonly hostName: string;
  /** Where it really listens. */
  readonly address: string;
  readonly port: number;
  readonly httpPort: number;
  readonly key: AccessKey;
};

export function findEndpoint(choice: EndpointChoice, environment: NodeJS.ProcessEnv): Endpoint {
  const deployment = readDeployment(choice.dataDir);
  const region = choice.region === undefined ? deployment.regions[0] : deployment.regions.find(({ name }) => name === choice.region);
  if (region === undefined) {
    throw new CommandError(`no Region ${choice.region} here: there are ${deployment.regions.map(({ name }) => name).join(', ')}`);
  }
  const cluster = deployment.clusters.find(({ id, isDefault }) => (choice.cluster === undefined ? isDefault : id === choice.cluster));
  if (cluster === undefined)
    throw new CommandError(
      choice.cluster === undefined ? 'there is no default cluster: name one with --cluster' : `no cluster ${choice.cluster} here`,
    );
  return {
    clusterId: cluster.id,
    isDefaultCluster: cluster.isDefault,
    region: region.name,
    hostName: endpointName(cluster.id, region.name),
    address: deployment.host === '0.0.0.0' ? '127.0.0.1' : deployment.host === '::' ? '::1' : deployment.host,
    port: region.port,
    httpPort: deployment.httpPort,
    key: accessKeyFor(choice.dataDir, environment),
  };
}

export const endpointName = (clusterId: string, region: string): string => `${clusterId}.dsql.${region}.on.aws`;

export function tokenFor(endpoint: Endpoint, user: string, expiresInSeconds: number): Promise<string> {
  const request = { host: endpoint.hostName, region: endpoint.region, user, signedAt: new Date(), expiresInSeconds };
  return makeConnectionToken(request, endpoint.key);
}

/** The root key given by the environment. */
export function givenRootKey(environment: NodeJS.ProcessEnv): AccessKey | undefined {
  const accessKeyId = environment.BOREALIS_ROOT_ACCESS_KEY_ID;
  const secretAccessKey = environment.BOREALIS_ROOT_SECRET_ACCESS_KEY;
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey)
    throw new CommandError('BOREALIS_ROOT_ACCESS_KEY_ID and BOREALIS_ROOT_SECRET_ACCESS_KEY go together');
  return parseCredentials(`[default]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`);
}

function accessKeyFor(dataDir: string, environment: NodeJS.ProcessEnv): AccessKey {
  const key = givenRootKey(environment) ?? parseCredentials(readCredentialsFile(dataDir));
  if (key === undefined) throw new CommandError(`${dataDir}/credentials holds no access key`);
  return key;
}
