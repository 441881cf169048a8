/**
 * The HTTP API: finds the operation, verifies who asks, carries it out, and answers as restJson1 has it. Every call that names an operation is audited.
 *
 *   Everything here is in the order of AWS: an unknown operation is told without a signature; then the signature; then the rate; then the members; then the
 *   permission; then the state.
 */
import type { Rate } from '#base/token-bucket.ts';
import type { World } from '#base/world.ts';
import type { Clusters } from '#deployment/clusters.ts';
import type { Identities, Identity } from '#iam/iam.ts';
import { type HttpRequestParts, verifyRequest } from '#iam/signed-request.ts';
import type { AuditLog } from '../audit-log.ts';
import { ApiCall, BytesAnswer, FlowingAnswer, type Operation } from './api-call.ts';
import { ApiError, asApiError, unknownOperation } from './api-error.ts';
import { clusterOperations } from './cluster-operations.ts';
import { policyOperations } from './policy-operations.ts';
import { RequestRate } from './request-rate.ts';
import { streamOperations } from './stream-operations.ts';
import { tagOperations } from './tag-operations.ts';

export type ApiServiceOptions = {
  readonly world: World;
  readonly clusters: Clusters;
  readonly identities: Identities;
  readonly audit: AuditLog;
  /** Borealis' own operations, under /borealis. */
  readonly ownOperations: readonly Operation[];
  /** Calls of one access key. */
  readonly rate: Rate;
};

export type ApiRequest = HttpRequestParts & { readonly address: string; readonly isSecure: boolean };
export type ApiResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | AsyncIterable<string>;
};

const service = 'dsql';
const ownPaths = /^\/(cluster|clusters|tags|stream|borealis)(\/|$)/;

/** Who makes a call, and in which Region. */
export type ApiCaller = { readonly identity: Identity; readonly accessKeyId: string; readonly region: string };

type Matched = { readonly operation: Operation; readonly path: ReadonlyMap<string, string> };

export class ApiService {
  readonly #options: ApiServiceOptions;
  readonly #operations: readonly { readonly operation: Operation; readonly segments: readonly string[] }[];

  readonly #rate: RequestRate;

