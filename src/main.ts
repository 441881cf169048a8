/**
 * Builds a node from its parts, top to bottom: identity, clusters, then the ports, so that nothing is served before it can be.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { memoryDisk } from '#base/real-world.ts';
import type { Rate } from '#base/token-bucket.ts';
import type { World } from '#base/world.ts';
import { activityOperations } from '#control-plane/api/activity-operations.ts';
import { ApiService } from '#control-plane/api/api-service.ts';
import { backupOperations } from '#control-plane/api/backup-operations.ts';
import { connectOperations } from '#control-plane/api/connect-operations.ts';
import { iamOperations } from '#control-plane/api/iam-operations.ts';
import { ownOperations } from '#control-plane/api/own-operations.ts';
import { streamReading } from '#control-plane/api/stream-reading.ts';
import { AuditLog, usualAuditLimits } from '#control-plane/audit-log.ts';
import { ConsoleFiles } from '#control-plane/console/console-files.ts';
import { ConsoleSessions } from '#control-plane/console/console-session.ts';
import { Endpoints } from '#control-plane/endpoints.ts';
import { HttpServer } from '#control-plane/http-server.ts';
import { type NodeFigures, nodeFigures, samplesOf } from '#control-plane/node-figures.ts';
import { Regions } from '#control-plane/regions.ts';
import { TimeSeries, usualSeries } from '#control-plane/time-series.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import type { ClusterRecord } from '#deployment/cluster-records.ts';
import type { ClusterSource } from '#deployment/cluster-source.ts';
import { Clusters } from '#deployment/clusters.ts';
import type { FleetClusterSource } from '#deployment/fleet/fleet-cluster-source.ts';
import { LocalClusterSource } from '#deployment/local-cluster-source.ts';
import { rootKey } from '#iam/access-key-file.ts';
import type { AccessKey } from '#iam/iam.ts';
import { IdentityStore } from '#iam/identity-store.ts';
import { type ConnectionLimits, dsqlConnectionLimits, openConnectionLimits } from '#pgwire/pgwire.ts';
import { SqlServer } from '#pgwire/sql-server.ts';
import { serverIdentity } from '#pgwire/tls/certificates.ts';
import { loadParser } from '#query-processor/parser/parse.ts';
import type { Profile } from '#sql/settings.ts';
import type { NatsAddress } from '#transport/nats-connection.ts';

export type NodeOptions = {
  readonly directory: string;
  readonly inMemory: boolean;
  readonly host: string;
  /** Of the first Region; 0: any free ones. */
  readonly port: number;
  readonly httpPort: number;
  /** Where the built console lies. */
  readonly consoleDirectory: string;
  readonly regions: readonly string[];
  readonly witnessRegion: string;
  readonly regionRttMs: number;
  readonly profile: Profile;
  readonly hasDefaultCluster: boolean;
  /** Without connections for so long a cluster is closed, until somebody connects. */
  readonly idleMs: number;
  /** How much of every cluster's past is kept; 0: what running transactions need. */
  readonly retainedMs: number;
  /** As much of the past of clusters that have change streams. */
  readonly streamRetainedMs: number;
  /** A Region: so many clusters through the API. DSQL: 20 and 5. */
  readonly singleRegionQuota: number;
  readonly multiRegionQuota: number;
  /** What is undefined is the profile's. */
  readonly connectionLimit: number | undefined;
  readonly connectionRate: number | undefined;
  readonly connectionBurst: number | undefined;
  readonly sessionMs: number | undefined;
  /** Calls of the API by one access key. */
  readonly apiRate: Rate;
  readonly checksTokenHost: boolean;
  /** This node is one of a fleet. */
  readonly fleet: FleetOptions | undefined;
  readonly rootKey: AccessKey | undefined;
  readonly tls: { readonly certificate: Buffer; readonly privateKey: Buffer } | undefined;
  /** Something failed that this process must not survive. Must not return. */
  readonly onFatal: (error: Error) => void;
};

export type FleetOptions = {
  readonly nodeName: string;
  readonly nats: Omit<NatsAddress, 'name'>;
  /** Where the servers tell of themselves (http://host:port); whether they synchronise always is asked there. */
  readonly monitors: readonly string[];
  /** The operator answers for it instead. */
  readonly trustsServers: boolean;
  /** Copies of each stream. */
  readonly replicas: number;
};

