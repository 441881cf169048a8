/** Temporary keys: the session token that must come with them. */
import { timingSafeEqual } from 'node:crypto';
import type { AccessKey } from './iam.ts';

export const expiredSession = 'The security token included in the request is expired';

/** A temporary key goes with its own token, a lasting key with none. */
export function sessionFits({ session }: AccessKey, token: string | undefined): boolean {
  if (session === undefined || token === undefined) return session === undefined && token === undefined;
  const [ours, theirs] = [Buffer.from(session.token, 'utf8'), Buffer.from(token, 'utf8')];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
