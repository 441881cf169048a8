/** The root access key, in the data directory as an AWS credentials file, so that AWS' own tools can read it (AWS_SHARED_CREDENTIALS_FILE). */
import type { Disk, Random } from '#base/world.ts';
import { type AccessKey, type AccessKeys, accountId } from './iam.ts';

/** Who holds the root key. */
export const rootPrincipal = `arn:aws:iam::${accountId}:root`;

const idCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const secretCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const pick = (characters: string, bytes: Uint8Array): string => Array.from(bytes, (byte) => characters[byte % characters.length]).join('');

/** `AKIA` (temporary keys: `ASIA`) and 16 characters; the secret has 40, 240 bits of chance. */
export function makeAccessKey(random: Random, principal: string, prefix: 'AKIA' | 'ASIA' = 'AKIA'): AccessKey {
  return {
    accessKeyId: `${prefix}${pick(idCharacters, random.bytes(16))}`,
    secretAccessKey: pick(secretCharacters, random.bytes(40)),
    principal,
  };
}

export function formatCredentials(key: AccessKey): string {
  return `[default]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`;
}

/** The key of the `default` section; undefined when the text holds none. */
export function parseCredentials(text: string): AccessKey | undefined {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[(.+)\]\s*$/.exec(line);
    if (header !== null) section = header[1].trim();
    const pair = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (pair !== null && section === 'default') values.set(pair[1].toLowerCase(), pair[2]);
  }
  const accessKeyId = values.get('aws_access_key_id');
  const secretAccessKey = values.get('aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, principal: rootPrincipal };
}

/**
 * The root key: `given` (from the environment) when there is one, else the kept one, else a new one, which is then kept.
 * Throws when the kept file holds no key: a new key would lock out whoever holds the old one.
 */
export async function rootKey(disk: Disk, path: string, random: Random, given: AccessKey | undefined): Promise<AccessKey> {
  if (given !== undefined) return given;
  const kept = disk.read(path);
  if (kept !== undefined) {
    const key = parseCredentials(Buffer.from(kept).toString('utf8'));
    if (key === undefined) throw new Error(`${path} holds no access key: repair or remove it`);
    return key;
  }
  const made = makeAccessKey(random, rootPrincipal);
  await disk.replace(path, Buffer.from(formatCredentials(made)));
  return made;
}

export function accessKeysOf(...keys: readonly AccessKey[]): AccessKeys {
  const byId = new Map(keys.map((key) => [key.accessKeyId, key]));
  return { find: (accessKeyId) => byId.get(accessKeyId) };
}
