/** `borealis env`: shell exports, quoted for sh. */
import { connectionEnvironment } from './connection-environment.ts';
import { type EndpointChoice, findEndpoint } from './endpoint.ts';

export async function env(choice: EndpointChoice, user: string): Promise<void> {
  const variables = await connectionEnvironment(await findEndpoint(choice, process.env), user);
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`);
  // A shell that has used another cluster before must not keep what this one does not set.
  for (const name of ['PGHOSTADDR', 'PGOPTIONS', 'AWS_SESSION_TOKEN']) if (!(name in variables)) lines.push(`unset ${name}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
