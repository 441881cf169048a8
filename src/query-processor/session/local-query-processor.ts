/**
 * The query processor of a node: its sessions, the catalogs that they share, and the runner of its jobs.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Adjudicator } from '#adjudicator/adjudicator.ts';
import { jobSliceRows } from '#base/limits.ts';
import type { World } from '#base/world.ts';
import type { ReadPoint } from '#crossbar/crossbar.ts';
import { defaultSettings, type Profile } from '#sql/settings.ts';
import type { Storage } from '#storage/storage.ts';
import type { Activity } from '../activity/activity.ts';
import { CatalogCache } from '../catalog/catalog-cache.ts';
import { storedExpression } from '../catalog/schema-change/table-expressions.ts';
import { StatisticsCache } from '../catalog/statistics-rows.ts';
import { JobRunner } from '../jobs/job-runner.ts';
import { loadParser } from '../parser/parse.ts';
import type { Admission, Maybe, QueryProcessor, SessionStart } from '../query-processor.ts';
import { adminAdmission, admissionOf } from './admission.ts';
import { after } from './maybe.ts';
import { SequenceAllocator } from './sequence-allocator.ts';
import { LocalSession } from './session.ts';

export type QueryProcessorParts = {
  readonly world: World;
  readonly storage: Storage;
  readonly readPoint: ReadPoint;
  readonly adjudicator: Adjudicator;
  /** What sessions begin with. */
  readonly profile: Profile;
  readonly regionName: string;
  /** The same after a restart: jobs are its own by it. */
  readonly nodeName: string;
  /** Where statements spill what work memory does not hold. Nothing in it outlives the process. */
  readonly temporaryDirectory: string;
  /** What is written is written in several Regions. */
  readonly isMultiRegion: boolean;
  /** The cluster's, which all its Regions in this process share. */
  readonly activity: Activity;
};

/** The parts and what a node's sessions share. */
export type QueryProcessorHost = QueryProcessorParts & {
  readonly catalogs: CatalogCache;
  readonly jobs: JobRunner;
  readonly sequences: SequenceAllocator;
  /** What ANALYZE has found, decoded. */
  readonly statisticsCache: StatisticsCache;
  /** When it began, in µs. */
  readonly startedAt: number;
};

/** On a real cluster the build of an index over an empty table takes seconds: a client never sees it valid in its next statement. */
const submittedMsInDsql = 500;

export class LocalQueryProcessor implements QueryProcessor {
  readonly #host: QueryProcessorHost;
  readonly #sessions = new Map<number, LocalSession>();
  #lastProcessId: number;

  constructor(parts: QueryProcessorParts) {
    const catalogs = new CatalogCache(parts.storage);
    const typeContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };
    const jobs = new JobRunner({
      ...parts,
      catalogs,
      rowsPerSlice: jobSliceRows,
      submittedMs: parts.profile === 'dsql' ? submittedMsInDsql : 0,
      bindTableText: (catalog, table, text) =>
        storedExpression(
          { catalog, settings: defaultSettings, typeContext, currentUser: 'admin', parameterTypes: undefined, statementText: text },
          table,
          text,
        ),
    });
    this.#host = {
      ...parts,
      catalogs,
      jobs,
      sequences: new SequenceAllocator(parts),
      statisticsCache: new StatisticsCache(),
      startedAt: parts.world.clock.now(),
    };
    this.#lastProcessId = 1 + Math.floor(parts.world.random.float() * 1_000_000);
  }

  /** Must have resolved before the first session: the grammar is loaded, and jobs left over go on. */
  async start(): Promise<void> {
    const { world, temporaryDirectory } = this.#host;
    // What a process leaves that dies between making a file and taking its name away.
    for (const name of world.disk.list(temporaryDirectory)) world.disk.remove(`${temporaryDirectory}/${name}`);
    await loadParser();
    this.#host.jobs.start();
  }

  async stop(): Promise<void> {
    for (const session of [...this.#sessions.values()]) session.close();
    await this.#host.jobs.stop();
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** A session is open, or a job of this cluster is not finished. */
  get isBusy(): boolean {
    return this.#sessions.size > 0 || this.#host.jobs.hasWork;
  }

  admit(user: string, principal: string): Maybe<Admission> {
    if (user === 'admin') return adminAdmission;
    return after(this.#host.readPoint.begin(), (snapshot) =>
      after(this.#host.storage.untilApplied(snapshot), () => this.#admitAt(snapshot, user, principal)),
    );
  }

  #admitAt(snapshot: number, user: string, principal: string): Maybe<Admission> {
    const { catalogs, readPoint, world } = this.#host;
    const catalog = catalogs.at(snapshot);
    let sessions = 0;
    for (const session of this.#sessions.values()) if (session.settings.sessionUser === user) sessions++;
    const admission = admissionOf(catalog, user, principal, sessions, world.clock.now());
    return after(catalog.version > readPoint.stable ? readPoint.untilStable(catalog.version) : undefined, () => admission);
  }

  connect(start: SessionStart): LocalSession {
    const processId = this.#freeProcessId();
    const { activity } = this.#host;
    const session = new LocalSession(this.#host, start, processId, () => {
      this.#sessions.delete(processId);
      activity.sessions.delete(session);
    });
    this.#sessions.set(processId, session);
    activity.sessions.add(session);
    return session;
  }

  #freeProcessId(): number {
    do this.#lastProcessId = (this.#lastProcessId % 0x7fff_fffe) + 1;
    while (this.#isTaken(this.#lastProcessId));
    return this.#lastProcessId;
  }

  /** Sessions of the cluster's other Regions in this process are found by the number too. */
  #isTaken(processId: number): boolean {
    for (const session of this.#host.activity.sessions) if (session.processId === processId) return true;
    return this.#sessions.has(processId);
  }

  cancel(processId: number, secret: Uint8Array): boolean {
    const session = this.#sessions.get(processId);
    // A client of protocol 3.0 knows the first four bytes only.
    if (session === undefined || (secret.length !== 4 && secret.length !== session.secret.length)) return false;
    if (!timingSafeEqual(session.secret.subarray(0, secret.length), secret)) return false;
    session.cancel();
    return true;
  }
}
