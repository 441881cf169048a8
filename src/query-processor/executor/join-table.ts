/** Join table: the inner rows of a hash join by the numbers of their keys, and for rows of the outer side those that may be their partners. */
import { datumAt, type Vector } from '#sql/batch.ts';
import type { Candidates } from './join-matching.ts';
import type { datumComparator } from './row-order.ts';

function singlesOf(starts: Int32Array, ids: Int32Array): Int32Array | undefined {
  const singles = new Int32Array(starts.length - 1).fill(-1);
  for (let n = 0; n < singles.length; n++) {
    const count = starts[n + 1] - starts[n];
    if (count > 1) return undefined;
    if (count === 1) singles[n] = ids[starts[n]];
  }
  return singles;
}

/** The inner rows of each key number: rows of key n are #ids[#starts[n]] .. #ids[#starts[n + 1] - 1], in order of arrival. */
export class JoinTable {
  #parts: Int32Array[] = [];
  #rowCount = 0;
  #starts = new Int32Array(0);
  #ids = new Int32Array(0);
  /** Where no key has two rows: the row of each key number, -1 where there is none. */
  singles: Int32Array | undefined;
  /** Rows with a NULL in their key. */
  #withNulls: number[] = [];

  get bytes(): number {
    return this.#rowCount * 12;
  }

  add(numbers: Int32Array): void {
    this.#parts.push(numbers);
    this.#rowCount += numbers.length;
  }

  seal(keyCount: number): void {
    const starts = new Int32Array(keyCount + 1);
    for (const part of this.#parts) for (let i = 0; i < part.length; i++) if (part[i] >= 0) starts[part[i] + 1]++;
    for (let n = 0; n < keyCount; n++) starts[n + 1] += starts[n];
    const next = starts.slice();
    const ids = new Int32Array(starts[keyCount]);
    let row = 0;
    for (const part of this.#parts)
      for (let i = 0; i < part.length; i++, row++) {
        if (part[i] >= 0) ids[next[part[i]]++] = row;
        else this.#withNulls.push(row);
      }
    this.#starts = starts;
    this.#ids = ids;
    this.singles = singlesOf(starts, ids);
    this.#parts = [];
  }

  // Hot: once an outer row.
  candidates(numbers: Int32Array): Candidates {
    const from = new Int32Array(numbers.length);
    const to = new Int32Array(numbers.length);
    for (let row = 0; row < numbers.length; row++) {
      const number = numbers[row];
      if (number < 0) continue;
      from[row] = this.#starts[number];
      to[row] = this.#starts[number + 1];
    }
    return { from, to, ids: this.#ids };
  }

  /** H1: inner rows that are equal, or may be because one side of a key is NULL. */
  possibleCandidates(
    numbers: Int32Array,
    outerKeys: readonly Vector[],
    innerKeys: readonly Vector[],
    equality: readonly ReturnType<typeof datumComparator>[],
  ): Candidates {
    const known = this.candidates(numbers);
    const from = new Int32Array(numbers.length);
    const to = new Int32Array(numbers.length);
    const ids: number[] = [];
    const mayEqual = (outerRow: number, innerRow: number): boolean =>
      equality.every((compare, k) => {
        const left = datumAt(outerKeys[k], outerRow);
        const right = datumAt(innerKeys[k], innerRow);
        return left === null || right === null || compare(left, right) === 0;
      });
    for (let row = 0; row < numbers.length; row++) {
      from[row] = ids.length;
      if (outerKeys.some((vector) => datumAt(vector, row) === null)) {
        for (let id = 0; id < this.#rowCount; id++) if (mayEqual(row, id)) ids.push(id);
      } else {
        for (let at = known.from[row]; at < known.to[row]; at++) ids.push(known.ids[at]);
        for (const id of this.#withNulls) if (mayEqual(row, id)) ids.push(id);
      }
      to[row] = ids.length;
    }
    return { from, to, ids: Int32Array.from(ids) };
  }
}