/** What others must know to reach the node; `borealis env` and friends read it from the data directory. */
export type DeploymentDescription = {
  readonly formatVersion: 1;
  readonly host: string;
  readonly httpPort: number;
  /** SHA-256 of the certificate that the HTTP port shows; undefined: it speaks plain HTTP. */
  readonly httpFingerprint: string | undefined;
  readonly regions: readonly { readonly name: string; readonly port: number }[];
  readonly clusters: readonly { readonly id: string; readonly isDefault: boolean }[];
};

export type RunningNode = { readonly deployment: DeploymentDescription; stop(): Promise<void> };

export async function startNode(world: World, options: NodeOptions): Promise<RunningNode> {
  const { directory, regions } = options;
  const [key] = await Promise.all([rootKey(world.disk, `${directory}/credentials`, world.random, options.rootKey), loadParser()]);
  // In memory: the clusters' files, not the deployment's own, which other commands read.
  const clusterWorld = options.inMemory ? { ...world, disk: memoryDisk() } : world;
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
  const certificate = new X509Certificate(identity.certificate);
  // Beyond loopback HTTP is over TLS, and where somebody has brought a certificate.
  const httpTls = isLoopback(options.host) && options.tls === undefined ? undefined : identity;
  const secureContext = createSecureContext({ cert: identity.certificate, key: identity.privateKey, minVersion: 'TLSv1.2' });

  const network = new RegionNetwork({ world, regions: [...regions, options.witnessRegion], rttMs: options.regionRttMs });
  let regionsOf: Regions | undefined;
  const fleet = options.fleet === undefined ? undefined : await joinFleet(clusterWorld, options, options.fleet);
  const source: ClusterSource =
    fleet ??
    new LocalClusterSource({
      world: clusterWorld,
      directory: `${directory}/clusters`,
      isInMemory: options.inMemory,
      network,
      profile: options.profile,
      onFailure: options.onFatal,
    });
  const clusters = await Clusters.open({
    world: clusterWorld,
    directory,
    source,
    ...(fleet === undefined ? {} : { defaultClusterId: fleet.defaultClusterId }),
    rules: {
      regions,
      witnessRegion: options.witnessRegion,
      singleRegionQuota: options.singleRegionQuota,
      multiRegionQuota: options.multiRegionQuota,
    },
    idleMs: options.idleMs,
    retainedMs: options.retainedMs,
    streamRetainedMs: options.streamRetainedMs,
    hasDefaultCluster: options.hasDefaultCluster,
    closeEndpoint: ({ region, id }) => regionsOf?.closeEndpoint(region, id),
    onFailure: options.onFatal,
  });

  const identities = await IdentityStore.open(clusterWorld, `${directory}/identities.log`, key);
  const audit = new AuditLog(
    clusterWorld,
    `${directory}/audit`,
    options.inMemory ? { ...usualAuditLimits, fileBytes: 1024 * 1024, files: 2 } : usualAuditLimits,
  );
  // The AWS SDK's signer takes longer to load than the rest takes to start: it is loaded once the ports are open, at the latest for the first password.
  const verifier = once(() => import('#iam/token-verifier.ts'));
  const endpoints = new Endpoints({ world, clusters, identities, audit, checksTokenHost: options.checksTokenHost, verifier });

  const regionControl = new Regions({
    names: regions,
    witness: options.witnessRegion,
    network,
    rttMs: options.regionRttMs,
    clusters,
    listen: (region, port) => SqlServer.listen(sqlServerOptions(region, port)),
  });
  regionsOf = regionControl;
  const figures = (): NodeFigures => nodeFigures({ regions: regionControl, clusters, endpoints });
  const series = new TimeSeries({ world, sample: () => samplesOf(figures()), ...usualSeries });
  const api = new ApiService({
    world,
    clusters,
    identities,
    audit,
    ownOperations: [
      ...ownOperations({ regions: regionControl, audit, series }),
      ...iamOperations(identities),
      ...backupOperations,
      ...streamReading(),
      ...activityOperations(),
      ...connectOperations({ identities, regions: regionControl, host: options.host }),
    ],
    rate: options.apiRate,
  });

  let isServing = false;
  const stop = async (): Promise<void> => {
    isServing = false;
    series.close();
    await http?.close();
    await regionControl.close();
    await clusters.close();
    await fleet?.leave();
    await identities.close();
    await audit.close();
  };
  let http: HttpServer | undefined;
  try {
    await regionControl.listen(options.port);
    http = await HttpServer.listen({
      host: options.host,
      port: options.httpPort,
      isServing: () => isServing,
      isReady: () => isServing && regionControl.isReady,
      metrics: once(async () => {
        const { collectMetrics } = await import('#control-plane/metrics.ts');
        return collectMetrics(figures);
      }),
      api,
      console: {
        world,
        sessions: new ConsoleSessions(world, identities),
        files: new ConsoleFiles(world.disk, options.consoleDirectory),
        clusters,
        endpoints,
        api,
        audit,
        isSecure: httpTls !== undefined,
      },
      hostNames: [
        ...['localhost', '127.0.0.1', '::1', options.host.toLowerCase()],
        ...regions.map((region) => `dsql.${region}.api.aws`),
        // Whoever has brought a certificate says by it how the deployment is called.
        ...(options.tls === undefined ? [] : namesIn(certificate)),
      ],
      tls: httpTls,
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
      httpFingerprint: httpTls === undefined ? undefined : certificate.fingerprint256,
      regions: regionControl.ports,
      clusters: distinct(clusters.registry.clusters()),
    },
    stop,
  };

  function sqlServerOptions(region: string, port: number): Parameters<typeof SqlServer.listen>[0] {
    return {
      world,
      host: options.host,
      port,
      secureContext: (): SecureContext => secureContext,
      router: endpoints.router(region),
      limits: connectionLimits(options),
      cancel: (processId, secret) => {
        for (const { cluster } of clusters.open) cluster.queryProcessor(region)?.cancel(processId, secret);
      },
    };
  }
}

/** NATS's client is loaded by the nodes of a fleet only. */
async function joinFleet(
  world: World,
  options: NodeOptions,
  { nodeName, nats, monitors, trustsServers, replicas }: FleetOptions,
): Promise<FleetClusterSource> {
  const { FleetClusterSource } = await import('#deployment/fleet/fleet-cluster-source.ts');
  return FleetClusterSource.join({
    world,
    directory: `${options.directory}/clusters`,
    isInMemory: options.inMemory,
    profile: options.profile,
    region: options.regions[0],
    nodeName,
    address: { ...nats, name: nodeName },
    monitors,
    trustsServers,
    replicas,
    onFailure: options.onFatal,
  });
}

function connectionLimits({ profile, connectionLimit, connectionRate, connectionBurst, sessionMs }: NodeOptions): ConnectionLimits {
  const usual = profile === 'dsql' ? dsqlConnectionLimits : openConnectionLimits;
  return {
    ...usual,
    connections: connectionLimit ?? usual.connections,
    connectionsPerSecond: connectionRate ?? usual.connectionsPerSecond,
    connectionBurst: connectionBurst ?? usual.connectionBurst,
    sessionMs: sessionMs ?? usual.sessionMs,
  };
}

/** Makes the value on first use, once. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Host names and addresses; those with a wildcard say too little. */
function namesIn({ subjectAltName }: X509Certificate): readonly string[] {
  return [...(subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^,\s*"]+)(?=,|$)/g)].map(([, name]) => name.toLowerCase());
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** The default cluster has the same id in each of its Regions. */
function distinct(records: readonly ClusterRecord[]): { readonly id: string; readonly isDefault: boolean }[] {
  return [...new Map(records.map(({ id, isDefault }) => [id, { id, isDefault }])).values()];
}

function certificateNames(options: NodeOptions): string[] {
  const own = options.host === '0.0.0.0' || options.host === '::' ? [] : [options.host];
  return [...new Set(['localhost', '127.0.0.1', '::1', ...own, ...options.regions.map((region) => `*.dsql.${region}.on.aws`)])];
}
