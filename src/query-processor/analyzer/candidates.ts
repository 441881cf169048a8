/**
 * Candidates: PostgreSQL's choice among functions or operators of one name, when none fits the argument types exactly
 * (func_match_argtypes and func_select_candidate). Each step keeps those that do best and stops when one is left.
 */
import { oid } from '#sql/oids.ts';
import { canCoerce } from './cast-path.ts';
import { categoryOf, isPreferred } from './type-facts.ts';

export type Candidate = { readonly argTypes: readonly number[] };

/** Those whose every argument can be had by implicit casts. */
export const applicable = <C extends Candidate>(candidates: readonly C[], inputs: readonly number[]): readonly C[] =>
  candidates.filter((candidate) => canCoerce(inputs, candidate.argTypes, 'implicit'));

/** The one that the rules choose; undefined when they leave several. */
export function selectCandidate<C extends Candidate>(candidates: readonly C[], inputs: readonly number[]): C | undefined {
  const isUnknown = (i: number): boolean => inputs[i] === oid.unknown;
  const unknownCount = inputs.filter((type) => type === oid.unknown).length;

  let left = keepBest(candidates, (candidate) => inputs.filter((type, i) => !isUnknown(i) && candidate.argTypes[i] === type).length);
  if (left.length === 1) return left[0];

  const prefers = (i: number, type: number): boolean => isPreferred(type) && categoryOf(type) === categoryOf(inputs[i]);
  left = keepBest(
    left,
    (candidate) =>
      inputs.filter((type, i) => !isUnknown(i) && (candidate.argTypes[i] === type || prefers(i, candidate.argTypes[i]))).length,
  );
  if (left.length === 1) return left[0];
  if (unknownCount === 0) return undefined;

  const slots = unknownSlots(left, inputs);
  if (slots !== undefined) {
    const fitting = left.filter((candidate) =>
      slots.every(({ at, category, hasPreferred }) => {
        const type = candidate.argTypes[at];
        return categoryOf(type) === category && (!hasPreferred || isPreferred(type));
      }),
    );
    if (fitting.length > 0) left = fitting;
    if (left.length === 1) return left[0];
  }

  // Last resort: unknown arguments are of the type that all the known ones have.
  const known = new Set(inputs.filter((type) => type !== oid.unknown));
  if (unknownCount < inputs.length && known.size === 1) {
    const [type] = known;
    const fitting = left.filter((candidate) =>
      canCoerce(
        inputs.map(() => type),
        candidate.argTypes,
        'implicit',
      ),
    );
    if (fitting.length === 1) return fitting[0];
  }
  return undefined;
}

function keepBest<C>(candidates: readonly C[], score: (candidate: C) => number): readonly C[] {
  let best = -1;
  let kept: C[] = [];
  for (const candidate of candidates) {
    const own = score(candidate);
    if (own > best) {
      best = own;
      kept = [candidate];
    } else if (own === best) kept.push(candidate);
  }
  return kept;
}

type Slot = { readonly at: number; readonly category: string; readonly hasPreferred: boolean };

/** The category that each unknown argument should have: string if any candidate takes one there, else the one they all agree on. */
function unknownSlots(candidates: readonly Candidate[], inputs: readonly number[]): readonly Slot[] | undefined {
  const slots: Slot[] = [];
  for (let at = 0; at < inputs.length; at++) {
    if (inputs[at] !== oid.unknown) continue;
    let category: string | undefined;
    let hasPreferred = false;
    let hasConflict = false;
    for (const candidate of candidates) {
      const type = candidate.argTypes[at];
      const own = categoryOf(type);
      if (category === undefined) {
        category = own;
        hasPreferred = isPreferred(type);
      } else if (own === category) hasPreferred ||= isPreferred(type);
      else if (own === 'S') {
        category = own;
        hasPreferred = isPreferred(type);
      } else hasConflict = true;
    }
    if (category === undefined || (hasConflict && category !== 'S')) return undefined;
    slots.push({ at, category, hasPreferred });
  }
  return slots;
}
