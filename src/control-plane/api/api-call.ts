/**
 * One call of the API: who makes it, where, with what; and the questions that every operation asks of it.
 */
import { createHash } from 'node:crypto';
import type { World } from '#base/world.ts';
import type { TokenUse } from '#deployment/cluster-registry.ts';
import type { Clusters } from '#deployment/clusters.ts';
import { refusalOf } from '#iam/authorization.ts';
import type { Identity } from '#iam/iam.ts';
import { parsePolicy } from '#iam/policy.ts';
import { resourceTags } from '../condition-keys.ts';
import { accessDenied } from './api-error.ts';
import { ApiInput, bodyMembers, clientTokenRule, type TextRule } from './api-input.ts';

export type ApiCallParts = {
  readonly world: World;
  readonly clusters: Clusters;
  readonly operation: string;
  /** Of the credential scope. */
  readonly region: string;
  readonly identity: Identity;
  readonly accessKeyId: string;
  readonly path: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
  readonly address: string;
  readonly isSecure: boolean;
  readonly userAgent: string | undefined;
  /** By names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
};

export type Answer = Readonly<Record<string, unknown>>;

/** An answer that is no JSON document. */
export class BytesAnswer {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** An answer that goes on for as long as its reader stays; pieces are made when he can take them. */
export class FlowingAnswer {
  readonly contentType: string;
  readonly pieces: AsyncIterable<string>;

  constructor(contentType: string, pieces: AsyncIterable<string>) {
    this.contentType = contentType;
    this.pieces = pieces;
  }
}

export class ApiCall {
  readonly parts: ApiCallParts;
  readonly input: ApiInput;
  readonly #members: ReadonlyMap<string, unknown>;
  /** What it was about, for the audit. */
  readonly resources: string[] = [];

  constructor(parts: ApiCallParts, takesBytes = false) {
    this.parts = parts;
    this.#members = takesBytes ? new Map() : bodyMembers(parts.body);
    this.input = new ApiInput(this.#members);
  }

  get clusters(): Clusters {
    return this.parts.clusters;
  }

  get region(): string {
    return this.parts.region;
  }

  /** What was asked for, as CloudTrail shows it: there is no secret in requests. */
  get auditedParameters(): Readonly<Record<string, unknown>> {
    const { path, query } = this.parts;
    return { ...Object.fromEntries(path), ...Object.fromEntries(query), ...Object.fromEntries(this.#members) };
  }

  /** A member of the path; throws when it does not have the form. */
  pathText(name: string, rule: TextRule): string {
    const input = new ApiInput(new Map([[name, this.parts.path.get(name)]]));
    const value = input.required(name, input.text(name, rule));
    input.check();
    return value ?? '';
  }

  get query(): ApiInput {
    return new ApiInput(new Map([...this.parts.query].map(([name, value]): [string, unknown] => [name, value])));
  }

  /** The resource's own policy and tags are looked up when it is a cluster of this deployment. */
  authorize(action: string, resource: string, context: readonly (readonly [string, readonly string[]])[] = []): void {
    const { identity, address, isSecure, userAgent, region, world } = this.parts;
    this.resources.push(resource);
    const parts = /^arn:aws:dsql:([^:]+):\d+:cluster\/([a-z0-9]+)/.exec(resource);
    const cluster = parts === null ? undefined : this.clusters.registry.find(parts[1], parts[2]);
    const refusal = refusalOf({
      identity,
      action,
      resource,
      resourcePolicy: cluster?.policy === undefined ? undefined : parsePolicy(cluster.policy.text, 'resource'),
      context: new Map([
        ['aws:sourceip', [address]],
        ['aws:securetransport', [String(isSecure)]],
        ['aws:requestedregion', [region]],
        ['aws:currenttime', [new Date(world.clock.now() / 1_000).toISOString()]],
        ['aws:epochtime', [String(Math.floor(world.clock.now() / 1_000_000))]],
        ...(userAgent === undefined ? [] : [['aws:useragent', [userAgent]] satisfies [string, readonly string[]]]),
        ...resourceTags(cluster?.tags ?? {}),
        ...context,
      ]),
    });
    if (refusal !== undefined) throw accessDenied(refusal);
  }

  /** The idempotency token of the body, or of the query. */
  token(): TokenUse | undefined {
    const { operation, path, query, region, identity } = this.parts;
    const token = this.input.text('clientToken', clientTokenRule) ?? this.query.text('client-token', clientTokenRule);
    if (token === undefined) return undefined;
    const content = JSON.stringify([[...path], [...query].sort(), sorted(Object.fromEntries(this.#members))]);
    return { name: `${region}/${operation}/${identity.arn}/${token}`, requestHash: createHash('sha256').update(content).digest('base64') };
  }
}

/** Members in one order: a client may send the same request again with its members in another. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}

export type OperationAnswer = Answer | BytesAnswer | FlowingAnswer;

export type Operation = {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Of mere looking, done every few seconds. */
  readonly isUnaudited?: boolean;
  /** The body is no JSON document. */
  readonly takesBytes?: boolean;
  /** Path segments; `:name` takes one, decoded. */
  readonly path: string;
  readonly run: (call: ApiCall) => OperationAnswer | Promise<OperationAnswer>;
};
