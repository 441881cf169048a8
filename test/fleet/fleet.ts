/** A real fleet: three nats-servers and a node of Borealis in each of two Regions, each a process of its own, to be killed and stopped at will. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { NatsServers } from '#cli/fleet/nats-servers.ts';
import { Deployment } from '../deployment.ts';

export const regions = ['us-east-1', 'us-east-2'];

export class Fleet {
  readonly servers: NatsServers;
  readonly nodes: readonly Deployment[];
  readonly #directory: string;

  private constructor(directory: string, servers: NatsServers, nodes: readonly Deployment[]) {
    this.#directory = directory;
    this.servers = servers;
    this.nodes = nodes;
  }

  /** `rttMs`: between Regions. */
  static async start(rttMs = 0): Promise<Fleet> {
    // One identity for all nodes, as an operator would give them.
    process.env.BOREALIS_ROOT_ACCESS_KEY_ID = 'AKIAFLEETFLEETFLEET0';
    process.env.BOREALIS_ROOT_SECRET_ACCESS_KEY = randomBytes(24).toString('base64url');
    const directory = mkdtempSync(path.join(tmpdir(), 'borealis-fleet-test-'));
    const servers = await NatsServers.start({ directory, regions: [...regions, 'us-west-2'], rttMs });
    const nodes = regions.map(
      (region) =>
        new Deployment([
          ...['--regions', region, '--node-name', `node-${region}`],
          ...['--journal', servers.urlsFrom(region), '--journal-monitor', servers.monitorUrls.join(',')],
        ]),
    );
    const fleet = new Fleet(directory, servers, nodes);
    try {
      await Promise.all(nodes.map((node) => node.start()));
    } catch (error) {
      await fleet.remove();
      throw error;
    }
    return fleet;
  }

  connect(node: number): Promise<pg.Client> {
    return this.nodes[node].connect();
  }

  async remove(): Promise<void> {
    for (const node of this.nodes) await node.remove();
    await this.servers.stopAndRemove();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
