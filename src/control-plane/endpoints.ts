/**
 * Who may connect where: the cluster that a connection means, the token that it shows, the policies that allow it; and the audit of every attempt.
 *
 *   A cluster is meant by TLS server name (ID.dsql.REGION.on.aws, or the PrivateLink name with the service identifier), else by the start-up option
 *   amzn-cluster-id, else it is the Region's default one.
 */
import type { World } from '#base/world.ts';
import { type ClusterRecord, clusterArn, endpointName } from '#deployment/cluster-records.ts';
import type { Clusters } from '#deployment/clusters.ts';
import { refusalOf } from '#iam/authorization.ts';
import { actionFor } from '#iam/connection-token.ts';
import type { Identities, Identity, TokenCheck, TokenVerdict } from '#iam/iam.ts';
import { parsePolicy } from '#iam/policy.ts';
import type { ClusterRouter, RoutedCluster } from '#pgwire/pgwire.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
import type { AuditLog } from './audit-log.ts';
import { resourceTags } from './condition-keys.ts';

export type EndpointsOptions = {
  readonly world: World;
  readonly clusters: Clusters;
  readonly identities: Identities;
  readonly audit: AuditLog;
  readonly checksTokenHost: boolean;
  /** Loaded when first needed: the AWS SDK's signer takes longer to load than the rest to start. */
  readonly verifier: () => Promise<{ verifyToken(check: TokenCheck, keys: Identities): Promise<TokenVerdict> }>;
};

/** Attempts to connect since the start, by Region, cluster and action: DSQL's usage metric. */
export type ConnectionCount = { readonly region: string; readonly cluster: string; readonly action: string; count: number };

export type EntryRequest = {
  readonly region: string;
  readonly id: string;
  readonly user: string;
  readonly identity: Identity;
  readonly accessKeyId: string;
  readonly address: string;
  readonly isSecure: boolean;
};

export type Entry =
  | { readonly kind: 'entered'; readonly queryProcessor: QueryProcessor; readonly roleSettings: ReadonlyMap<string, string> }
  | { readonly kind: 'denied'; readonly hint: string }
  /** There is no such cluster, or it takes no connections. */
  | { readonly kind: 'absent' };

const loopbackNames = ['localhost', '127.0.0.1', '::1', '[::1]'];

export class Endpoints {
  readonly #options: EndpointsOptions;
  readonly #counts = new Map<string, ConnectionCount>();

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  get connectionAttempts(): Iterable<ConnectionCount> {
    return this.#counts.values();
  }

  /** For the port of one Region. */
  router(region: string): ClusterRouter {
    return {
      route: (serverName, clusterId) => {
        const named = serverName === undefined ? null : /^([a-z2-7]{26})\.dsql(?:-[a-z0-9]+)?\.([a-z0-9-]+)\.on\.aws$/.exec(serverName);
        if (named !== null && named[2] !== region) return undefined;
        const id = named === null ? clusterId : named[1];
        const found = this.#options.clusters.connectable(region, id);
        return found === undefined ? undefined : this.#routed(found, id !== undefined);
      },
    };
  }

  #routed(cluster: ClusterRecord, isNamed: boolean): RoutedCluster {
    const hosts = [endpointName(cluster), ...(cluster.isDefault && !isNamed ? loopbackNames : [])];
    return {
      id: cluster.id,
      authenticate: async (user, token, address) => {
        const verdict = await this.#verdict(cluster, user, token, address, hosts);
        this.#record(cluster, user, address, verdict);
        return verdict;
      },
      queryProcessor: () => this.#options.clusters.queryProcessor(cluster),
    };
  }

  async #verdict(cluster: ClusterRecord, user: string, token: string, address: string, hosts: readonly string[]): Promise<TokenVerdict> {
    const { world, identities, checksTokenHost, verifier } = this.#options;
    const { verifyToken } = await verifier();
    const check = { token, user, region: cluster.region, hosts: checksTokenHost ? hosts : undefined, now: world.clock.now() };
    const verdict = await verifyToken(check, identities);
    if (verdict.kind === 'denied') return verdict;
    const identity = identities.identityOf(verdict.accessKeyId);
    const hint =
      identity === undefined
        ? 'The security token included in the request is invalid.'
        : this.#refusal(cluster, user, identity, address, { isSecure: true });
    return hint === undefined ? verdict : { kind: 'denied', hint };
  }

  /** For who has proved himself otherwise than by a token: as a connection, the policies allow it and the cluster knows the role as his. */
  async enter({ region, id, user, identity, accessKeyId, address, isSecure }: EntryRequest): Promise<Entry> {
    const { clusters } = this.#options;
    const cluster = clusters.connectable(region, id);
    if (cluster === undefined) return { kind: 'absent' };
    const hint = this.#refusal(cluster, user, identity, address, { isSecure });
    this.#record(
      cluster,
      user,
      address,
      hint === undefined ? { kind: 'allowed', principal: identity.arn, accessKeyId } : { kind: 'denied', hint },
    );
    if (hint !== undefined) return { kind: 'denied', hint };
    const queryProcessor = await clusters.queryProcessor(cluster);
    if (queryProcessor === undefined) return { kind: 'absent' };
    const admission = await queryProcessor.admit(user, identity.arn);
    if (admission.kind === 'refused') return { kind: 'denied', hint: admission.hint };
    return { kind: 'entered', queryProcessor, roleSettings: admission.settings };
  }

  /** By the policies as they are now: one may have been attached since the client said hello. */
  #refusal(
    cluster: ClusterRecord,
    user: string,
    identity: Identity,
    address: string,
    { isSecure }: { readonly isSecure: boolean },
  ): string | undefined {
    const { policy, tags } = this.#options.clusters.registry.find(cluster.region, cluster.id) ?? cluster;
    return refusalOf({
      identity,
      action: `dsql:${actionFor(user)}`,
      resource: clusterArn(cluster),
      resourcePolicy: policy === undefined ? undefined : parsePolicy(policy.text, 'resource'),
      context: new Map([['aws:sourceip', [address]], ['aws:securetransport', [String(isSecure)]], ...resourceTags(tags)]),
    });
  }

  #record(cluster: ClusterRecord, user: string, address: string, verdict: TokenVerdict): void {
    const { audit, identities } = this.#options;
    const action = actionFor(user);
    const key = `${cluster.region}/${cluster.id}/${action}`;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { region: cluster.region, cluster: cluster.id, action, count: 1 });
    else count.count++;
    const identity = verdict.kind === 'allowed' ? identities.identityOf(verdict.accessKeyId) : undefined;
    audit.record({
      eventSource: 'dsql.amazonaws.com',
      eventName: action,
      eventCategory: 'Data',
      awsRegion: cluster.region,
      sourceIPAddress: address,
      userAgent: undefined,
      userIdentity:
        verdict.kind === 'allowed' && identity !== undefined
          ? { type: identity.type, arn: identity.callerArn, accessKeyId: verdict.accessKeyId }
          : undefined,
      requestParameters: { user },
      resources: [clusterArn(cluster)],
      errorCode: verdict.kind === 'denied' ? 'AccessDenied' : undefined,
      errorMessage: verdict.kind === 'denied' ? verdict.hint : undefined,
      requestID: '',
    });
  }
}
