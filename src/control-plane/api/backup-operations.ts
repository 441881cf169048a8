/**
 * Backups, restores and forks, in the manner of AWS Backup: a backup job makes a recovery point, a restore job makes a cluster of one. Recovery points travel in
 * parts, each a signed request of its own, so that they can be kept as files elsewhere and sent back (deployment/backup-file.ts).
 *
 * A restore job is the making of a cluster, and has its id: it runs while that is CREATING.
 */
import type { Timestamp } from '#base/world.ts';
import type { BackupJob } from '#deployment/backup-jobs.ts';
import { type ClusterRecord, clusterArn, type JournalOrigin } from '#deployment/cluster-records.ts';
import { createFilled, refill } from '#deployment/cluster-restores.ts';
import type { RecoveryPoint } from '#deployment/recovery-points.ts';
import { accountId } from '#iam/iam.ts';
import { type Answer, type ApiCall, BytesAnswer, type Operation } from './api-call.ts';
import { ApiError, invalidFields, resourceNotFound } from './api-error.ts';
import { identifierRule, type TextRule } from './api-input.ts';

export const backupOperations: readonly Operation[] = [
  { name: 'StartBackupJob', method: 'POST', path: '/borealis/backup-jobs', run: startBackup },
  { name: 'ListBackupJobs', method: 'GET', path: '/borealis/backup-jobs', isUnaudited: true, run: listBackups },
  { name: 'DescribeBackupJob', method: 'GET', path: '/borealis/backup-jobs/:job', isUnaudited: true, run: describeBackup },
  { name: 'ListRecoveryPoints', method: 'GET', path: '/borealis/recovery-points', isUnaudited: true, run: listPoints },
  { name: 'DescribeRecoveryPoint', method: 'GET', path: '/borealis/recovery-points/:point', isUnaudited: true, run: describePoint },
  { name: 'DeleteRecoveryPoint', method: 'DELETE', path: '/borealis/recovery-points/:point', run: deletePoint },
  { name: 'GetRecoveryPointPart', method: 'GET', path: '/borealis/recovery-points/:point/parts/:part', run: getPart },
  { name: 'StartRecoveryPointUpload', method: 'POST', path: '/borealis/recovery-points', run: beginUpload },
  { name: 'PutRecoveryPointPart', method: 'POST', path: '/borealis/recovery-points/:point/parts/:part', takesBytes: true, run: putPart },
  { name: 'CompleteRecoveryPointUpload', method: 'POST', path: '/borealis/recovery-points/:point/complete', run: endUpload },
  { name: 'StartRestoreJob', method: 'POST', path: '/borealis/restore-jobs', run: startRestore },
  { name: 'DescribeRestoreJob', method: 'GET', path: '/borealis/restore-jobs/:job', isUnaudited: true, run: describeRestore },
  { name: 'ForkCluster', method: 'POST', path: '/borealis/clusters/:identifier/fork', run: fork },
];

const regionRule: TextRule = { minimum: 1, maximum: 50 };
const partRule: TextRule = { minimum: 1, maximum: 6, pattern: /^[1-9][0-9]*$/ };
const pointArn = (id: string): string => `arn:aws:borealis:::recovery-point/${id}`;
const seconds = (microseconds: number): number => Math.floor(microseconds / 1_000) / 1_000;

async function startBackup(call: ApiCall): Promise<Answer> {
  const { input, clusters, region } = call;
  const id = input.required('clusterIdentifier', input.text('clusterIdentifier', identifierRule)) ?? '';
  input.check();
  call.authorize('borealis:StartBackupJob', clusterArn({ region, id }));
  return backupAnswer(clusters.backupJobs.start(clusters.registry.get(region, id)));
}

function listBackups(call: ApiCall): Answer {
  const { query, clusters, region } = call;
  const id = query.text('cluster-identifier', identifierRule);
  query.check();
  call.authorize('borealis:ListBackupJobs', 'arn:aws:borealis:::*');
  return { backupJobs: clusters.backupJobs.list(id === undefined ? undefined : clusterArn({ region, id })).map(backupAnswer) };
}

function describeBackup(call: ApiCall): Answer {
  const id = call.pathText('job', identifierRule);
  call.authorize('borealis:DescribeBackupJob', `arn:aws:borealis:::backup-job/${id}`);
  return backupAnswer(call.clusters.backupJobs.get(id));
}

function backupAnswer({ id, clusterArn, state, createdAt, message, timestamp, parts, rows }: BackupJob): Answer {
  return {
    backupJobId: id,
    resourceArn: clusterArn,
    state,
    creationTime: seconds(createdAt),
    ...(message === undefined ? {} : { statusMessage: message }),
    ...(timestamp === undefined ? {} : { recoveryPointId: id, timestamp: seconds(timestamp), parts, rows }),
  };
}

