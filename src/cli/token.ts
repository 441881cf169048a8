/** `borealis token`: one line, the token, and nothing else, so that it can be used in a command substitution. */
import { tokenSecondsMaximum } from '#iam/token-verifier.ts';
import { CommandError } from './data-directory.ts';
import { type EndpointChoice, findEndpoint, tokenFor } from './endpoint.ts';

export async function token(choice: EndpointChoice, user: string, expiresIn: string): Promise<void> {
  const seconds = Number(expiresIn);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > tokenSecondsMaximum) {
    throw new CommandError(`--expires-in takes 1 to ${tokenSecondsMaximum} seconds, not "${expiresIn}"`);
  }
  process.stdout.write(`${await tokenFor(await findEndpoint(choice, process.env), user, seconds)}\n`);
}
