/**
 * The access key that commands use: the one in the environment (BOREALIS_ACCESS_KEY_ID, BOREALIS_SECRET_ACCESS_KEY, BOREALIS_SESSION_TOKEN), else the root's.
 * AWS' own variables are not looked at: they may hold keys of an account that has nothing to do with this deployment.
 */
import { parseCredentials } from '#iam/access-key-file.ts';
import type { AccessKey } from '#iam/iam.ts';
import { CommandError, readCredentialsFile } from './data-directory.ts';

/** The root key given by the environment. */
export function givenRootKey(environment: NodeJS.ProcessEnv): AccessKey | undefined {
  return givenKey(environment, 'BOREALIS_ROOT_ACCESS_KEY_ID', 'BOREALIS_ROOT_SECRET_ACCESS_KEY');
}

export function accessKeyFor(dataDir: string, environment: NodeJS.ProcessEnv): AccessKey {
  const own = givenKey(environment, 'BOREALIS_ACCESS_KEY_ID', 'BOREALIS_SECRET_ACCESS_KEY');
  if (own !== undefined) {
    const token = environment.BOREALIS_SESSION_TOKEN;
    // Only the deployment knows when it ends.
    return token ? { ...own, session: { token, expiresAt: Number.POSITIVE_INFINITY } } : own;
  }
  const key = givenRootKey(environment) ?? parseCredentials(readCredentialsFile(dataDir));
  if (key === undefined) throw new CommandError(`${dataDir}/credentials holds no access key`);
  return key;
}

function givenKey(environment: NodeJS.ProcessEnv, idName: string, secretName: string): AccessKey | undefined {
  const [accessKeyId, secretAccessKey] = [environment[idName], environment[secretName]];
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) throw new CommandError(`${idName} and ${secretName} go together`);
  return parseCredentials(`[default]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`);
}
