/** Databases, settings, jobs: what the system relations tell of the cluster and the session. */
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { pgSettings } from '#sql/postgres/pg-setting.ts';
import type { Run } from '../../executor/operator.ts';
import { pgCatalogOid } from '../catalog.ts';
import { decodeJob, jobRange, jobType } from '../job-rows.ts';
import { bootstrapRoleOid } from '../privileges/predefined-roles.ts';
import { databaseObject, storedAcl } from '../privileges/secured-object.ts';
import { extensionOid } from './dependency-rows.ts';
import { aclDatum } from './role-rows.ts';
import { arrayOf, databaseOid, everyRelation, postgresTime, type RowMakers, type SystemRow } from './row-maker.ts';

function* pgDatabase(run: Run): Iterable<SystemRow> {
  yield {
    oid: databaseOid,
    datname: run.context.session.database,
    datdba: databaseObject.ownerOid,
    encoding: 6,
    datlocprovider: 'c',
    datistemplate: false,
    datallowconn: true,
    datconnlimit: -1,
    datfrozenxid: 0,
    datminmxid: 0,
    dattablespace: 1663,
    datcollate: 'C',
    datctype: 'C',
    datacl: aclDatum(run.catalog, storedAcl(run.catalog, databaseObject)),
  };
}

function* pgAm(run: Run): Iterable<SystemRow> {
  const isDsql = run.context.settings.profile === 'dsql';
  yield { oid: 8600, amname: 'btree_table', amhandler: 0, amtype: 't' };
  yield { oid: 403, amname: isDsql ? 'btree_index' : 'btree', amhandler: 0, amtype: 'i' };
}

function* pgTablespace(): Iterable<SystemRow> {
  yield { oid: 1663, spcname: 'pg_default', spcowner: bootstrapRoleOid };
  yield { oid: 1664, spcname: 'pg_global', spcowner: bootstrapRoleOid };
}

function* pgExtension(): Iterable<SystemRow> {
  yield {
    oid: extensionOid,
    extname: 'plpgsql',
    extowner: bootstrapRoleOid,
    extnamespace: pgCatalogOid,
    extrelocatable: false,
    extversion: '1.0',
  };
}

function* pgLocks(run: Run): Iterable<SystemRow> {
  for (const lock of run.context.session.advisoryLocks())
    yield {
      locktype: 'advisory',
      database: databaseOid,
      classid: lock.classId,
      objid: lock.objectId,
      objsubid: lock.subId,
      pid: lock.processId,
      mode: lock.mode,
      granted: lock.isGranted,
      fastpath: false,
    };
}

function* pgCursors(run: Run): Iterable<SystemRow> {
  for (const cursor of run.context.session.cursors())
    yield {
      name: cursor.name,
      statement: cursor.statement,
      is_holdable: cursor.isHoldable,
      is_binary: cursor.isBinary,
      is_scrollable: cursor.isScrollable,
      creation_time: postgresTime(cursor.createdAt),
    };
}

function* pgSettingsRows(run: Run): Iterable<SystemRow> {
  for (const setting of pgSettings)
    yield {
      name: setting.name,
      setting: plainSetting(run.context.session.setting(setting.name) ?? setting.setting ?? '', setting.unit, setting.setting),
      unit: setting.unit ?? null,
      category: setting.category,
      short_desc: setting.description,
      context: setting.context,
      vartype: setting.vartype,
      source: 'default',
      min_val: setting.min ?? null,
      max_val: setting.max ?? null,
      enumvals: setting.enumvals === undefined ? null : arrayOf(oid.text, setting.enumvals),
      boot_val: setting.setting ?? null,
      reset_val: setting.setting ?? null,
      pending_restart: false,
    };
}

/** pg_settings shows numbers in the setting's own unit, SHOW in the greatest that fits. */
function plainSetting(shown: string, unit: string | undefined, builtIn: string | undefined): string {
  if (unit === undefined) return shown;
  const match = /^(-?[\d.]+)([a-zA-Z]*)$/.exec(shown);
  if (match === null || match[2] === '') return shown;
  const base = unitSize(unit);
  const size = unitSize(match[2]);
  return base === undefined || size === undefined ? (builtIn ?? shown) : String((Number(match[1]) * size) / base);
}

const sizes: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

function unitSize(unit: string): number | undefined {
  const match = /^(\d*)(\D+)$/.exec(unit);
  const size = match === null ? undefined : sizes[match[2]];
  return size === undefined ? undefined : size * Number(match?.[1] || 1);
}

/** To the second, as DSQL shows job times. */
const jobTime = (timestamp: number): Datum => postgresTime(Math.floor(timestamp / 1_000_000) * 1_000_000);

function* jobs(run: Run): Iterable<SystemRow> {
  const names = new Set<number>();
  for (const relation of everyRelation(run.catalog)) {
    names.add(relation.oid);
    if (relation.kind === 'table') for (const index of relation.indexes) names.add(index.oid);
  }
  const { snapshot } = run.transaction;
  const stored = new Map(run.storage.scanKeys(snapshot, jobRange, 100_000).map(({ key, value }) => [key, value]));
  // Raw versions do not tell which deletions they passed over: the answer waits for the whole snapshot to be stable.
  run.observed.newest = Math.max(run.observed.newest, snapshot);
  for (const { key, value } of run.transaction.overlay?.entries(jobRange, false) ?? []) {
    if (value === undefined) stored.delete(key);
    else stored.set(key, value);
  }
  for (const value of stored.values()) {
    const job = decodeJob(value);
    yield {
      job_id: job.id,
      status: job.status,
      details: job.details ?? null,
      job_type: jobType(job.work),
      class_id: 1259,
      object_id: job.objectOid,
      object_name: names.has(job.objectOid) ? (job.objectName ?? null) : null,
      start_time: jobTime(job.startTime),
      update_time: job.updateTime === undefined ? null : jobTime(job.updateTime),
    };
  }
}

export const serverRows: RowMakers = {
  pg_database: pgDatabase,
  pg_am: pgAm,
  pg_tablespace: pgTablespace,
  pg_extension: pgExtension,
  pg_cursors: pgCursors,
  pg_locks: pgLocks,
  pg_settings: pgSettingsRows,
  'sys.jobs': jobs,
};
