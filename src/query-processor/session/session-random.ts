/**
 * A session's random values: the world's, until setseed() asks for a sequence that can be repeated. That one is PostgreSQL's own
 * (xoroshiro128** started by splitmix64), so that a seed gives the same values here as there.
 */
import type { Random } from '#base/world.ts';

const bits64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotated = (value: bigint, by: bigint): bigint => bits64((value << by) | (value >> (64n - by)));

/** All of a double's 52 bits of fraction. */
const seedScale = 2 ** 52 - 1;
const fractionBits = 52n;

export class SessionRandom {
  readonly #world: Random;
  #state: readonly [bigint, bigint] | undefined;

  constructor(world: Random) {
    this.#world = world;
  }

  /** From -1 to 1. */
  setSeed(seed: number): void {
    let counter = bits64(BigInt(Math.trunc(seedScale * seed)));
    const next = (): bigint => {
      counter = bits64(counter + 0x9e3779b97f4a7c15n);
      let mixed = bits64((counter ^ (counter >> 30n)) * 0xbf58476d1ce4e5b9n);
      mixed = bits64((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
      return mixed ^ (mixed >> 31n);
    };
    this.#state = [next(), next()];
  }

  /** Uniform in [0, 1). */
  float(): number {
    if (this.#state === undefined) return this.#world.float();
    const [first, second] = this.#state;
    const value = bits64(rotated(bits64(first * 5n), 7n) * 9n);
    const mixed = first ^ second;
    this.#state = [bits64(rotated(first, 24n) ^ mixed ^ (mixed << 16n)), rotated(mixed, 37n)];
    return Number(value >> (64n - fractionBits)) / 2 ** Number(fractionBits);
  }

  bytes(count: number): Uint8Array {
    return this.#world.bytes(count);
  }
}
