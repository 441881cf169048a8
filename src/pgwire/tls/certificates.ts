/**
 * Certificates: a certificate authority of this deployment's own, and a server certificate signed by it. Made on the first start and
 * kept in the data directory, so that clients can use `sslmode=verify-full` with `DIR/tls/ca.crt`. When the names to be served change, only the
 * server's certificate is made anew.
 */
import type { webcrypto as WebCrypto } from 'node:crypto';
import type { Disk, Random, Timestamp } from '#base/world.ts';

export type ServerIdentity = { readonly certificate: Buffer; readonly privateKey: Buffer; readonly authority: Buffer };

const dayMs = 24 * 60 * 60 * 1_000;
const authorityDays = 3_650;
/** 825 days is the longest that the usual TLS libraries take for a server. */
const serverDays = 800;
const renewalDays = 30;

export type CertificateRequest = {
  readonly disk: Disk;
  readonly random: Random;
  readonly now: Timestamp;
  readonly directory: string;
  /** DNS names (a leading `*.` allowed) and IP addresses. */
  readonly names: readonly string[];
};

/** The kept identity when it still fits, else a new one. */
export async function serverIdentity(request: CertificateRequest): Promise<ServerIdentity> {
  const { disk, directory } = request;
  const read = (name: string): Buffer | undefined => {
    const content = disk.read(`${directory}/${name}`);
    return content === undefined ? undefined : Buffer.from(content);
  };
  const kept = { authority: read('ca.crt'), certificate: read('server.crt'), privateKey: read('server.key'), served: read('server.names') };
  const expiry = Number(kept.served?.toString('utf8').split('\n')[0] ?? 0);
  const served = kept.served?.toString('utf8').split('\n').slice(1).join('\n');
  const { authority, certificate, privateKey } = kept;
  const stillValid = expiry - request.now / 1_000 > renewalDays * dayMs;
  if (authority && certificate && privateKey && stillValid && served === request.names.join('\n'))
    return { authority, certificate, privateKey };
  return makeIdentity(request, read('ca.crt'), read('ca.key'));
}

async function makeIdentity(
  request: CertificateRequest,
  caCertificate: Buffer | undefined,
  caKey: Buffer | undefined,
): Promise<ServerIdentity> {
  // Loaded only here: it is needed once in a deployment's life, and costs more than the rest of the start.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { webcrypto } = await import('node:crypto');
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const nowMs = request.now / 1_000;
  const days = (count: number): Date => new Date(nowMs + count * dayMs);
  const serial = (): string => `01${Buffer.from(request.random.bytes(15)).toString('hex')}`;
  const pem = (kind: string, der: ArrayBuffer): Buffer =>
    Buffer.from(
      `-----BEGIN ${kind}-----\n${(
        Buffer.from(der)
          .toString('base64')
          .match(/.{1,64}/g) ?? []
      ).join('\n')}\n-----END ${kind}-----\n`,
    );

  let authorityKeys: WebCrypto.CryptoKeyPair;
  let authority: Buffer;
  if (caCertificate !== undefined && caKey !== undefined) {
    const der = Buffer.from(caKey.toString('utf8').replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
    const publicKey = await new x509.X509Certificate(caCertificate.toString('utf8')).publicKey.export();
    authorityKeys = { privateKey, publicKey } as WebCrypto.CryptoKeyPair;
    authority = caCertificate;
  } else {
    authorityKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: 'CN=Borealis local certificate authority',
      notBefore: days(-1),
      notAfter: days(authorityDays),
      keys: authorityKeys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
      ],
    });
    authority = Buffer.from(`${certificate.toString('pem')}\n`);
  }

  const serverKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const isAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=Borealis server',
    issuer: new x509.X509Certificate(authority.toString('utf8')).subject,
    notBefore: days(-1),
    notAfter: days(serverDays),
    publicKey: serverKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(request.names.map((name) => ({ type: isAddress(name) ? 'ip' : 'dns', value: name }))),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const identity: ServerIdentity = {
    authority,
    certificate: Buffer.from(`${certificate.toString('pem')}\n`),
    privateKey: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey)),
  };
  const { disk, directory } = request;
  disk.makeDirectory(directory);
  if (caCertificate === undefined || caKey === undefined) {
    await disk.replace(`${directory}/ca.key`, pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', authorityKeys.privateKey)));
    await disk.replace(`${directory}/ca.crt`, authority);
  }
  await disk.replace(`${directory}/server.key`, identity.privateKey);
  await disk.replace(`${directory}/server.crt`, identity.certificate);
  // Written last: without it the next start makes the server's certificate again.
  await disk.replace(`${directory}/server.names`, Buffer.from([String(nowMs + serverDays * dayMs), ...request.names].join('\n')));
  return identity;
}
