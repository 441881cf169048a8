/**
 * `borealis iam OPERATION ARGUMENT…`: users, roles, policies and keys. The operations are IAM's, spelt as its command line spells them; each takes its members
 * in the order given here.
 */
import { readFileSync } from 'node:fs';
import { ApiClient } from './api-client.ts';
import { CommandError, reason } from './data-directory.ts';
import { printAnswer } from './print-answer.ts';

/** `?` stands behind members that may be left out; PolicyDocument names a file (- is standard input). */
export const iamOperations: Readonly<Record<string, readonly string[]>> = {
  'create-user': ['UserName'],
  'list-users': [],
  'delete-user': ['UserName'],
  'put-user-policy': ['UserName', 'PolicyName', 'PolicyDocument'],
  'delete-user-policy': ['UserName', 'PolicyName'],
  'attach-user-policy': ['UserName', 'PolicyArn'],
  'detach-user-policy': ['UserName', 'PolicyArn'],
  'create-access-key': ['UserName'],
  'list-access-keys': ['UserName'],
  'update-access-key': ['UserName', 'AccessKeyId', 'Status'],
  'delete-access-key': ['UserName', 'AccessKeyId'],
  'create-role': ['RoleName'],
  'list-roles': [],
  'delete-role': ['RoleName'],
  'put-role-policy': ['RoleName', 'PolicyName', 'PolicyDocument'],
  'delete-role-policy': ['RoleName', 'PolicyName'],
  'attach-role-policy': ['RoleName', 'PolicyArn'],
  'detach-role-policy': ['RoleName', 'PolicyArn'],
  'assume-role': ['RoleName', 'RoleSessionName', 'DurationSeconds?'],
  'get-caller-identity': [],
};

export async function iam(operation: string, values: readonly string[], dataDir: string, isJson: boolean): Promise<void> {
  const members = iamOperations[operation];
  if (members === undefined) throw new CommandError(`no operation ${operation}: there are ${Object.keys(iamOperations).join(', ')}`);
  const needed = members.filter((member) => !member.endsWith('?')).length;
  if (values.length < needed || values.length > members.length)
    throw new CommandError(
      `usage: borealis iam ${[operation, ...members.map((member) => (member.endsWith('?') ? `[${member.slice(0, -1)}]` : member))].join(' ')}`,
    );
  const content = Object.fromEntries(values.map((value, i) => [members[i].replace('?', ''), memberValue(members[i], value)]));
  const name = operation.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const client = new ApiClient(dataDir, process.env);
  printAnswer(await client.call(client.deployment.regions[0].name, 'POST', `/borealis/iam/${name}`, content), isJson);
}

function memberValue(member: string, value: string): string | number {
  if (member === 'DurationSeconds?') return Number(value);
  if (member !== 'PolicyDocument') return value;
  try {
    return readFileSync(value === '-' ? 0 : value, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${value}: ${reason(error)}`);
  }
}
