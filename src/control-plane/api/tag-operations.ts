/** TagResource, UntagResource, ListTagsForResource. */
import { parseClusterArn, parseStreamArn } from '#deployment/cluster-records.ts';
import { removeTags, setTags, type TaggedName, taggedResource } from '#deployment/resource-tags.ts';
import { requestTags } from '../condition-keys.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { invalidFields, resourceNotFound } from './api-error.ts';
import { ApiInput, tagKeyRule } from './api-input.ts';

export const tagOperations: readonly Operation[] = [
  { name: 'TagResource', method: 'POST', path: '/tags/:resourceArn', run: tag },
  { name: 'UntagResource', method: 'DELETE', path: '/tags/:resourceArn', run: untag },
  { name: 'ListTagsForResource', method: 'GET', path: '/tags/:resourceArn', run: list },
];

async function tag(call: ApiCall): Promise<Answer> {
  const { input, clusters } = call;
  const tags = input.required('tags', input.tags('tags')) ?? {};
  input.check();
  const named = resource(call, 'dsql:TagResource', requestTags(tags));
  await clusters.change(() => setTags(clusters.registry, named, tags));
  return {};
}

async function untag(call: ApiCall): Promise<Answer> {
  const { clusters } = call;
  const query = new ApiInput(new Map([['tagKeys', call.parts.query.getAll('tagKeys')]]));
  const names = query.texts('tagKeys', tagKeyRule) ?? [];
  query.check();
  if (names.length === 0) throw invalidFields([{ name: 'tagKeys', message: "Value at 'tagKeys' must not be empty" }]);
  const named = resource(call, 'dsql:UntagResource', [['aws:tagkeys', names]]);
  await clusters.change(() => removeTags(clusters.registry, named, names));
  return {};
}

function list(call: ApiCall): Answer {
  const named = resource(call, 'dsql:ListTagsForResource', []);
  return { tags: taggedResource(call.clusters.registry, named).tags };
}

function resource(call: ApiCall, action: string, context: readonly (readonly [string, readonly string[]])[]): TaggedName {
  const arn = call.pathText('resourceArn', { minimum: 1, maximum: 1_011, pattern: /^arn:.+/ });
  call.authorize(action, arn, context);
  const named = parseStreamArn(arn) ?? parseClusterArn(arn);
  if (named === undefined || named.region !== call.region) throw resourceNotFound(`The resource ${arn} was not found.`, arn, 'cluster');
  return named;
}
