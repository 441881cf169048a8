/** Why a change to a cluster is refused, in the words of the API; the control plane turns it into DSQL's exceptions. */

export type ResourceType = 'cluster' | 'stream';
export type RefusalKind = 'notFound' | 'conflict' | 'quota' | 'invalid' | 'protected';

export class ClusterRefusal extends Error {
  override readonly name = 'ClusterRefusal';
  readonly kind: RefusalKind;
  readonly resourceId: string;
  /** invalid: the member that is wrong. */
  readonly field: string | undefined;
  readonly resourceType: ResourceType;

  constructor(kind: RefusalKind, message: string, resourceId: string, field?: string, resourceType: ResourceType = 'cluster') {
    super(message);
    this.kind = kind;
    this.resourceId = resourceId;
    this.field = field;
    this.resourceType = resourceType;
  }
}

export const notFound = (id: string): ClusterRefusal => new ClusterRefusal('notFound', `Cluster ${id} was not found.`, id);
export const streamNotFound = (id: string): ClusterRefusal =>
  new ClusterRefusal('notFound', `Stream ${id} was not found.`, id, undefined, 'stream');
export const invalid = (id: string, field: string, message: string): ClusterRefusal => new ClusterRefusal('invalid', message, id, field);
export const conflict = (id: string, message: string): ClusterRefusal => new ClusterRefusal('conflict', message, id);
