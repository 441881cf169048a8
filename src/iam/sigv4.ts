/** SigV4 presigning of DSQL's connection request, by the AWS SDK's own implementation: tokens are made and checked with the same code. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AccessKey } from './iam.ts';

export type ConnectRequest = {
  /** Host name without a port. */
  readonly host: string;
  readonly region: string;
  /** Parameters besides those that presigning itself adds: `Action`, above all. */
  readonly query: Readonly<Record<string, string>>;
  readonly signedAt: Date;
  readonly expiresInSeconds: number;
};

export const service = 'dsql';

/** All query parameters of the presigned request, the signature among them. */
export async function presign(request: ConnectRequest, key: AccessKey): Promise<Readonly<Record<string, string>>> {
  const signer = new SignatureV4({
    service,
    region: request.region,
    credentials: { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey },
    sha256: Sha256,
  });
  const presigned = await signer.presign(
    new HttpRequest({
      method: 'GET',
      protocol: 'https:',
      hostname: request.host,
      path: '/',
      headers: { host: request.host },
      query: { ...request.query },
    }),
    { signingDate: request.signedAt, expiresIn: request.expiresInSeconds },
  );
  return presigned.query as Readonly<Record<string, string>>;
}
