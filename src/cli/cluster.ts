/** `borealis cluster create|list|get|update|delete`: through the public API, as any other client. */
import { randomUUID } from 'node:crypto';
import { type ApiAnswer, ApiClient } from './api-client.ts';
import { CommandError } from './data-directory.ts';
import { printAnswer } from './print-answer.ts';

export type ClusterChoice = { readonly dataDir: string; readonly region: string | undefined; readonly isJson: boolean };

export type CreateChoice = ClusterChoice & {
  /** Two Regions: a cluster in each, linked. */
  readonly regions: readonly string[] | undefined;
  readonly witnessRegion: string | undefined;
  readonly tags: readonly string[];
  readonly isProtected: boolean;
};

const settlingMs = 20_000;

export async function createClusters(choice: CreateChoice): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const common = { deletionProtectionEnabled: choice.isProtected, tags: tagsOf(choice.tags) };
  const create = (region: string, multiRegionProperties?: object): Promise<ApiAnswer> =>
    client.call(region, 'POST', '/cluster', {
      clientToken: randomUUID(),
      ...common,
      ...(multiRegionProperties === undefined ? {} : { multiRegionProperties }),
    });
  const { regions, witnessRegion } = choice;
  if (regions === undefined) {
    const region = regionOf(client, choice);
    const properties = witnessRegion === undefined ? undefined : { witnessRegion };
    printAnswer(await settled(client, region, await create(region, properties)), choice.isJson);
    return;
  }
  if (regions.length !== 2) throw new CommandError('--regions takes two Regions, such as us-east-1,us-east-2');
  if (witnessRegion === undefined) throw new CommandError('a multi-Region cluster needs a --witness-region');
  const [here, there] = regions;
  const first = await create(here, { witnessRegion });
  const second = await create(there, { witnessRegion, clusters: [first.arn] });
  await client.call(here, 'POST', `/cluster/${String(first.identifier)}`, {
    clientToken: randomUUID(),
    multiRegionProperties: { witnessRegion, clusters: [second.arn] },
  });
  printAnswer({ clusters: [await settled(client, here, first), await settled(client, there, second)] }, choice.isJson);
}

export async function listClusters(choice: ClusterChoice): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const regions = choice.region === undefined ? client.deployment.regions.map(({ name }) => name) : [choice.region];
  const clusters: ApiAnswer[] = [];
  for (const region of regions) {
    for (let token: unknown = ''; typeof token === 'string'; ) {
      const page: ApiAnswer = await client.call(region, 'GET', `/cluster${token === '' ? '' : `?next-token=${encodeURIComponent(token)}`}`);
      const summaries: readonly unknown[] = Array.isArray(page.clusters) ? page.clusters : [];
      for (const summary of summaries) {
        const id = typeof summary === 'object' && summary !== null && 'identifier' in summary ? String(summary.identifier) : '';
        // It may have gone since the page was made.
        const cluster = await client.find(region, `/cluster/${id}`);
        if (cluster !== undefined) clusters.push(cluster);
      }
      token = page.nextToken;
    }
  }
  printAnswer({ clusters }, choice.isJson);
}

export async function getCluster(id: string, choice: ClusterChoice): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const [, cluster] = await located(client, id, choice);
  printAnswer(cluster, choice.isJson);
}

export async function updateCluster(
  id: string,
  choice: ClusterChoice & {
    readonly protection: string | undefined;
    readonly witnessRegion: string | undefined;
    readonly peer: string | undefined;
  },
): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const [region] = await located(client, id, choice);
  const { protection, witnessRegion, peer } = choice;
  if (protection !== undefined && protection !== 'on' && protection !== 'off')
    throw new CommandError(`--deletion-protection takes on or off, not "${protection}"`);
  const multiRegion = { ...(witnessRegion === undefined ? {} : { witnessRegion }), ...(peer === undefined ? {} : { clusters: [peer] }) };
  const answer = await client.call(region, 'POST', `/cluster/${id}`, {
    clientToken: randomUUID(),
    ...(protection === undefined ? {} : { deletionProtectionEnabled: protection === 'on' }),
    ...(Object.keys(multiRegion).length === 0 ? {} : { multiRegionProperties: multiRegion }),
  });
  printAnswer(await settled(client, region, answer), choice.isJson);
}

export async function deleteCluster(id: string, choice: ClusterChoice): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const [region] = await located(client, id, choice);
  printAnswer(await client.call(region, 'DELETE', `/cluster/${id}?client-token=${randomUUID()}`), choice.isJson);
}

function regionOf({ deployment }: ApiClient, { region }: ClusterChoice): string {
  return region ?? deployment.regions[0].name;
}

export async function located(client: ApiClient, id: string, { region }: ClusterChoice): Promise<readonly [string, ApiAnswer]> {
  const regions = region === undefined ? client.deployment.regions.map(({ name }) => name) : [region];
  for (const name of regions) {
    const cluster = await client.find(name, `/cluster/${encodeURIComponent(id)}`);
    if (cluster !== undefined) return [name, cluster];
  }
  throw new CommandError(`no cluster ${id} here`);
}

/** Waits until it is what it is going to be. */
export async function settled(client: ApiClient, region: string, made: ApiAnswer, patienceMs = settlingMs): Promise<ApiAnswer> {
  for (const startedMs = performance.now(); performance.now() - startedMs < patienceMs; ) {
    const cluster = await client.call(region, 'GET', `/cluster/${String(made.identifier)}`);
    if (cluster.status === 'FAILED') throw new CommandError(`cluster ${String(made.identifier)} could not be made: the log says why`);
    if (cluster.status !== 'CREATING' && cluster.status !== 'UPDATING') return cluster;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new CommandError(`cluster ${String(made.identifier)} is still being set up: look again with borealis cluster get`);
}

function tagsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals <= 0) throw new CommandError(`--tag takes NAME=VALUE, not "${text}"`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
