/** `borealis stream create|list|get|delete|tail`: change streams, through the API as any other client. */
import { randomUUID } from 'node:crypto';
import { type ApiAnswer, ApiClient } from './api-client.ts';
import { located } from './cluster.ts';
import { CommandError } from './data-directory.ts';
import { printAnswer } from './print-answer.ts';

export type StreamChoice = {
  readonly dataDir: string;
  readonly region: string | undefined;
  readonly isJson: boolean;
  /** undefined: the default one. */
  readonly cluster: string | undefined;
};

/** Nothing is sent there, but the API's shape wants names (docs/change-streams.md). */
const target = {
  kinesis: { streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/borealis', roleArn: 'arn:aws:iam::000000000000:role/borealis' },
};
const settlingMs = 20_000;
const reconnectMs = 1_000;

type Place = { readonly client: ApiClient; readonly region: string; readonly cluster: string };

async function placeOf(choice: StreamChoice): Promise<Place> {
  const client = new ApiClient(choice.dataDir, process.env);
  const cluster = choice.cluster ?? client.deployment.clusters.find(({ isDefault }) => isDefault)?.id;
  if (cluster === undefined) throw new CommandError('there is no default cluster: say which with --cluster');
  const [region] = await located(client, cluster, choice);
  return { client, region, cluster };
}

export async function createStream(choice: StreamChoice): Promise<void> {
  const { client, region, cluster } = await placeOf(choice);
  const made = await client.call(region, 'POST', `/stream/${cluster}`, {
    targetDefinition: target,
    ordering: 'UNORDERED',
    format: 'JSON',
    clientToken: randomUUID(),
  });
  const path = `/stream/${cluster}/${String(made.streamIdentifier)}`;
  for (const startedMs = performance.now(); performance.now() - startedMs < settlingMs; ) {
    const stream = await client.call(region, 'GET', path);
    if (stream.status === 'ACTIVE') {
      printAnswer(stream, choice.isJson);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new CommandError(`stream ${String(made.streamIdentifier)} is still being created: look again with borealis stream get`);
}

export async function listStreams(choice: StreamChoice): Promise<void> {
  const { client, region, cluster } = await placeOf(choice);
  const { streams } = await client.call(region, 'GET', `/stream/${cluster}?max-results=100`);
  printAnswer({ streams }, choice.isJson);
}

export async function getStream(id: string, choice: StreamChoice): Promise<void> {
  const { client, region, cluster } = await placeOf(choice);
  printAnswer(await client.call(region, 'GET', `/stream/${cluster}/${id}`), choice.isJson);
}

export async function deleteStream(id: string, choice: StreamChoice): Promise<void> {
  const { client, region, cluster } = await placeOf(choice);
  printAnswer(await client.call(region, 'DELETE', `/stream/${cluster}/${id}?client-token=${randomUUID()}`), choice.isJson);
}

/**
 * Prints changes as they are committed, a line each, until it is interrupted (or, with `follows` false, until there are no more). When the deployment goes
 * away it is asked again, from the last position on.
 */
export async function tailStream(id: string, from: string, follows: boolean, choice: StreamChoice): Promise<void> {
  const { client, region, cluster } = await placeOf(choice);
  let position = from;
  const path = `/borealis/clusters/${cluster}/streams/${id}/records`;
  for (let hasBegun = false; ; ) {
    const target = `${path}?position=${encodeURIComponent(position)}&wait-seconds=${follows ? 600 : 0}`;
    try {
      await client.lines(region, target, (line) => {
        hasBegun = true;
        const answer: ApiAnswer = JSON.parse(line);
        if (isFailure(answer.error)) throw new StreamEnded(answer.error.message);
        position = String(answer.position);
        if (answer.record !== undefined) process.stdout.write(`${line}\n`);
      });
      if (!follows) return;
    } catch (error) {
      if (error instanceof StreamEnded || !hasBegun || !follows) throw error;
      await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }
}

class StreamEnded extends CommandError {}

const isFailure = (value: unknown): value is { readonly message: string } =>
  typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
