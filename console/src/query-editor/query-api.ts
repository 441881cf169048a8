/** Sessions of the query editor on the node, and what they answer (src/control-plane/console/query-endpoints.ts). */
import { readLines } from '../api/json-lines.ts';
import { request, send } from '../api/request.ts';

export type ClusterAddress = { readonly region: string; readonly id: string };

export const clusterPath = ({ region, id }: ClusterAddress): string =>
  `/console/api/clusters/${encodeURIComponent(region)}/${encodeURIComponent(id)}`;

export type SqlErrorReport = {
  readonly severity?: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
  /** Counts characters from 1 in the text that was run. */
  readonly position?: number;
};

export type ResultColumn = { readonly name: string; readonly type: string };
export type Row = readonly (string | null)[];

export type ResultLine =
  | { readonly kind: 'statement'; readonly index: number; readonly start: number; readonly end: number }
  | { readonly kind: 'columns'; readonly columns: readonly ResultColumn[] }
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'suspended'; readonly isLast: boolean }
  | { readonly kind: 'complete'; readonly tag: string; readonly ms: number }
  | { readonly kind: 'notice'; readonly notice: SqlErrorReport }
  | { readonly kind: 'error'; readonly error: SqlErrorReport }
  | { readonly kind: 'ready'; readonly transactionStatus: 'I' | 'T' | 'E' };

/** One row of the plan, as EXPLAIN (FORMAT JSON) tells it. */
export type PlanNode = { readonly [property: string]: unknown; readonly 'Node Type': string; readonly Plans?: readonly PlanNode[] };
export type Explained =
  | {
      readonly plan: readonly { readonly Plan: PlanNode; readonly 'Planning Time'?: number; readonly 'Execution Time'?: number }[];
    }
  | { readonly error: SqlErrorReport };

export const openSession = async (cluster: ClusterAddress, role: string): Promise<string> =>
  (await request<{ readonly session: string }>('POST', `${clusterPath(cluster)}/query`, { role })).session;

export const closeSession = (cluster: ClusterAddress, session: string): Promise<unknown> =>
  request('DELETE', `${clusterPath(cluster)}/query/${session}`);

export const cancel = (cluster: ClusterAddress, session: string): Promise<unknown> =>
  request('POST', `${clusterPath(cluster)}/query/${session}/cancel`);

export const explain = (cluster: ClusterAddress, session: string, text: string, analyze: boolean): Promise<Explained> =>
  request('POST', `${clusterPath(cluster)}/query/${session}/explain`, { text, analyze });

/** Hands on each line as it comes. */
export async function stream(
  cluster: ClusterAddress,
  session: string,
  operation: 'run' | 'more',
  body: unknown,
  take: (line: ResultLine) => void,
): Promise<void> {
  const path = `${clusterPath(cluster)}/query/${session}/${operation}`;
  const response = await send('POST', path, { body: JSON.stringify(body), type: 'application/json' });
  await readLines(response, take);
}
