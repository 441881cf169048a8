/** Going on after something that is usually there at once: no promise is made, and no turn of the event loop lost, when it is. */
import type { Maybe } from '../query-processor.ts';

/** Hot. `next` runs at once unless `value` is a promise. */
export function after<A, B>(value: Maybe<A>, next: (value: A) => Maybe<B>): Maybe<B> {
  return value instanceof Promise ? value.then(next) : next(value);
}
