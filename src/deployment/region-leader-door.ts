/** The leader of a cluster in this process, as one of its Regions can ask it: through the simulated network. */
import type { CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import type { Leader } from '#adjudicator/leader.ts';
import type { RegionName, RegionNetwork } from '#crossbar/network.ts';
import type { LeaderDoor } from './commit-path.ts';

export class RegionLeaderDoor implements LeaderDoor {
  readonly #leader: Leader;
  readonly #leaderRegion: RegionName;
  readonly #region: RegionName;
  readonly #network: RegionNetwork;

  constructor(leader: Leader, leaderRegion: RegionName, region: RegionName, network: RegionNetwork) {
    this.#leader = leader;
    this.#leaderRegion = leaderRegion;
    this.#region = region;
    this.#network = network;
  }

  get isStopped(): boolean {
    return this.#leader.stopped;
  }

  // Hot: once a commit.
  commit(request: CommitRequest): Promise<Verdict> {
    if (this.#region === this.#leaderRegion) return this.#leader.commit(request);
    if (!this.#network.isInstant) return this.#askFar(request);
    return this.#leader
      .commit(request)
      .then((verdict) => (this.#network.isConnected(this.#region, this.#leaderRegion) ? verdict : { kind: 'unknown' }));
  }

  #askFar(request: CommitRequest): Promise<Verdict> {
    const network = this.#network;
    return new Promise((resolve) => {
      const stopListening = network.onChange(() => {
        if (network.isConnected(this.#region, this.#leaderRegion)) return;
        stopListening();
        resolve({ kind: 'unknown' });
      });
      network.send(this.#region, this.#leaderRegion, () => {
        this.#leader.commit(request).then((verdict) => {
          network.send(this.#leaderRegion, this.#region, () => {
            stopListening();
            resolve(verdict);
          });
        });
      });
    });
  }
}
