/**
 * CreateStream, GetStream, ListStreams, DeleteStream. A stream sends a cluster's changes to a Kinesis data stream, and there is none to send them to
 * here: creating one is refused, and so there is never one to find.
 */
import { clusterArn } from '#deployment/cluster-records.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { invalidRequest, resourceNotFound } from './api-error.ts';
import { identifierRule } from './api-input.ts';

export const streamOperations: readonly Operation[] = [
  { name: 'CreateStream', method: 'POST', path: '/stream/:clusterIdentifier', run: create },
  { name: 'ListStreams', method: 'GET', path: '/stream/:clusterIdentifier', run: list },
  { name: 'GetStream', method: 'GET', path: '/stream/:clusterIdentifier/:streamIdentifier', run: (call) => one(call, 'dsql:GetStream') },
  {
    name: 'DeleteStream',
    method: 'DELETE',
    path: '/stream/:clusterIdentifier/:streamIdentifier',
    run: (call) => one(call, 'dsql:DeleteStream'),
  },
];

function create(call: ApiCall): Answer {
  cluster(call, 'dsql:CreateStream');
  throw invalidRequest('other', 'Streams are not available: this deployment has no Kinesis data stream to send changes to.');
}

function list(call: ApiCall): Answer {
  const { query } = call;
  query.integer('max-results', 1, 100);
  query.text('next-token', { minimum: 1, maximum: 2_048 });
  query.check();
  cluster(call, 'dsql:ListStreams');
  return { streams: [] };
}

function one(call: ApiCall, action: string): Answer {
  const stream = call.pathText('streamIdentifier', identifierRule);
  cluster(call, action);
  throw resourceNotFound(`Stream ${stream} was not found.`, stream, 'stream');
}

function cluster(call: ApiCall, action: string): void {
  const id = call.pathText('clusterIdentifier', identifierRule);
  call.authorize(action, clusterArn({ region: call.region, id }));
  call.clusters.registry.get(call.region, id);
}
