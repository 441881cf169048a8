/**
 * Who is signed in to the console.
 *
 *   S1  A session is known by a random token that only its browser has (a cookie no script can read); here only the token's hash is kept.
 *   S2  It ends when it has been idle, when it is old, when its key is gone, inactive or expired, and when the process ends: nothing of it is on disk.
 *   S3  A change must carry the session's second token in a header, which a page from elsewhere can neither read nor send.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { World } from '#base/world.ts';
import type { Identities, Identity } from '#iam/iam.ts';
import { sessionFits } from '#iam/session-token.ts';

export type ConsoleSession = {
  /** Names the session to other parts, and is no secret. */
  readonly id: string;
  readonly accessKeyId: string;
  /** As its policies are now. */
  readonly identity: Identity;
  readonly csrfToken: string;
};

export type SignInRequest = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
};

type SessionWorld = Pick<World, 'clock' | 'random'>;
type Kept = { readonly id: string; readonly accessKeyId: string; readonly csrfToken: string; readonly startedMs: number; usedMs: number };

/** A session without use ends after half an hour, and any after half a day. */
const idleMs = 30 * 60 * 1_000;
const ageMs = 12 * 60 * 60 * 1_000;
const sessionsMaximum = 1_000;

export class ConsoleSessions {
  readonly #world: SessionWorld;
  readonly #identities: Identities;
  /** By hash of token, the one used longest ago first. */
  readonly #sessions = new Map<string, Kept>();
  readonly #endings: ((id: string) => void)[] = [];
  /** Compared with when there is no such key, so that the answer takes as long. */
  readonly #nobodysSecret: string;

  constructor(world: SessionWorld, identities: Identities) {
    this.#world = world;
    this.#identities = identities;
    this.#nobodysSecret = randomToken(world);
  }

  /** Calls back with the id of each session that ends. */
  onEnd(callback: (id: string) => void): void {
    this.#endings.push(callback);
  }

  /** The cookie's value; undefined when the key, its secret and its session token do not belong together. */
  signIn({
    accessKeyId,
    secretAccessKey,
    sessionToken,
  }: SignInRequest): { readonly token: string; readonly session: ConsoleSession } | undefined {
    const key = this.#identities.find(accessKeyId);
    const isRight = sameText(secretAccessKey, key?.secretAccessKey ?? this.#nobodysSecret);
    if (key === undefined || !isRight || !sessionFits(key, sessionToken) || this.#isExpired(key.session?.expiresAt)) return undefined;
    const nowMs = this.#world.clock.monotonicMs();
    this.#dropEnded(nowMs);
    const token = randomToken(this.#world);
    const id = randomToken(this.#world).slice(0, 16);
    this.#sessions.set(hashOf(token), { id, accessKeyId, csrfToken: randomToken(this.#world), startedMs: nowMs, usedMs: nowMs });
    const session = this.find(token, true);
    return session === undefined ? undefined : { token, session };
  }

  /** `isUse` false: the page only refreshes itself, nobody is there. */
  find(token: string, isUse: boolean): ConsoleSession | undefined {
    const hash = hashOf(token);
    const kept = this.#sessions.get(hash);
    if (kept === undefined) return undefined;
    const nowMs = this.#world.clock.monotonicMs();
    const key = this.#identities.find(kept.accessKeyId);
    const identity = this.#identities.identityOf(kept.accessKeyId);
    if (hasEnded(kept, nowMs) || key === undefined || identity === undefined || this.#isExpired(key.session?.expiresAt)) {
      this.#end(hash, kept);
      return undefined;
    }
    if (isUse) {
      kept.usedMs = nowMs;
      this.#sessions.delete(hash);
      this.#sessions.set(hash, kept);
    }
    return { id: kept.id, accessKeyId: kept.accessKeyId, identity, csrfToken: kept.csrfToken };
  }

  signOut(token: string): void {
    const hash = hashOf(token);
    const kept = this.#sessions.get(hash);
    if (kept !== undefined) this.#end(hash, kept);
  }

  #isExpired(expiresAt: number | undefined): boolean {
    return expiresAt !== undefined && expiresAt <= this.#world.clock.now();
  }

  /** Those that have ended, and, where there are too many, those idle longest. */
  #dropEnded(nowMs: number): void {
    for (const [hash, kept] of this.#sessions) if (hasEnded(kept, nowMs) || this.#sessions.size >= sessionsMaximum) this.#end(hash, kept);
  }

  #end(hash: string, { id }: Kept): void {
    this.#sessions.delete(hash);
    for (const callback of this.#endings) callback(id);
  }
}

/** Whether the header's token is the session's own (S3). */
export const carriesCsrfToken = (session: ConsoleSession, header: string | undefined): boolean => sameText(header ?? '', session.csrfToken);

const hasEnded = ({ startedMs, usedMs }: Kept, nowMs: number): boolean => nowMs - usedMs > idleMs || nowMs - startedMs > ageMs;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');

const randomToken = ({ random }: SessionWorld): string => Buffer.from(random.bytes(32)).toString('base64url');

/** Takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
