/** The advisory locks that one session holds: for the session, until they are given back, or for the transaction, until its end. */

import type { Notice } from '#base/sql-error.ts';
import { SqlError, sqlstate, warning } from '#base/sql-error.ts';
import type { Timers } from '#base/world.ts';
import type { Datum } from '#sql/datum.ts';
import type { AdvisoryLocks, LockName, LockOwner } from '../activity/advisory-locks.ts';

type Held = { readonly name: LockName; readonly isShared: boolean };

export class SessionLocks {
  readonly #locks: AdvisoryLocks;
  readonly #owner: LockOwner;
  readonly #notice: (notice: Notice) => void;
  #ofSession: Held[] = [];
  #ofTransaction: Held[] = [];

  constructor(locks: AdvisoryLocks, owner: LockOwner, notice: (notice: Notice) => void) {
    this.#locks = locks;
    this.#owner = owner;
    this.#notice = notice;
  }

  /** pg_advisory_lock and its kin. `wait` ends when the statement does. */
  async lock(
    functionName: string,
    args: readonly Datum[],
    timers: Timers,
    timeoutMs: number,
    wait: <T>(promise: Promise<T>) => Promise<T>,
  ): Promise<Datum> {
    const isShared = functionName.endsWith('_shared');
    const name = lockName(args);
    const limited = timeoutMs > 0 ? withLimit(wait, timers, timeoutMs) : wait;
    await this.#locks.acquire(this.#owner, name, isShared, limited);
    this.#keep(functionName, { name, isShared });
    return '';
  }

  /** Those that do not wait. */
  call(functionName: string, args: readonly Datum[]): Datum {
    if (functionName === 'pg_advisory_unlock_all') {
      this.releaseSession();
      return '';
    }
    const isShared = functionName.endsWith('_shared');
    const name = lockName(args);
    if (functionName.startsWith('pg_try_')) {
      const isHeld = this.#locks.tryAcquire(this.#owner, name, isShared);
      if (isHeld) this.#keep(functionName, { name, isShared });
      return isHeld;
    }
    const at = this.#ofSession.findLastIndex((held) => isSame(held.name, name) && held.isShared === isShared);
    if (at < 0) {
      this.#notice(warning(sqlstate.warning, `you don't own a lock of type ${isShared ? 'ShareLock' : 'ExclusiveLock'}`));
      return false;
    }
    this.#ofSession.splice(at, 1);
    return this.#locks.release(this.#owner, name, isShared);
  }

  #keep(functionName: string, held: Held): void {
    if (functionName.includes('_xact_')) this.#ofTransaction.push(held);
    else this.#ofSession.push(held);
  }

  /** Locks of the transaction so far: what ROLLBACK TO goes back to. */
  get transactionCount(): number {
    return this.#ofTransaction.length;
  }

  /** Hot: at the end of every transaction, and of what a savepoint covers. */
  releaseTransaction(kept = 0): void {
    while (this.#ofTransaction.length > kept) {
      const held = this.#ofTransaction.pop();
      if (held !== undefined) this.#locks.release(this.#owner, held.name, held.isShared);
    }
  }

  releaseSession(): void {
    for (const { name, isShared } of this.#ofSession) this.#locks.release(this.#owner, name, isShared);
    this.#ofSession = [];
  }

  get all(): AdvisoryLocks {
    return this.#locks;
  }
}

const isSame = (a: LockName, b: LockName): boolean => a.classId === b.classId && a.objectId === b.objectId && a.subId === b.subId;

function lockName(args: readonly Datum[]): LockName {
  if (args.length === 2) return { classId: Number(args[0]) >>> 0, objectId: Number(args[1]) >>> 0, subId: 2 };
  const bits = BigInt.asUintN(64, BigInt(String(args[0])));
  return { classId: Number(bits >> 32n), objectId: Number(bits & 0xffff_ffffn), subId: 1 };
}

/** lock_timeout. */
function withLimit(
  wait: <T>(promise: Promise<T>) => Promise<T>,
  timers: Timers,
  timeoutMs: number,
): <T>(promise: Promise<T>) => Promise<T> {
  return async (promise) => {
    let stop: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      stop = timers.after(timeoutMs, () => reject(new SqlError(sqlstate.lockNotAvailable, 'canceling statement due to lock timeout')));
    });
    try {
      return await wait(Promise.race([promise, late]));
    } finally {
      stop?.();
    }
  };
}
