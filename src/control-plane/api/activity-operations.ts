/**
 * What happens in a cluster, for those who look on: its sessions, open transactions, conflicts, hot keys and jobs, read from the cluster's own system views as
 * `admin` would read them. Looking wakes no cluster: one that is idle has nothing to show.
 */
import type { QueryProcessor, ResultSink } from '#query-processor/query-processor.ts';
import type { Answer, ApiCall, Operation } from './api-call.ts';
import { accessDenied } from './api-error.ts';
import { found } from './cluster-operations.ts';

/** How the sessions that look are told from those that are looked at. */
const applicationName = 'borealis console';

const views: readonly { readonly name: string; readonly path: string; readonly query: string }[] = [
  {
    name: 'ListSessions',
    path: 'sessions',
    query: `SELECT pid, usename, application_name, state, xact_start, query_start, query FROM pg_stat_activity
      WHERE application_name <> '${applicationName}' ORDER BY query_start DESC NULLS LAST LIMIT 500`,
  },
  {
    name: 'ListTransactions',
    path: 'transactions',
    query: `SELECT * FROM sys.transactions WHERE application_name <> '${applicationName}' ORDER BY transaction_start LIMIT 500`,
  },
  { name: 'ListConflicts', path: 'conflicts', query: 'SELECT * FROM sys.conflicts ORDER BY conflict_time DESC LIMIT 200' },
  {
    name: 'ListHotKeys',
    path: 'hot-keys',
    query: `SELECT schema_name, table_name, constraint_name, key, count(*) AS conflicts, max(conflict_time) AS last_conflict FROM sys.conflicts
      WHERE code = 'OC000' GROUP BY schema_name, table_name, constraint_name, key ORDER BY conflicts DESC, last_conflict DESC LIMIT 50`,
  },
  { name: 'ListJobs', path: 'jobs', query: 'SELECT * FROM sys.jobs LIMIT 500' },
];

export function activityOperations(): readonly Operation[] {
  return views.map(({ name, path, query }) => ({
    name,
    method: 'GET',
    path: `/borealis/clusters/:identifier/${path}`,
    isUnaudited: true,
    run: (call) => look(call, query),
  }));
}

async function look(call: ApiCall, query: string): Promise<Answer> {
  const cluster = found(call, 'dsql:DbConnectAdmin');
  const processor = call.clusters.isStopped(cluster.region) ? undefined : call.clusters.opened(cluster)?.queryProcessor(cluster.region);
  if (processor === undefined) return { isOpen: false, rows: [] };
  return { isOpen: true, rows: await rowsOf(processor, call.parts.identity.arn, query) };
}

/** Each row as an object. */
async function rowsOf(processor: QueryProcessor, principal: string, query: string): Promise<readonly unknown[]> {
  const admission = await processor.admit('admin', principal);
  if (admission.kind === 'refused') throw accessDenied(admission.hint);
  const session = processor.connect({
    user: 'admin',
    principal,
    database: 'postgres',
    applicationName,
    options: new Map([['timezone', 'UTC']]),
  });
  const rows: unknown[] = [];
  try {
    await session.simpleQuery(`SELECT row_to_json(seen)::text FROM (${query}) AS seen`, collecting(rows));
  } finally {
    session.close();
  }
  return rows;
}

/** Takes the only column of each row, a JSON text. */
const collecting = (rows: unknown[]): ResultSink => ({
  rowDescription() {},
  rows({ columns: [{ values, mask }], rowCount }) {
    for (let row = 0; row < rowCount; row++) rows.push(JSON.parse(String(values[row & mask])));
  },
  commandComplete() {},
  emptyQuery() {},
  portalSuspended() {},
  notice() {},
  async *copyIn() {},
  copyOutStart() {},
  copyOutData() {},
  copyOutEnd() {},
});
