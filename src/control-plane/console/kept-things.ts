/**
 * What the console keeps on the server for its users between requests: the sessions of their query editors, their imports.
 *
 *   KP1  Nobody reaches a thing but the console session that it is kept for, and at the cluster that it is for.
 *   KP2  One that does nothing for `idleMs` is closed, as is everything of a session that ends.
 *   KP3  At most `ofOne` for one session and `inAll` together. Where there is no room, the session's own that has been idle longest makes way.
 */
import type { World } from '#base/world.ts';

export type KeptLimits = { readonly idleMs: number; readonly ofOne: number; readonly inAll: number };

type Keepable = { readonly isBusy: boolean; close(): void };

type Held<Thing> = { readonly owner: string; readonly cluster: string; readonly thing: Thing; usedMs: number };

export class KeptThings<Thing extends Keepable> {
  readonly #world: World;
  readonly #limits: KeptLimits;
  readonly #held = new Map<string, Held<Thing>>();
  #stopTimer: (() => void) | undefined;

  constructor(world: World, limits: KeptLimits) {
    this.#world = world;
    this.#limits = limits;
  }

  get size(): number {
    return this.#held.size;
  }

  /** There is room for another thing of this owner, or it has been made. */
  makeRoom(owner: string): boolean {
    const own = [...this.#held].filter(([, held]) => held.owner === owner);
    if (own.length < this.#limits.ofOne && this.#held.size < this.#limits.inAll) return true;
    const [oldest] = own.filter(([, { thing }]) => !thing.isBusy).sort(([, a], [, b]) => a.usedMs - b.usedMs);
    if (oldest === undefined) return false;
    this.#end(oldest[0], oldest[1]);
    return true;
  }

  /** Keeps it, under a name that cannot be guessed. */
  add(owner: string, cluster: string, thing: Thing): string {
    const id = Buffer.from(this.#world.random.bytes(16)).toString('hex');
    this.#held.set(id, { owner, cluster, thing, usedMs: this.#world.clock.monotonicMs() });
    this.#schedule();
    return id;
  }

  /** undefined: there is none (any more). */
  find(owner: string, cluster: string, id: string): Thing | undefined {
    const held = this.#held.get(id);
    if (held === undefined || held.owner !== owner || held.cluster !== cluster) return undefined;
    held.usedMs = this.#world.clock.monotonicMs();
    return held.thing;
  }

  close(owner: string, id: string): void {
    const held = this.#held.get(id);
    if (held?.owner === owner) this.#end(id, held);
  }

  closeAllOf(owner: string): void {
    for (const [id, held] of [...this.#held]) if (held.owner === owner) this.#end(id, held);
  }

  closeAll(): void {
    for (const [id, held] of [...this.#held]) this.#end(id, held);
  }

  #end(id: string, held: Held<Thing>): void {
    this.#held.delete(id);
    held.thing.close();
    if (this.#held.size > 0) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #schedule(): void {
    this.#stopTimer ??= this.#world.timers.after(Math.min(this.#limits.idleMs, 30_000), () => {
      this.#stopTimer = undefined;
      const now = this.#world.clock.monotonicMs();
      for (const [id, held] of [...this.#held]) {
        if (held.thing.isBusy) held.usedMs = now;
        else if (now - held.usedMs >= this.#limits.idleMs) this.#end(id, held);
      }
      if (this.#held.size > 0) this.#schedule();
    });
  }
}
