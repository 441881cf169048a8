/**
 * IAM: identities and their access keys, policies, SigV4, connection tokens. Knows nothing of SQL.
 *
 *   I1  A token opens a connection, and a request is carried out, only if its signature recomputes with the secret of a known key, it has not expired,
 *       and its action or content, host, Region and service are those asked for.
 *   I2  Comparison of signatures takes the same time wherever they differ.
 *   I3  Nobody but the root may do what no policy allows, and nobody what a policy denies (policy.ts, authorization.ts).
 */
import type { Policy } from './policy.ts';

/** There is no account behind a deployment: its number is a fixed one. */
export const accountId = '000000000000';

export type AccessKey = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** ARN of the identity: root, user, or the role behind temporary keys. */
  readonly principal: string;
  /** Temporary keys only: what must come with every use of the key, and until when. */
  readonly session?: { readonly token: string; readonly expiresAt: number };
};

export interface AccessKeys {
  /** undefined for unknown and inactive keys. */
  find(accessKeyId: string): AccessKey | undefined;
}

/** Whom a key stands for. */
export type Identity = {
  readonly type: 'Root' | 'IAMUser' | 'AssumedRole';
  /** arn:aws:iam::ACCOUNT:root, …:user/NAME or …:role/NAME: what policies and `AWS IAM GRANT` name. */
  readonly arn: string;
  /** As messages call the caller: for temporary keys arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION. */
  readonly callerArn: string;
  /** Of the user or role. */
  readonly name: string;
  readonly policies: readonly Policy[];
};

export interface Identities extends AccessKeys {
  identityOf(accessKeyId: string): Identity | undefined;
}

export type TokenCheck = {
  readonly token: string;
  /** Database role that wants to connect. */
  readonly user: string;
  readonly region: string;
  /** Host names that the token may be for, lower case; undefined: any (`--auth-host-check off`). */
  readonly hosts: readonly string[] | undefined;
  /** µs since 1970. */
  readonly now: number;
};

/** `principal` is the identity's ARN; `hint` is what DSQL puts into the HINT field of its `access denied`. */
export type TokenVerdict =
  | { readonly kind: 'allowed'; readonly principal: string; readonly accessKeyId: string }
  | { readonly kind: 'denied'; readonly hint: string };
