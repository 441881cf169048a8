/** The Regions of a deployment and the faults that may be tried on them: links cut, endpoint and replica stopped. */
import type { Clusters } from '#deployment/clusters.ts';
import type { SqlServer } from '#pgwire/sql-server.ts';

export type RegionState = {
  readonly name: string;
  readonly role: 'region' | 'witness';
  readonly isUp: boolean;
  readonly isIsolated: boolean;
  readonly port: number | undefined;
  readonly connections: number;
  /** Homes of the open clusters whose leader is there, and how many of those that have a replica there hold their lease. */
  readonly leads: readonly string[];
  readonly openClusters: number;
  readonly leases: number;
  /** Journal entries that the replica furthest behind has still to apply. */
  readonly lag: number;
};

/** The links between the Regions. */
export interface RegionLinks {
  isolate(region: string): void;
  heal(region: string): void;
  isIsolated(region: string): boolean;
}

export type RegionsOptions = {
  readonly names: readonly string[];
  readonly witness: string;
  readonly network: RegionLinks;
  /** Round trip between two Regions. */
  readonly rttMs: number;
  readonly clusters: Clusters;
  /** Port 0 takes any free one. */
  readonly listen: (region: string, port: number) => Promise<SqlServer>;
};

export class Regions {
  readonly #options: RegionsOptions;
  readonly #servers = new Map<string, SqlServer>();
  readonly #ports = new Map<string, number>();
  /** One change at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RegionsOptions) {
    this.#options = options;
  }

  /** Opens the ports: the first Region's, and those counting up from it. */
  async listen(firstPort: number): Promise<void> {
    for (const [i, name] of this.#options.names.entries()) await this.#open(name, firstPort === 0 ? 0 : firstPort + i);
  }

  get ports(): readonly { readonly name: string; readonly port: number }[] {
    return this.#options.names.map((name) => ({ name, port: this.#ports.get(name) ?? 0 }));
  }

  get states(): readonly RegionState[] {
    const { names, witness, network, clusters } = this.#options;
    const open = clusters.open.map(({ home, cluster }) => ({ home, figures: cluster.figures }));
    const placed = (name: string): Pick<RegionState, 'leads' | 'openClusters' | 'leases' | 'lag'> => {
      const there = open.flatMap(({ figures }) => figures.regions.filter((region) => region.name === name));
      return {
        leads: open.filter(({ figures }) => figures.leaderRegion === name).map(({ home }) => home),
        openClusters: there.length,
        leases: there.filter(({ holdsLease }) => holdsLease).length,
        lag: Math.max(0, ...there.map(({ lag }) => lag)),
      };
    };
    return [
      ...names.map(
        (name): RegionState => ({
          name,
          role: 'region',
          isUp: !clusters.isStopped(name),
          isIsolated: network.isIsolated(name),
          port: this.#ports.get(name),
          connections: this.#servers.get(name)?.connectionCount ?? 0,
          ...placed(name),
        }),
      ),
      {
        name: witness,
        role: 'witness',
        isUp: true,
        isIsolated: network.isIsolated(witness),
        port: undefined,
        connections: 0,
        ...placed(witness),
      },
    ];
  }

  get rttMs(): number {
    return this.#options.rttMs;
  }

  /** Every Region takes connections, but for those that were stopped on purpose. */
  get isReady(): boolean {
    const { names, clusters } = this.#options;
    return names.every((name) => clusters.isStopped(name) || this.#servers.has(name));
  }

  has(name: string): boolean {
    return this.#options.names.includes(name) || name === this.#options.witness;
  }

  hasEndpoint(name: string): boolean {
    return this.#options.names.includes(name);
  }

  isolate(name: string): void {
    this.#options.network.isolate(name);
  }

  heal(name: string): void {
    this.#options.network.heal(name);
  }

  /** Ends the Region's endpoint and replicas; what was acknowledged is safe with the others. */
  stop(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const server = this.#servers.get(name);
      this.#servers.delete(name);
      await server?.close();
      if (!this.#options.clusters.isStopped(name)) this.#options.clusters.stopRegion(name);
    });
  }

  start(name: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#options.clusters.isStopped(name)) await this.#options.clusters.startRegion(name);
      if (!this.#servers.has(name)) await this.#open(name, this.#ports.get(name) ?? 0);
    });
  }

  /** Ends the connections to one cluster. */
  closeEndpoint(region: string, clusterId: string): void {
    this.#servers.get(region)?.closeCluster(clusterId);
  }

  async close(): Promise<void> {
    await this.#turn;
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
  }

  async #open(name: string, port: number): Promise<void> {
    const server = await this.#options.listen(name, port);
    this.#servers.set(name, server);
    this.#ports.set(name, server.port);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
