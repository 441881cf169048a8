/** Which endpoint `token`, `env` and `psql` mean, and the token for it. */

import { makeConnectionToken } from '#iam/connection-token.ts';
import type { AccessKey } from '#iam/iam.ts';
import { ApiClient, reachable } from './api-client.ts';
import { CommandError, readDeployment } from './data-directory.ts';
import { accessKeyFor } from './own-key.ts';

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
  readonly isHttpSecure: boolean;
  readonly key: AccessKey;
};

export async function findEndpoint(choice: EndpointChoice, environment: NodeJS.ProcessEnv): Promise<Endpoint> {
  const deployment = readDeployment(choice.dataDir);
  const chosen = choice.region === undefined ? deployment.regions : deployment.regions.filter(({ name }) => name === choice.region);
  if (chosen.length === 0) {
    throw new CommandError(`no Region ${choice.region} here: there are ${deployment.regions.map(({ name }) => name).join(', ')}`);
  }
  const defaultId = deployment.clusters.find(({ isDefault }) => isDefault)?.id;
  const clusterId = choice.cluster ?? defaultId;
  if (clusterId === undefined) throw new CommandError('there is no default cluster: name one with --cluster');
  const region = clusterId === defaultId ? chosen[0] : await regionOf(clusterId, chosen, choice.dataDir, environment);
  return {
    clusterId,
    isDefaultCluster: clusterId === defaultId,
    region: region.name,
    hostName: endpointName(clusterId, region.name),
    address: reachable(deployment.host),
    port: region.port,
    httpPort: deployment.httpPort,
    isHttpSecure: deployment.httpFingerprint !== undefined,
    key: accessKeyFor(choice.dataDir, environment),
  };
}

/** Clusters come and go while the deployment runs: it is asked where this one is. */
async function regionOf<Region extends { readonly name: string }>(
  clusterId: string,
  regions: readonly Region[],
  dataDir: string,
  environment: NodeJS.ProcessEnv,
): Promise<Region> {
  if (!/^[a-z0-9]{26}$/.test(clusterId)) throw new CommandError(`no cluster ${clusterId} here`);
  const client = new ApiClient(dataDir, environment);
  for (const region of regions) if ((await client.find(region.name, `/cluster/${clusterId}`)) !== undefined) return region;
  throw new CommandError(`no cluster ${clusterId} here`);
}

export const endpointName = (clusterId: string, region: string): string => `${clusterId}.dsql.${region}.on.aws`;

export function tokenFor(endpoint: Endpoint, user: string, expiresInSeconds: number): Promise<string> {
  const request = { host: endpoint.hostName, region: endpoint.region, user, signedAt: new Date(), expiresInSeconds };
  return makeConnectionToken(request, endpoint.key);
}
