/**
 * IAM: access keys, SigV4, connection tokens. Knows nothing of SQL.
 *
 *   I1  A token opens a connection only if its signature recomputes with the secret of a known key, it has not expired, and its action, host, Region
 *       and service are those asked for.
 *   I2  Comparison of signatures takes the same time wherever they differ.
 */
export type AccessKey = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly principal: string };

export interface AccessKeys {
  find(accessKeyId: string): AccessKey | undefined;
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

/** `hint` is what DSQL puts into the HINT field of its `access denied`. */
export type TokenVerdict = { readonly kind: 'allowed'; readonly principal: string } | { readonly kind: 'denied'; readonly hint: string };
