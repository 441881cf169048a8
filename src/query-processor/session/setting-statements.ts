/** SET, RESET, SHOW and DISCARD. */
import type { DiscardStmt, Node, VariableSetStmt, VariableShowStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { quoteIdentifier } from '../catalog/identifiers.ts';
import type { Field, Maybe } from '../query-processor.ts';
import { asOfSetting, asOfValue } from './as-of.ts';
import { constantOf } from './constants.ts';
import { after } from './maybe.ts';
import { plainField } from './prepared-statement.ts';
import { sendRows } from './send-rows.ts';
import { setIdentity } from './session-identity.ts';
import { settingDefinitions } from './setting-definitions.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';
import { transactionModes } from './transaction-statements.ts';

export function runSet(session: StatementHost, statement: VariableSetStmt): Maybe<string> {
  const tag = set(session, statement);
  return after(session.block.followAsOf(), () => tag);
}

function set(session: StatementHost, statement: VariableSetStmt): string {
  const { settings, block } = session;
  const name = statement.name ?? '';
  const isLocal = statement.is_local === true;
  const isReset = statement.kind === 'VAR_RESET' || statement.kind === 'VAR_RESET_ALL';
  const tag = isReset ? 'RESET' : 'SET';
  if (isLocal && block.state !== 'block')
    session.notice(warning(sqlstate.noActiveSqlTransaction, 'SET LOCAL can only be used in transaction blocks'));
  switch (statement.kind) {
    case 'VAR_SET_VALUE':
      if (name === 'role' || name === 'session_authorization') return setRole(session, name, statement.args ?? [], isLocal);
      if (name.toLowerCase() === asOfSetting) {
        settings.set(name, asOfValue(settingValue(name, statement.args ?? []), session.typeContext), isLocal);
        return tag;
      }
      if (name === 'transaction_isolation') transactionIsolation(statement.args ?? []);
      if (name === 'transaction_read_only' && settings.current.profile === 'open') {
        settings.set(name, settingValue(name, statement.args ?? []), true);
        if (block.hasTransaction) block.setReadOnly(settings.isOn(name));
        return tag;
      }
      settings.set(name, settingValue(name, statement.args ?? []), isLocal);
      return tag;
    case 'VAR_SET_DEFAULT':
      if (name === 'session_authorization' || name === 'role') settings.setIdentity(name, undefined, isLocal);
      else settings.reset(name, isLocal);
      return tag;
    case 'VAR_RESET':
      if (name === 'session_authorization' || name === 'role') settings.setIdentity(name, undefined, false);
      else settings.reset(name, false);
      return tag;
    case 'VAR_RESET_ALL':
      settings.resetAll();
      return tag;
    case 'VAR_SET_CURRENT':
      settings.set(name, settings.show(name).value, isLocal);
      return tag;
    case 'VAR_SET_MULTI':
      return setTransaction(session, name, statement.args ?? []);
    default:
      throw notSupported('unsupported SET statement');
  }
}

function setTransaction(session: StatementHost, name: string, args: readonly Node[]): string {
  const { block, settings } = session;
  const modes = transactionModes(args);
  if (name === 'TRANSACTION SNAPSHOT') throw notSupported('SET TRANSACTION SNAPSHOT is not supported');
  if (name === 'SESSION CHARACTERISTICS') {
    if (modes.isReadOnly !== undefined) settings.set('default_transaction_read_only', modes.isReadOnly ? 'on' : 'off', false);
    return 'SET';
  }
  if (block.state !== 'block') {
    session.notice(warning(sqlstate.noActiveSqlTransaction, 'SET TRANSACTION can only be used in transaction blocks'));
    return 'SET';
  }
  if (modes.isReadOnly !== undefined) block.setReadOnly(modes.isReadOnly);
  return 'SET';
}

function transactionIsolation(args: readonly Node[]): void {
  const level = args.length === 1 ? (constantOf(args[0]) ?? '') : '';
  if (level.toLowerCase() !== 'repeatable read') throw notSupported(`Unsupported isolation level: ${level.toUpperCase()}`);
}

function setRole(session: StatementHost, key: 'role' | 'session_authorization', args: readonly Node[], isLocal: boolean): string {
  if (session.settings.current.profile === 'dsql' && !(key === 'role' && isLocal && session.block.state === 'block'))
    throw notSupported(`setting configuration parameter "${key}" not supported`);
  const name = args.length === 1 ? (constantOf(args[0]) ?? '') : '';
  setIdentity(session.settings, session.block.catalog, key, name, isLocal);
  return 'SET';
}

/** Settings whose value is a list of names: each is quoted as it needs, and they are joined. */
const listSettings = new Set(['search_path', 'datestyle', 'session_preload_libraries', 'temp_tablespaces']);

export function settingValue(name: string, args: readonly Node[]): string {
  const key = name.toLowerCase();
  if (args.length === 1 && 'TypeCast' in args[0]) return intervalOf(args[0]);
  const values = args.map((arg) => constantOf(arg) ?? '');
  if (!listSettings.has(key)) {
    if (values.length > 1) throw new SqlError(sqlstate.invalidParameterValue, `SET ${name} takes only one argument`);
    return values[0] ?? '';
  }
  if (key === 'datestyle') return values.join(', ');
  return values.map((value) => (value === '' ? '""' : quoteIdentifier(value))).join(', ');
}

/** SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE. */
function intervalOf(node: Extract<Node, { TypeCast: unknown }>): string {
  const { arg } = node.TypeCast;
  return `interval '${arg === undefined ? '' : (constantOf(arg) ?? '')}'`;
}

const showAllFields = (): readonly Field[] => ['name', 'setting', 'description'].map((name) => plainField(name, oid.text));

export function showFields(statement: VariableShowStmt): readonly Field[] {
  const name = statement.name ?? '';
  if (name.toLowerCase() === 'all') return showAllFields();
  return [plainField(settingDefinitions().get(name.toLowerCase())?.name ?? name, oid.text)];
}

export function runShow(session: StatementHost, statement: VariableShowStmt, output: UtilityOutput): Maybe<string> {
  const name = statement.name ?? '';
  if (name.toLowerCase() === 'all') {
    const rows = session.settings.all().map((row) => [row.name, row.value, row.description]);
    return after(sendRows(session, output, showAllFields(), rows), () => 'SHOW');
  }
  const { value } = session.settings.show(name);
  return after(sendRows(session, output, showFields(statement), [[value]]), () => 'SHOW');
}

export function runDiscard(session: StatementHost, statement: DiscardStmt): string {
  switch (statement.target) {
    case 'DISCARD_ALL':
      if (session.block.state === 'block')
        throw new SqlError(sqlstate.activeSqlTransaction, 'DISCARD ALL cannot run inside a transaction block');
      session.closeAllPortals();
      session.cursors.closeAll();
      session.statements.clear();
      session.settings.setIdentity('session_authorization', undefined, false);
      session.settings.resetAll();
      session.block.temporary.clear();
      session.block.locks.releaseSession();
      return 'DISCARD ALL';
    case 'DISCARD_PLANS':
      return 'DISCARD PLANS';
    case 'DISCARD_SEQUENCES':
      return 'DISCARD SEQUENCES';
    default:
      // Within a block it may be taken back; else it is done at once.
      if (session.block.hasTransaction) session.block.changeCatalog(session.block.temporary.dropAll(), session.block.catalog.nextOid);
      else session.block.temporary.clear();
      return 'DISCARD TEMP';
  }
}