function listPoints(call: ApiCall): Answer {
  call.authorize('borealis:ListRecoveryPoints', 'arn:aws:borealis:::*');
  return { recoveryPoints: call.clusters.recoveryPoints.list().map(pointAnswer) };
}

function describePoint(call: ApiCall): Answer {
  return pointAnswer(call.clusters.recoveryPoints.get(authorizedPoint(call, 'borealis:DescribeRecoveryPoint')));
}

function pointAnswer(point: RecoveryPoint): Answer {
  const { id, clusterId, clusterArn, createdAt, appliedTimestamp, catalogTimestamp, parts, rows } = point;
  return {
    recoveryPointId: id,
    clusterIdentifier: clusterId,
    resourceArn: clusterArn,
    createdAt,
    appliedTimestamp,
    catalogTimestamp,
    parts,
    rows,
  };
}

function deletePoint(call: ApiCall): Answer {
  const id = authorizedPoint(call, 'borealis:DeleteRecoveryPoint');
  const { registry, recoveryPoints } = call.clusters;
  const isUsed = registry
    .journals()
    .some(({ state, origin }) => state === 'making' && origin?.kind === 'recovery-point' && origin.id === id);
  if (isUsed) throw new ApiError('ConflictException', 409, `Recovery point ${id} is being restored from.`);
  recoveryPoints.remove(id);
  return { recoveryPointId: id };
}

function getPart(call: ApiCall): BytesAnswer {
  const id = authorizedPoint(call, 'borealis:GetRecoveryPointPart');
  const part = call.pathText('part', partRule);
  const bytes = call.clusters.recoveryPoints.part(id, Number(part));
  if (bytes === undefined) throw resourceNotFound(`Recovery point ${id} has no part ${part}.`, id, 'recovery-point');
  return new BytesAnswer(bytes);
}

function beginUpload(call: ApiCall): Answer {
  const { input } = call;
  const microseconds = (name: string): number => input.required(name, input.integer(name, 0, Number.MAX_SAFE_INTEGER)) ?? 0;
  const described = {
    clusterId: input.required('clusterIdentifier', input.text('clusterIdentifier', identifierRule)) ?? '',
    clusterArn: input.required('resourceArn', input.text('resourceArn', { minimum: 1, maximum: 200, pattern: /^arn:/ })) ?? '',
    createdAt: microseconds('createdAt'),
    appliedTimestamp: microseconds('appliedTimestamp'),
    catalogTimestamp: microseconds('catalogTimestamp'),
  };
  input.check();
  call.authorize('borealis:StartRecoveryPointUpload', pointArn('*'));
  return { recoveryPointId: call.clusters.recoveryPoints.beginUpload(described) };
}

async function putPart(call: ApiCall): Promise<Answer> {
  const id = authorizedPoint(call, 'borealis:PutRecoveryPointPart');
  const part = Number(call.pathText('part', partRule));
  await call.clusters.recoveryPoints.addPart(id, part, call.parts.body);
  return { recoveryPointId: id, part };
}

async function endUpload(call: ApiCall): Promise<Answer> {
  const { input, clusters } = call;
  const id = authorizedPoint(call, 'borealis:CompleteRecoveryPointUpload');
  const parts = input.required('parts', input.integer('parts', 0, 999_999)) ?? 0;
  const rows = input.required('rows', input.integer('rows', 0, Number.MAX_SAFE_INTEGER)) ?? 0;
  input.check();
  return pointAnswer(await clusters.recoveryPoints.endUpload(id, parts, rows));
}

function authorizedPoint(call: ApiCall, action: string): string {
  const id = call.pathText('point', identifierRule);
  call.authorize(action, pointArn(id));
  return id;
}

async function startRestore(call: ApiCall): Promise<Answer> {
  const { input, clusters, region } = call;
  const { registry } = clusters;
  const source = input.text('sourceClusterIdentifier', identifierRule);
  if (source !== undefined) return restoreMoment(call, source);
  const point = input.required('recoveryPointId', input.text('recoveryPointId', identifierRule)) ?? '';
  const into = input.text('clusterIdentifier', identifierRule);
  if (into === undefined) {
    const made = await makeFilled(call, 'borealis:StartRestoreJob', () => {
      clusters.recoveryPoints.get(point);
      return { kind: 'recovery-point', id: point };
    });
    return restoreAnswer(made, point);
  }
  const token = call.token();
  input.check();
  const arn = clusterArn({ region, id: into });
  call.authorize('borealis:StartRestoreJob', arn);
  // What is there now goes, as by deletion.
  call.authorize('dsql:DeleteCluster', arn);
  const record = await clusters.change(() => {
    clusters.recoveryPoints.get(point);
    return refill(registry, region, into, { kind: 'recovery-point', id: point });
  }, token);
  return restoreAnswer(record, point);
}

