/**
 * The audit log: one JSON line for each call of the API and each attempt to connect, in the shape of CloudTrail's events.
 *
 *   DIR/audit/NUMBER.jsonl    a new file when one is full; the oldest go
 *
 * No secret stands in it: no token, no key, nothing that was answered. Lines are handed to the system at once and not waited for: an audit that slows
 * connections down would be switched off. A failure to write is logged and does not stop the service.
 */
import { randomId } from '#base/base32.ts';
import type { AppendFile, World } from '#base/world.ts';

export type AuditEvent = {
  readonly eventTime: string;
  readonly eventID: string;
  readonly eventSource: 'dsql.amazonaws.com' | 'iam.amazonaws.com' | 'borealis';
  readonly eventName: string;
  readonly eventCategory: 'Management' | 'Data';
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string | undefined;
  readonly userIdentity: { readonly type: string; readonly arn: string; readonly accessKeyId: string } | undefined;
  readonly requestParameters: unknown;
  readonly resources: readonly string[];
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly requestID: string;
};

export type NewAuditEvent = Omit<AuditEvent, 'eventTime' | 'eventID'>;

export type AuditLimits = { readonly fileBytes: number; readonly files: number; readonly recent: number };

export const usualAuditLimits: AuditLimits = { fileBytes: 16 * 1024 * 1024, files: 8, recent: 1_000 };

export class AuditLog {
  readonly #world: World;
  readonly #directory: string;
  readonly #limits: AuditLimits;
  #number: number;
  #file: AppendFile;
  readonly #recent: AuditEvent[];
  #hasFailed = false;

  constructor(world: World, directory: string, limits: AuditLimits = usualAuditLimits) {
    this.#world = world;
    this.#directory = directory;
    this.#limits = limits;
    world.disk.makeDirectory(directory);
    const last = this.#files.at(-1);
    this.#number = last === undefined ? 1 : Number.parseInt(last, 10);
    this.#recent = last === undefined ? [] : this.#eventsOf(last);
    this.#file = this.#openFile();
  }

  record(event: NewAuditEvent): void {
    const whole: AuditEvent = {
      eventTime: new Date(this.#world.clock.now() / 1_000).toISOString(),
      eventID: randomId(this.#world.random),
      ...event,
    };
    this.#recent.push(whole);
    if (this.#recent.length > this.#limits.recent * 2) this.#recent.splice(0, this.#limits.recent);
    try {
      if (this.#file.length >= this.#limits.fileBytes) this.#nextFile();
      this.#file.write(Buffer.from(`${JSON.stringify(whole)}\n`));
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#world.log.error('the audit log cannot be written', { error: String(error) });
      this.#hasFailed = true;
    }
  }

  /** The newest first. */
  recent(limit: number): readonly AuditEvent[] {
    return this.#recent.slice(-limit).reverse();
  }

  async close(): Promise<void> {
    await this.#file.sync();
    this.#file.close();
  }

  get #files(): readonly string[] {
    return this.#world.disk.list(this.#directory).filter((name) => /^\d{6}\.jsonl$/.test(name));
  }

  #nextFile(): void {
    this.#file.close();
    this.#number++;
    this.#file = this.#openFile();
    const files = this.#files;
    for (const name of files.slice(0, Math.max(files.length - this.#limits.files, 0)))
      this.#world.disk.remove(`${this.#directory}/${name}`);
  }

  #openFile(): AppendFile {
    return this.#world.disk.openAppend(`${this.#directory}/${String(this.#number).padStart(6, '0')}.jsonl`);
  }

  /** What a crash has cut short is left out. */
  #eventsOf(name: string): AuditEvent[] {
    const text = Buffer.from(this.#world.disk.read(`${this.#directory}/${name}`) ?? []).toString('utf8');
    return text
      .split('\n')
      .slice(-this.#limits.recent - 1)
      .flatMap((line) => {
        try {
          return line === '' ? [] : [JSON.parse(line) as AuditEvent];
        } catch {
          return [];
        }
      });
  }
}
