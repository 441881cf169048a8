/** Our own bug: a promise written in a header did not hold. Nobody catches this to go on. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** One condition an assert, stated positively; the message is a constant string that names the invariant. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Closes a `switch` over a union: a new kind does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}