/** A new cluster that begins as another one was at a moment. */
async function restoreMoment(call: ApiCall, source: string): Promise<Answer> {
  const at = call.input.required('restoreTime', momentOf(call.input.text('restoreTime', momentRule)));
  return restoreAnswer(await makeCopy(call, 'borealis:StartRestoreJob', source, at), undefined);
}

async function fork(call: ApiCall): Promise<Answer> {
  const id = call.pathText('identifier', identifierRule);
  const at = momentOf(call.input.text('restoreTime', momentRule));
  const made = await makeCopy(call, 'borealis:ForkCluster', id, at);
  return { identifier: made.id, arn: clusterArn(made), status: made.status, sourceArn: clusterArn({ region: call.region, id }) };
}

/** Of a cluster as it is, or as it was `at` a moment. */
async function makeCopy(call: ApiCall, action: string, id: string, at: Timestamp | undefined): Promise<ClusterRecord> {
  const { clusters, region } = call;
  const { registry } = clusters;
  const source = clusterArn({ region, id });
  if (at !== undefined) {
    call.input.check();
    call.authorize(action, source);
    if (at > call.parts.world.clock.now())
      throw invalidFields([
        { name: 'restoreTime', message: "Value at 'restoreTime' failed to satisfy constraint: Member must not lie in the future" },
      ]);
    await clusters.checkMoment(registry.get(region, id), at);
  }
  return makeFilled(
    call,
    action,
    () => {
      const { home, status } = registry.get(region, id);
      if (home === undefined || registry.journal(home)?.state !== 'ready')
        throw new ApiError('ConflictException', 409, `Cluster ${id} cannot be copied: its status is ${status}.`);
      return at === undefined ? { kind: 'cluster', home } : { kind: 'cluster', home, at };
    },
    source,
  );
}

/** An instant with its zone, to the microsecond. */
const momentRule: TextRule = { minimum: 20, maximum: 32, pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/ };

function momentOf(text: string | undefined): Timestamp | undefined {
  const [, seconds, fraction = '', zone] = /^([^.Z+]*:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text ?? '') ?? [];
  const milliseconds = Date.parse(`${seconds}${zone}`);
  if (text === undefined) return undefined;
  if (Number.isNaN(milliseconds))
    throw invalidFields([{ name: 'restoreTime', message: "Value at 'restoreTime' failed to satisfy constraint: Member must be a time" }]);
  return milliseconds * 1_000 + Number(fraction.padEnd(6, '0'));
}

/** A new cluster of the call's Region, or of two Regions. */
function makeFilled(call: ApiCall, action: string, originOf: () => JournalOrigin, source?: string): Promise<ClusterRecord> {
  const { input, clusters, region } = call;
  const { world } = call.parts;
  const regions = input.texts('regions', regionRule) ?? [region];
  const witnessRegion = input.text('witnessRegion', regionRule);
  const isProtected = input.boolean('deletionProtectionEnabled') ?? true;
  const tags = input.tags('tags') ?? {};
  const token = call.token();
  input.check();
  if (source !== undefined) call.authorize(action, source);
  for (const each of regions) {
    const any = `arn:aws:dsql:${each}:${accountId}:cluster/*`;
    if (source === undefined) call.authorize(action, any);
    call.authorize('dsql:CreateCluster', any);
  }
  return clusters.change(() => {
    const members = regions.map((each) => ({ region: each, id: clusters.recoveryPoints.newId() }));
    const createdAt = world.clock.now();
    return createFilled(clusters.registry, clusters.rules, { origin: originOf(), members, witnessRegion, createdAt, isProtected, tags });
  }, token);
}

function describeRestore(call: ApiCall): Answer {
  const id = call.pathText('job', identifierRule);
  const { registry } = call.clusters;
  call.authorize('borealis:DescribeRestoreJob', clusterArn({ region: call.region, id }));
  const record = registry.get(call.region, id);
  const origin = record.home === undefined ? undefined : registry.journal(record.home)?.origin;
  if (record.status !== 'FAILED' && origin === undefined) throw resourceNotFound(`Restore job ${id} was not found.`, id, 'restore-job');
  return restoreAnswer(record, origin?.kind === 'recovery-point' ? origin.id : undefined);
}

function restoreAnswer(record: ClusterRecord, point: string | undefined): Answer {
  const state = record.status === 'CREATING' ? 'RUNNING' : record.status === 'FAILED' ? 'FAILED' : 'COMPLETED';
  return {
    restoreJobId: record.id,
    state,
    createdResourceArn: clusterArn(record),
    identifier: record.id,
    ...(record.failure === undefined ? {} : { statusMessage: record.failure }),
    ...(point === undefined ? {} : { recoveryPointId: point }),
  };
}
