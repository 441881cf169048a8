/**
 * Builds a node from its parts, top to bottom: identity, clusters, then the ports, so that nothing is served before it can be.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { randomId } from '#base/base32.ts';
import { memoryDisk } from '#base/real-world.ts';
import type { World } from '#base/world.ts';
import { HttpServer } from '#control-plane/http-server.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import { Cluster } from '#deployment/cluster.ts';
import { accessKeysOf, rootKey } from '#iam/access-key-file.ts';
import type { AccessKey } from '#iam/iam.ts';
import { type ClusterRouter, dsqlConnectionLimits, type RoutedCluster } from '#pgwire/pgwire.ts';
import { SqlServer } from '#pgwire/sql-server.ts';
import { serverIdentity } from '#pgwire/tls/certificates.ts';
import { loadParser } from '#query-processor/parser/parse.ts';
import type { Profile } from '#sql/settings.ts';

export type NodeOptions = {
  readonly directory: string;
  readonly inMemory: boolean;
  readonly host: string;
  /** Of the first Region; 0: any free ones. */
  readonly port: number;
  readonly httpPort: number;
  readonly regions: readonly string[];
  readonly witnessRegion: string;
  readonly regionRttMs: number;
  readonly profile: Profile;
  readonly hasDefaultCluster: boolean;
  readonly checksTokenHost: boolean;
  readonly rootKey: AccessKey | undefined;
  readonly tls: { readonly certificate: Buffer; readonly privateKey: Buffer } | undefined;
  /** Something failed that this process must not survive. Must not return. */
  readonly onFatal: (error: Error) => void;
};

/** What others must know to reach the node; `borealis env` and friends read it from the data directory. */
export type DeploymentDescription = {
  readonly formatVersion: 1;
  readonly host: string;
  readonly httpPort: number;
  readonly regions: readonly { readonly name: string; readonly port: number }[];
  readonly clusters: readonly { readonly id: string; readonly isDefault: boolean }[];
};

export type RunningNode = { readonly deployment: DeploymentDescription; stop(): Promise<void> };

type ClusterFile = { readonly formatVersion: 1; readonly id: string; readonly isDefault: boolean };

