/**
 * Session functions: what a session answers of itself, of its connection and its transaction, and what it may ask of other sessions of the
 * cluster in this process.
 *
 *   F1  A session is cancelled or ended by its own role, by roles that have its role's privileges or pg_signal_backend's, and by admin.
 *   F2  A transaction's number is made of its start and its session's, so that no other transaction has it; it has one once it has written, or
 *       was asked for it.
 */
import { notSupported, SqlError, sqlstate, warning } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import type { TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Activity, ObservedSession } from '../activity/activity.ts';
import { adminRoleOid } from '../catalog/catalog.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { roleOidOf } from '../catalog/privileges/role-graph.ts';
import { postgresTime } from '../catalog/system-catalog/row-maker.ts';
import type { Endpoints } from '../query-processor.ts';
import type { TransactionBlock } from './transaction-block.ts';

export type SessionFunctionSource = {
  readonly block: TransactionBlock;
  readonly processId: number;
  readonly activity: Activity;
  readonly endpoints: Endpoints | undefined;
  /** When this query processor began. */
  readonly startedAt: number;
  readonly typeContext: () => TypeContext;
  /** The client's text that runs. */
  readonly query: () => string;
};

type Call = {
  readonly args: readonly Datum[];
  readonly source: SessionFunctionSource;
  readonly catalog: LoadedCatalog;
  readonly user: string;
};
type SessionFunction = (call: Call) => Datum;

const signals = {
  cancel: { action: 'cancel query', doing: 'whose query is being canceled', what: 'cancel this query' },
  terminate: { action: 'terminate process', doing: 'whose process is being terminated', what: 'terminate this process' },
} as const;

/** F1 */
function othersSession({ args, source, catalog, user }: Call, kind: keyof typeof signals): ObservedSession | undefined {
  const pid = Number(args[0]);
  const found = [...source.activity.sessions].find(({ processId }) => processId === pid);
  if (found === undefined) {
    source.typeContext().remark?.(warning(sqlstate.warning, `PID ${pid} is not a PostgreSQL backend process`));
    return undefined;
  }
  const graph = catalog.roleGraph;
  const own = roleOidOf(catalog, user);
  const signaller = catalog.roleByName('pg_signal_backend')?.oid;
  const may =
    own === adminRoleOid ||
    graph.hasPrivilegesOf(own, roleOidOf(catalog, found.user)) ||
    (signaller !== undefined && graph.hasPrivilegesOf(own, signaller));
  if (may) return found;
  const { action, doing, what } = signals[kind];
  throw new SqlError(sqlstate.insufficientPrivilege, `permission denied to ${action}`, {
    detail: `Only roles with privileges of the role ${doing} or with privileges of the "pg_signal_backend" role may ${what}.`,
  });
}

const cancelBackend: SessionFunction = (call) => {
  const session = othersSession(call, 'cancel');
  session?.cancel();
  return session !== undefined;
};

/** The session is gone when this answers, so that there is nothing to wait for with a time limit. */
const terminateBackend: SessionFunction = (call) => {
  if (Number(call.args[1] ?? 0) < 0) throw new SqlError(sqlstate.numericValueOutOfRange, '"timeout" must not be negative');
  const session = othersSession(call, 'terminate');
  session?.terminate();
  return session !== undefined;
};

/** F2 */
const transactionNumber: SessionFunction = ({ source }) => {
  const { transaction } = source.block;
  transaction.hasNumber = true;
  return BigInt(transaction.startTimestamp) * 1024n + BigInt(source.processId % 1024);
};

const transactionNumberIfAssigned: SessionFunction = (call) => {
  const { transaction } = call.source.block;
  return transaction.hasNumber || transaction.buffer.decides ? transactionNumber(call) : null;
};

function address(source: SessionFunctionSource, text: string | undefined): Datum {
  return text === undefined ? null : typeByOid(oid.inet).input(text, -1, source.typeContext());
}

export const sessionFunctions: Readonly<Record<string, SessionFunction>> = {
  current_query: ({ source }) => source.query(),
  pg_cancel_backend: cancelBackend,
  pg_terminate_backend: terminateBackend,
  pg_reload_conf: () => {
    throw new SqlError(sqlstate.insufficientPrivilege, 'permission denied for function pg_reload_conf');
  },
  pg_notify: () => {
    throw notSupported('NOTIFY is not supported');
  },
  pg_postmaster_start_time: ({ source }) => postgresTime(source.startedAt),
  pg_conf_load_time: ({ source }) => postgresTime(source.startedAt),
  pg_current_xact_id: transactionNumber,
  txid_current: transactionNumber,
  pg_current_xact_id_if_assigned: transactionNumberIfAssigned,
  txid_current_if_assigned: transactionNumberIfAssigned,
  inet_client_addr: ({ source }) => address(source, source.endpoints?.clientAddress),
  inet_client_port: ({ source }) => source.endpoints?.clientPort ?? null,
  inet_server_addr: ({ source }) => address(source, source.endpoints?.serverAddress),
  inet_server_port: ({ source }) => source.endpoints?.serverPort ?? null,
};