  constructor(options: ApiServiceOptions) {
    this.#options = options;
    this.#rate = new RequestRate(options.rate, options.world.clock);
    this.#operations = [...clusterOperations, ...policyOperations, ...tagOperations, ...streamOperations, ...options.ownOperations].map(
      (operation) => ({ operation, segments: operation.path.split('/').slice(1) }),
    );
  }

  /** Whether the path belongs to the API at all. */
  serves(target: string): boolean {
    return ownPaths.test(target.split('?', 1)[0]);
  }

  /** Bytes of a request's body, at most. A policy has 20 KiB, and everything else is less, but for parts of a backup. */
  bodyMaximum(method: string, target: string): number {
    return this.#match(method, target.split('?', 1)[0])?.operation.takesBytes === true ? 8 * 1024 * 1024 : 128 * 1024;
  }

  /** A signed call. */
  handle(request: ApiRequest): Promise<ApiResponse> {
    return this.#handle(request, () => this.#caller(request), true);
  }

  /**
   * A call of somebody who is known already: the console's. Its pages look again every few seconds, so that what was merely looked at, and allowed, is not
   * audited.
   */
  handleFor(caller: ApiCaller, request: ApiRequest): Promise<ApiResponse> {
    return this.#handle(request, () => caller, false);
  }

  async #handle(request: ApiRequest, callerOf: () => ApiCaller, auditsLooking: boolean): Promise<ApiResponse> {
    const requestId = uuid(this.#options.world);
    const headers = { 'Content-Type': 'application/json', 'x-amzn-RequestId': requestId, 'Cache-Control': 'no-store' };
    try {
      const answer = await this.#answer(request, callerOf, auditsLooking, requestId);
      if (answer instanceof BytesAnswer)
        return { status: 200, headers: { ...headers, 'Content-Type': 'application/octet-stream' }, body: answer.bytes };
      if (answer instanceof FlowingAnswer)
        return { status: 200, headers: { ...headers, 'Content-Type': answer.contentType }, body: answer.pieces };
      return { status: 200, headers, body: JSON.stringify(answer) };
    } catch (error) {
      const known = asApiError(error);
      if (known === undefined) {
        const report = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#options.world.log.error('an API call failed', { error: report, requestId });
      }
      const { type, status, message, members, retryAfterSeconds } =
        known ??
        new ApiError('InternalServerException', 500, 'An internal error has occurred: the log of the deployment has the details.', {}, 1);
      return {
        status,
        headers: {
          ...headers,
          'x-amzn-ErrorType': type,
          ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
        },
        body: JSON.stringify({ message, ...members }),
      };
    }
  }

  async #answer(request: ApiRequest, callerOf: () => ApiCaller, auditsLooking: boolean, requestId: string): Promise<unknown> {
    const { world, clusters, audit } = this.#options;
    const question = request.target.indexOf('?');
    const path = question < 0 ? request.target : request.target.slice(0, question);
    const matched = this.#match(request.method, path);
    if (matched === undefined) throw unknownOperation();
    let call: ApiCall | undefined;
    let who: ApiCaller | undefined;
    try {
      who = callerOf();
      // The console's pages look often, and at every cluster.
      if (auditsLooking || request.method !== 'GET') this.#rate.admit(who.accessKeyId);
      const parts = {
        world,
        clusters,
        operation: matched.operation.name,
        region: who.region,
        identity: who.identity,
        accessKeyId: who.accessKeyId,
        path: matched.path,
        query: new URLSearchParams(question < 0 ? '' : request.target.slice(question + 1)),
        body: request.body,
        address: request.address,
        isSecure: request.isSecure,
        userAgent: request.headers.get('user-agent'),
        headers: request.headers,
      };
      call = new ApiCall(parts, matched.operation.takesBytes);
      const answer = await matched.operation.run(call);
      record(undefined);
      return answer;
    } catch (error) {
      record(error);
      throw error;
    }

    function record(error: unknown): void {
      if (matched === undefined || (matched.operation.isUnaudited ?? false)) return;
      if (!auditsLooking && error === undefined && matched.operation.method === 'GET') return;
      const known = error === undefined ? undefined : asApiError(error);
      audit.record({
        eventSource: matched.operation.path.startsWith('/borealis/iam')
          ? 'iam.amazonaws.com'
          : matched.operation.path.startsWith('/borealis')
            ? 'borealis'
            : 'dsql.amazonaws.com',
        eventName: matched.operation.name,
        eventCategory: 'Management',
        awsRegion: who?.region ?? '',
        sourceIPAddress: request.address,
        userAgent: request.headers.get('user-agent'),
        userIdentity:
          who === undefined ? undefined : { type: who.identity.type, arn: who.identity.callerArn, accessKeyId: who.accessKeyId },
        requestParameters: call?.auditedParameters,
        resources: call?.resources ?? [],
        errorCode: error === undefined ? undefined : (known?.type ?? 'InternalServerException'),
        errorMessage: known?.message,
        requestID: requestId,
      });
    }
  }

  #caller(request: ApiRequest): ApiCaller {
    const { identities, world } = this.#options;
    const verdict = verifyRequest(request, service, identities, world.clock.now());
    if (verdict.kind === 'refused') throw new ApiError(verdict.type, verdict.status, verdict.message);
    const { accessKeyId } = verdict.key;
    const identity = identities.identityOf(accessKeyId);
    if (identity === undefined)
      throw new ApiError('UnrecognizedClientException', 403, 'The security token included in the request is invalid.');
    return { identity, accessKeyId, region: verdict.region };
  }

  #match(method: string, path: string): Matched | undefined {
    const segments = path.split('/').slice(1);
    for (const { operation, segments: wanted } of this.#operations) {
      if (operation.method !== method || wanted.length !== segments.length) continue;
      const taken = new Map<string, string>();
      const fits = wanted.every((want, i) => {
        if (!want.startsWith(':')) return want === segments[i];
        const value = decoded(segments[i]);
        if (value !== undefined) taken.set(want.slice(1), value);
        return value !== undefined && value !== '';
      });
      if (fits) return { operation, path: taken };
    }
    return undefined;
  }
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // No path of ours.
  }
}

/** As the SDKs expect request ids to look. */
function uuid({ random }: World): string {
  const hex = Buffer.from(random.bytes(16)).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
