/** Connection tokens as the AWS SDKs' signers make them: a presigned URL without its scheme, used as the password. */
import type { AccessKey } from './iam.ts';
import { presign } from './sigv4.ts';

export type ConnectionAction = 'DbConnectAdmin' | 'DbConnect';

/** `admin` connects by an action of its own; every other role by DbConnect. */
export const actionFor = (user: string): ConnectionAction => (user === 'admin' ? 'DbConnectAdmin' : 'DbConnect');

export async function makeConnectionToken(
  request: {
    readonly host: string;
    readonly region: string;
    readonly user: string;
    readonly signedAt: Date;
    readonly expiresInSeconds: number;
  },
  key: AccessKey,
): Promise<string> {
  const session = key.session === undefined ? {} : { 'X-Amz-Security-Token': key.session.token };
  const query = await presign({ ...request, query: { Action: actionFor(request.user), ...session } }, key);
  const parameters = Object.keys(query)
    .sort()
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(query[name])}`);
  return `${request.host}/?${parameters.join('&')}`;
}
