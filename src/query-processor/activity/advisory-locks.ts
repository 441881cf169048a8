/**
 * Advisory locks of a cluster: real ones, that make others wait. All sessions of the process share one object, whatever their Region; locks
 * live in memory and end with their session, as PostgreSQL's do.
 *
 *   L1  A lock is held by one session exclusively, or by any number of them shared.
 *   L2  Whoever waits is served in the order of coming, and nobody passes a waiter that it conflicts with, unless it holds the lock already.
 *   L3  A wait that would close a circle of waits is refused at once (40P01).
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { AdvisoryLockFacts } from '#sql/function.ts';

/** What the lock functions are called with: one bigint (subId 1), or two integers (subId 2). */
export type LockName = { readonly classId: number; readonly objectId: number; readonly subId: 1 | 2 };

export type LockOwner = { readonly processId: number };

type Hold = { exclusive: number; shared: number };
type Waiter = {
  readonly owner: LockOwner;
  readonly isShared: boolean;
  readonly granted: () => void;
  readonly refused: (error: SqlError) => void;
};
type Lock = { readonly name: LockName; readonly holders: Map<LockOwner, Hold>; waiters: Waiter[] };

const keyOf = ({ classId, objectId, subId }: LockName): string => `${classId}/${objectId}/${subId}`;
const modeName = (isShared: boolean): string => (isShared ? 'ShareLock' : 'ExclusiveLock');

export class AdvisoryLocks {
  readonly #locks = new Map<string, Lock>();

  /** False: it is held otherwise. */
  tryAcquire(owner: LockOwner, name: LockName, isShared: boolean): boolean {
    const lock = this.#lock(name);
    if (!this.#isFree(lock, owner, isShared, lock.waiters)) {
      this.#forgetUnused(lock);
      return false;
    }
    hold(lock, owner, isShared);
    return true;
  }

  /** Resolves once it is held. `cancelled` settles when the session gives up waiting. */
  async acquire(owner: LockOwner, name: LockName, isShared: boolean, wait: <T>(promise: Promise<T>) => Promise<T>): Promise<void> {
    if (this.tryAcquire(owner, name, isShared)) return;
    const lock = this.#lock(name);
    let waiter: Waiter | undefined;
    const granted = new Promise<void>((resolve, reject) => {
      waiter = { owner, isShared, granted: resolve, refused: reject };
      lock.waiters.push(waiter);
    });
    const circle = this.#circleFrom(owner);
    if (circle !== undefined) {
      lock.waiters = lock.waiters.filter((entry) => entry !== waiter);
      throw circle;
    }
    try {
      await wait(granted);
    } catch (error) {
      const isWaiting = lock.waiters.some((entry) => entry === waiter);
      lock.waiters = lock.waiters.filter((entry) => entry !== waiter);
      // It was granted while the session gave up.
      if (!isWaiting) this.release(owner, name, isShared);
      else this.#serve(lock);
      throw error;
    }
  }

  /** False: the session does not hold it so. */
  release(owner: LockOwner, name: LockName, isShared: boolean): boolean {
    const lock = this.#locks.get(keyOf(name));
    const held = lock?.holders.get(owner);
    if (lock === undefined || held === undefined || (isShared ? held.shared : held.exclusive) === 0) return false;
    if (isShared) held.shared--;
    else held.exclusive--;
    if (held.shared === 0 && held.exclusive === 0) lock.holders.delete(owner);
    this.#serve(lock);
    return true;
  }

  facts(): readonly AdvisoryLockFacts[] {
    const facts: AdvisoryLockFacts[] = [];
    for (const { name, holders, waiters } of this.#locks.values()) {
      for (const [{ processId }, held] of holders) {
        if (held.exclusive > 0) facts.push({ ...name, processId, mode: modeName(false), isGranted: true });
        if (held.shared > 0) facts.push({ ...name, processId, mode: modeName(true), isGranted: true });
      }
      for (const { owner, isShared } of waiters)
        facts.push({ ...name, processId: owner.processId, mode: modeName(isShared), isGranted: false });
    }
    return facts;
  }

  #lock(name: LockName): Lock {
    const key = keyOf(name);
    let lock = this.#locks.get(key);
    if (lock === undefined) {
      lock = { name, holders: new Map(), waiters: [] };
      this.#locks.set(key, lock);
    }
    return lock;
  }

  #forgetUnused(lock: Lock): void {
    if (lock.holders.size === 0 && lock.waiters.length === 0) this.#locks.delete(keyOf(lock.name));
  }

  #isFree(lock: Lock, owner: LockOwner, isShared: boolean, ahead: readonly Waiter[]): boolean {
    for (const [holder, held] of lock.holders) if (holder !== owner && (!isShared || held.exclusive > 0)) return false;
    if (lock.holders.has(owner)) return true;
    return ahead.every((waiter) => isShared && waiter.isShared);
  }

  #serve(lock: Lock): void {
    for (let at = 0; at < lock.waiters.length; ) {
      const waiter = lock.waiters[at];
      if (!this.#isFree(lock, waiter.owner, waiter.isShared, lock.waiters.slice(0, at))) {
        at++;
        continue;
      }
      lock.waiters.splice(at, 1);
      hold(lock, waiter.owner, waiter.isShared);
      waiter.granted();
    }
    this.#forgetUnused(lock);
  }

  /** The error of a wait that closes a circle; undefined when there is none. */
  #circleFrom(start: LockOwner): SqlError | undefined {
    const path: string[] = [];
    const seen = new Set<LockOwner>();
    const follow = (owner: LockOwner): boolean => {
      if (seen.has(owner)) return false;
      seen.add(owner);
      for (const lock of this.#locks.values())
        for (const [at, waiter] of lock.waiters.entries()) {
          if (waiter.owner !== owner) continue;
          for (const blocker of blockersOf(lock, waiter, at)) {
            const { classId, objectId, subId } = lock.name;
            path.push(
              `Process ${owner.processId} waits for ${modeName(waiter.isShared)} on advisory lock [5,${classId},${objectId},${subId}]; blocked by process ${blocker.processId}.`,
            );
            if (blocker === start || follow(blocker)) return true;
            path.pop();
          }
        }
      return false;
    };
    if (!follow(start)) return undefined;
    return new SqlError(sqlstate.deadlockDetected, 'deadlock detected', {
      detail: path.join('\n'),
      hint: 'See server log for query details.',
    });
  }
}

function hold(lock: Lock, owner: LockOwner, isShared: boolean): void {
  const held = lock.holders.get(owner) ?? { exclusive: 0, shared: 0 };
  if (isShared) held.shared++;
  else held.exclusive++;
  lock.holders.set(owner, held);
}

function blockersOf(lock: Lock, waiter: Waiter, at: number): readonly LockOwner[] {
  const blockers: LockOwner[] = [];
  for (const [holder, held] of lock.holders) if (holder !== waiter.owner && (!waiter.isShared || held.exclusive > 0)) blockers.push(holder);
  if (!lock.holders.has(waiter.owner))
    for (const ahead of lock.waiters.slice(0, at))
      if (ahead.owner !== waiter.owner && !(waiter.isShared && ahead.isShared)) blockers.push(ahead.owner);
  return blockers;
}