export async function startNode(world: World, options: NodeOptions): Promise<RunningNode> {
  const { directory, regions } = options;
  const [key] = await Promise.all([rootKey(world.disk, `${directory}/credentials`, world.random, options.rootKey), loadParser()]);
  // In memory: the clusters' files, not the deployment's own, which other commands read.
  const clusterWorld = options.inMemory ? { ...world, disk: memoryDisk() } : world;
  const clusterFiles = await knownClusters(clusterWorld, options);
  const identity =
    options.tls === undefined
      ? await serverIdentity({
          disk: world.disk,
          random: world.random,
          now: world.clock.now(),
          directory: `${directory}/tls`,
          names: certificateNames(options),
        })
      : options.tls;
  const secureContext = createSecureContext({ cert: identity.certificate, key: identity.privateKey, minVersion: 'TLSv1.2' });

  const network = new RegionNetwork({ world, regions: [...regions, options.witnessRegion], rttMs: options.regionRttMs });
  const clusters: (ClusterFile & { readonly cluster: Cluster })[] = [];
  for (const file of clusterFiles) {
    const cluster = await Cluster.open({
      world: clusterWorld,
      id: file.id,
      directory: `${directory}/clusters/${file.id}`,
      isInMemory: options.inMemory,
      network,
      regions,
      witnessRegion: options.witnessRegion,
      profile: options.profile,
      onFailure: options.onFatal,
    });
    clusters.push({ ...file, cluster });
  }

  const keys = accessKeysOf(key);
  // The AWS SDK's signer takes longer to load than the rest takes to start: it is loaded once the ports are open, at the latest for the first password.
  const verifier = once(() => import('#iam/token-verifier.ts'));
  const route = (region: string, id: string | undefined, isNamed: boolean): RoutedCluster | undefined => {
    const found = clusters.find((candidate) => (id === undefined ? candidate.isDefault : candidate.id === id));
    const queryProcessor = found?.cluster.queryProcessor(region);
    if (found === undefined || queryProcessor === undefined) return undefined;
    const hosts = [`${found.id}.dsql.${region}.on.aws`, ...(found.isDefault && !isNamed ? ['localhost', '127.0.0.1', '::1', '[::1]'] : [])];
    return {
      id: found.id,
      queryProcessor,
      authenticate: async (user, token) => {
        const { verifyToken } = await verifier();
        return verifyToken({ token, user, region, hosts: options.checksTokenHost ? hosts : undefined, now: world.clock.now() }, keys);
      },
    };
  };

  const servers: SqlServer[] = [];
  let isServing = false;
  const stop = async (): Promise<void> => {
    isServing = false;
    await http?.close();
    await Promise.all(servers.map((server) => server.close()));
    for (const { cluster } of clusters) await cluster.close();
  };
  let http: HttpServer | undefined;
  try {
    for (const [i, region] of regions.entries()) {
      servers.push(await SqlServer.listen(sqlServerOptions(region, options.port === 0 ? 0 : options.port + i)));
    }
    http = await HttpServer.listen({
      host: options.host,
      port: options.httpPort,
      isServing: () => isServing,
      metrics: once(async () => {
        const { collectMetrics } = await import('#control-plane/metrics.ts');
        return collectMetrics(() => ({
          connections: servers.map((server, i) => ({ region: regions[i], count: server.connectionCount })),
          clusters: clusters.map(({ id, cluster }) => ({ id, ...cluster.figures })),
        }));
      }),
      hostNames: ['localhost', '127.0.0.1', '::1', options.host.toLowerCase()],
      tls: isLoopback(options.host) ? undefined : identity,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  isServing = true;
  world.timers.after(0, () => void verifier());
  return {
    deployment: {
      formatVersion: 1,
      host: options.host,
      httpPort: http.port,
      regions: regions.map((name, i) => ({ name, port: servers[i].port })),
      clusters: clusters.map(({ id, isDefault }) => ({ id, isDefault })),
    },
    stop,
  };

  function sqlServerOptions(region: string, port: number): Parameters<typeof SqlServer.listen>[0] {
    const router: ClusterRouter = {
      route: (serverName, clusterId) => {
        const named = serverName === undefined ? undefined : /^([a-z2-7]{26})\.dsql\.([a-z0-9-]+)\.on\.aws$/.exec(serverName);
        if (named) return named[2] === region ? route(region, named[1], true) : undefined;
        return route(region, clusterId, clusterId !== undefined);
      },
    };
    return {
      world,
      host: options.host,
      port,
      secureContext: (): SecureContext => secureContext,
      router,
      limits: dsqlConnectionLimits,
      cancel: (processId, secret) => {
        for (const { cluster } of clusters) cluster.queryProcessor(region)?.cancel(processId, secret);
      },
    };
  }
}

/** Makes the value on first use, once. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** The clusters of the data directory; on the first start the default one, with a new id. */
async function knownClusters(world: World, options: NodeOptions): Promise<ClusterFile[]> {
  const folder = `${options.directory}/clusters`;
  const files = world.disk.list(folder).flatMap((id) => {
    const content = world.disk.read(`${folder}/${id}/cluster.json`);
    return content === undefined ? [] : [JSON.parse(Buffer.from(content).toString('utf8')) as ClusterFile];
  });
  if (!options.hasDefaultCluster || files.some(({ isDefault }) => isDefault)) return files;
  const made: ClusterFile = { formatVersion: 1, id: randomId(world.random), isDefault: true };
  world.disk.makeDirectory(`${folder}/${made.id}`);
  await world.disk.replace(`${folder}/${made.id}/cluster.json`, Buffer.from(`${JSON.stringify(made)}\n`));
  return [...files, made];
}

function certificateNames(options: NodeOptions): string[] {
  const own = options.host === '0.0.0.0' || options.host === '::' ? [] : [options.host];
  return [...new Set(['localhost', '127.0.0.1', '::1', ...own, ...options.regions.map((region) => `*.dsql.${region}.on.aws`)])];
}
