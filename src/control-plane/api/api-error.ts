/** Errors of the API as its clients know them: a type, an HTTP status, a message, and what else the type has. */
import { ClusterRefusal } from '#deployment/cluster-refusal.ts';
import { IamRefusal } from '#iam/identity-store.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly type: string;
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  /** Said in the header Retry-After: when it may go better. */
  readonly retryAfterSeconds: number | undefined;

  constructor(type: string, status: number, message: string, members: Readonly<Record<string, unknown>> = {}, retryAfterSeconds?: number) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
    this.type = type;
    this.status = status;
    this.members = members;
  }
}

export type InvalidField = { readonly name: string; readonly message: string };

export const invalidFields = (fields: readonly InvalidField[]): ApiError =>
  new ApiError(
    'ValidationException',
    400,
    `${fields.length} validation error${fields.length === 1 ? '' : 's'} detected: ${fields.map(({ message }) => message).join('; ')}`,
    { reason: 'fieldValidationFailed', fieldList: fields },
  );

export const invalidRequest = (reason: 'cannotParse' | 'other' | 'unknownOperation', message: string): ApiError =>
  new ApiError('ValidationException', 400, message, { reason });

export const accessDenied = (message: string): ApiError => new ApiError('AccessDeniedException', 403, message);

export const unknownOperation = (): ApiError => new ApiError('UnknownOperationException', 404, 'There is no such operation.');

export const resourceNotFound = (message: string, resourceId: string, resourceType: string): ApiError =>
  new ApiError('ResourceNotFoundException', 404, message, { resourceId, resourceType });

/** What is known of an error; undefined: it is ours. */
export function asApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof ClusterRefusal) return fromClusterRefusal(error);
  if (error instanceof IamRefusal) {
    const status = {
      NoSuchEntity: 404,
      EntityAlreadyExists: 409,
      DeleteConflict: 409,
      LimitExceeded: 409,
      ValidationError: 400,
      MalformedPolicyDocument: 400,
    };
    return new ApiError(error.type, status[error.type], error.message);
  }
  return undefined;
}

function fromClusterRefusal({ kind, message, resourceId, field, resourceType }: ClusterRefusal): ApiError {
  const resource = { resourceId, resourceType };
  switch (kind) {
    case 'notFound':
      return resourceNotFound(message, resourceId, resourceType);
    case 'conflict':
      return new ApiError('ConflictException', 409, message, resource);
    case 'quota':
      return new ApiError('ServiceQuotaExceededException', 402, message, {
        ...resource,
        serviceCode: 'dsql',
        quotaCode: resourceType === 'stream' ? 'streams-per-cluster' : 'clusters-per-region',
      });
    case 'protected':
      return new ApiError('ValidationException', 400, message, { reason: 'deletionProtectionEnabled' });
    case 'invalid':
      return field === undefined ? invalidRequest('other', message) : invalidFields([{ name: field, message }]);
  }
}
