/** What exists in a cluster, as the node tells it (src/control-plane/console/schema-facts.ts). */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { request } from '../api/request.ts';
import { type ClusterAddress, clusterPath } from '../query-editor/query-api.ts';

export type ColumnFacts = {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
  readonly defaultText: string | null;
  readonly identity?: string;
};
export type RelationFacts = {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly columns: readonly ColumnFacts[];
};
export type SchemaFacts = {
  readonly schemas: readonly string[];
  readonly relations: readonly RelationFacts[];
  readonly isCut: boolean;
  readonly sequences: readonly { readonly schema: string; readonly name: string; readonly increment: string; readonly cache: string }[];
  readonly functions: readonly { readonly schema: string; readonly name: string; readonly arguments: string; readonly result: string }[];
};
export type IndexFacts = {
  readonly name: string;
  readonly definition: string;
  readonly isPrimary: boolean;
  readonly isUnique: boolean;
  readonly isValid: boolean;
  readonly bytes: number;
  readonly job?: { readonly id: string; readonly status: string; readonly details: string | null };
};
export type RelationDetails = {
  readonly rows?: number;
  readonly bytes: number;
  readonly indexBytes: number;
  readonly indexes: readonly IndexFacts[];
  readonly constraints: readonly { readonly name: string; readonly definition: string }[];
  readonly viewText?: string;
};

const as = (role: string): string => `role=${encodeURIComponent(role)}`;

export const useSchema = (cluster: ClusterAddress, role: string): UseQueryResult<SchemaFacts> =>
  useQuery({
    queryKey: ['schema', cluster.region, cluster.id, role],
    queryFn: () => request<SchemaFacts>('GET', `${clusterPath(cluster)}/schema?${as(role)}`),
    retry: false,
    // Statements in the editor change it.
    refetchOnMount: 'always',
    refetchInterval: 10_000,
  });

/** Asked for again while an index of it is being built. */
export const useRelation = (cluster: ClusterAddress, role: string, oid: number): UseQueryResult<RelationDetails> =>
  useQuery({
    queryKey: ['relation', cluster.region, cluster.id, role, oid],
    queryFn: () => request<RelationDetails>('GET', `${clusterPath(cluster)}/schema/${oid}?${as(role)}`),
    retry: false,
    refetchInterval: ({ state }) => (state.data?.indexes.some(({ isValid }) => !isValid) === true ? 1_000 : 15_000),
  });
