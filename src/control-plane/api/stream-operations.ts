/**
 * CreateStream, GetStream, ListStreams, DeleteStream as Aurora DSQL has them. The target is a Kinesis data stream there. Here its name is taken and shown, and nothing
 * is sent to it: a stream is read from this very port (stream-reading.ts).
 */
import { randomId } from '#base/base32.ts';
import { createStream, deleteStream } from '#deployment/change-streams/stream-changes.ts';
import { clusterArn, type StreamRecord, streamArn } from '#deployment/cluster-records.ts';
import { streamNotFound } from '#deployment/cluster-refusal.ts';
import { requestTags } from '../condition-keys.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { invalidFields, invalidRequest } from './api-error.ts';
import { identifierRule, type TextRule } from './api-input.ts';

export const streamOperations: readonly Operation[] = [
  { name: 'CreateStream', method: 'POST', path: '/stream/:clusterIdentifier', run: create },
  { name: 'ListStreams', method: 'GET', path: '/stream/:clusterIdentifier', run: list },
  { name: 'GetStream', method: 'GET', path: '/stream/:clusterIdentifier/:streamIdentifier', run: get },
  { name: 'DeleteStream', method: 'DELETE', path: '/stream/:clusterIdentifier/:streamIdentifier', run: remove },
];

const pageSize = 10;
const [ordering, format] = ['UNORDERED', 'JSON'];
const enumRule: TextRule = { minimum: 1, maximum: 64 };
const kinesisRule: TextRule = {
  minimum: 1,
  maximum: 512,
  pattern: /^arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream\/[a-zA-Z0-9_.-]{1,128}$/,
};
const roleRule: TextRule = { minimum: 20, maximum: 2_048, pattern: /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[a-zA-Z0-9+=,.@_/-]+$/ };

function create(call: ApiCall): Promise<Answer> {
  const { input, region, clusters } = call;
  const { world } = call.parts;
  const clusterId = call.pathText('clusterIdentifier', identifierRule);
  for (const [name, only] of [
    ['ordering', ordering],
    ['format', format],
  ] as const) {
    const value = input.required(name, input.text(name, enumRule));
    if (value !== undefined && value !== only)
      throw invalidFields([
        { name, message: `Value at '${name}' failed to satisfy constraint: Member must satisfy enum value set: [${only}]` },
      ]);
  }
  const definition = input.required('targetDefinition', input.object('targetDefinition'));
  const kinesis = definition?.required('kinesis', definition.object('kinesis'));
  const target = {
    streamArn: kinesis?.required('streamArn', kinesis.text('streamArn', kinesisRule)) ?? '',
    roleArn: kinesis?.required('roleArn', kinesis.text('roleArn', roleRule)) ?? '',
  };
  const tags = input.tags('tags') ?? {};
  const token = call.token();
  input.check();
  const arn = clusterArn({ region, id: clusterId });
  call.authorize('dsql:CreateStream', arn, requestTags(tags));
  if (Object.keys(tags).length > 0) call.authorize('dsql:TagResource', arn, requestTags(tags));
  if (!clusters.hasStreams) throw invalidRequest('other', 'Streams are not available in a fleet.');
  return clusters.change(() => {
    const request = { region, clusterId, id: randomId(world.random), createdAt: world.clock.now(), target, tags };
    const isActive = clusters.statusOf(clusters.registry.get(region, clusterId)) === 'ACTIVE';
    const { changes, answer } = createStream(clusters.registry, request, isActive);
    return { changes, answer: { ...summary(answer), ordering, format } };
  }, token);
}

function list(call: ApiCall): Answer {
  const { query, region, clusters } = call;
  const clusterId = call.pathText('clusterIdentifier', identifierRule);
  const limit = query.integer('max-results', 1, 100) ?? pageSize;
  const after = query.text('next-token', { minimum: 1, maximum: 2_048 });
  query.check();
  const cluster = { region, id: clusterId };
  call.authorize('dsql:ListStreams', clusterArn(cluster));
  const last = after === undefined ? '' : Buffer.from(after, 'base64url').toString('utf8');
  if (after !== undefined && !identifierRule.pattern?.test(last))
    throw invalidFields([{ name: 'nextToken', message: "Value at 'nextToken' is not a token of this service" }]);
  const behind = clusters.registry.streams(clusters.registry.get(region, clusterId)).filter(({ id }) => id > last);
  const page = behind.slice(0, limit);
  const nextToken = behind.length > limit ? { nextToken: Buffer.from(page[page.length - 1].id).toString('base64url') } : {};
  return { streams: page.map(summary), ...nextToken };
}

function get(call: ApiCall): Answer {
  const stream = found(call, 'dsql:GetStream');
  return { ...summary(stream), ordering, format, targetDefinition: { kinesis: stream.target }, tags: stream.tags };
}

function remove(call: ApiCall): Promise<Answer> {
  const { clusters } = call;
  const name = streamName(call);
  const token = call.token();
  call.authorize('dsql:DeleteStream', streamArn(name));
  return clusters.change(() => {
    const { changes, answer } = deleteStream(clusters.registry, name);
    return { changes, answer: summary(answer) };
  }, token);
}

/** The stream that the call names. */
export function found(call: ApiCall, action: string): StreamRecord {
  const name = streamName(call);
  call.authorize(action, streamArn(name));
  call.clusters.registry.get(name.region, name.clusterId);
  const stream = call.clusters.registry.stream(name);
  if (stream === undefined) throw streamNotFound(name.id);
  return stream;
}

function streamName(call: ApiCall): Pick<StreamRecord, 'region' | 'clusterId' | 'id'> {
  const clusterId = call.pathText('clusterIdentifier', identifierRule);
  return { region: call.region, clusterId, id: call.pathText('streamIdentifier', identifierRule) };
}

function summary(stream: StreamRecord): Answer {
  return {
    clusterIdentifier: stream.clusterId,
    streamIdentifier: stream.id,
    arn: streamArn(stream),
    status: stream.status,
    creationTime: Math.floor(stream.createdAt / 1_000) / 1_000,
  };
}
