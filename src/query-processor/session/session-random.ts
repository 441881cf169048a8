/** A session's random values: the world's, until setseed() asks for a sequence that can be repeated. */
import type { Random } from '#base/world.ts';

export class SessionRandom {
  readonly #world: Random;
  #state: number | undefined;

  constructor(world: Random) {
    this.#world = world;
  }

  setSeed(seed: number): void {
    this.#state = Math.floor(((seed + 1) / 2) * 0xffff_ffff) >>> 0;
  }

  /** Uniform in [0, 1). */
  float(): number {
    if (this.#state === undefined) return this.#world.float();
    return this.#next() / 2 ** 32 + this.#next() / 2 ** 53 / 2 ** 11;
  }

  bytes(count: number): Uint8Array {
    return this.#world.bytes(count);
  }

  /** splitmix32. */
  #next(): number {
    this.#state = ((this.#state ?? 0) + 0x9e37_79b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
}
