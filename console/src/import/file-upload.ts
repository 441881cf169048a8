/**
 * A file on its way to the node, piece by piece. When the connection breaks it asks the node where the import stands and goes on from there, so that no row is
 * sent twice and none is left out.
 */
import type { ImportProgress, ImportRequest, RefusedPart } from '../../../src/control-plane/console/import-shapes.ts';
import { RequestFailure, request, send } from '../api/request.ts';
import { type ClusterAddress, clusterPath, type SqlErrorReport } from '../query-editor/query-api.ts';

export type { ImportRequest };
export type Progress = ImportProgress<SqlErrorReport>;
export type RefusedRow = RefusedPart<SqlErrorReport>;

const pieceBytes = 512 * 1024;
const waitsMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;

export class FileUpload {
  readonly file: File;
  progress: Progress | undefined;
  refused: RefusedRow[] = [];
  /** Why it stands still, when it does; `proceed` tries again. */
  interruption: string | undefined;
  isWaiting = false;
  #isStopped = false;
  #import: string | undefined;
  readonly #cluster: ClusterAddress;
  readonly #onChange: () => void;

  constructor(cluster: ClusterAddress, file: File, onChange: () => void) {
    this.#cluster = cluster;
    this.file = file;
    this.#onChange = onChange;
  }

  async start(role: string, asked: ImportRequest): Promise<void> {
    try {
      const begun = await request<{ readonly import: string }>('POST', `${clusterPath(this.#cluster)}/imports`, { role, ...asked });
      this.#import = begun.import;
      await this.proceed();
    } catch (error) {
      this.interruption = error instanceof Error ? error.message : String(error);
      this.#onChange();
    }
  }

  /** Goes on from where the node is, until the file is in. */
  async proceed(): Promise<void> {
    this.interruption = undefined;
    let failures = 0;
    while (!this.#isStopped) {
      try {
        const isDone = await this.#next(failures > 0);
        failures = 0;
        if (isDone) return;
      } catch (error) {
        if (this.#isStopped) return;
        // The node has answered: sending it again would not help.
        if (error instanceof RequestFailure || failures === waitsMs.length) {
          this.interruption = error instanceof Error ? error.message : String(error);
          this.#onChange();
          return;
        }
        this.isWaiting = true;
        this.#onChange();
        await new Promise((resolve) => setTimeout(resolve, waitsMs[failures++]));
        this.isWaiting = false;
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#import !== undefined && this.progress?.state === 'running') await request('DELETE', this.#path());
    this.interruption = undefined;
    this.#onChange();
  }

  async #next(asksFirst: boolean): Promise<boolean> {
    if (asksFirst || this.progress === undefined) this.#take(await request<Progress>('GET', this.#path(`refused=${this.refused.length}`)));
    const position = this.progress?.position ?? 0;
    if (this.progress?.state !== 'running') return true;
    if (position >= this.file.size) {
      this.#take(await request<Progress>('POST', this.#path(`refused=${this.refused.length}`, '/finish'), { length: this.file.size }));
      return true;
    }
    const body = this.file.slice(position, position + pieceBytes);
    try {
      const query = `position=${position}&refused=${this.refused.length}`;
      const response = await send('PUT', this.#path(query), { body, type: 'application/octet-stream' });
      this.#take((await response.json()) as Progress);
    } catch (error) {
      // It stands elsewhere: an answer was lost on its way.
      if (!(error instanceof RequestFailure) || error.status !== 409) throw error;
      this.progress = undefined;
    }
    return this.progress !== undefined && this.progress.state !== 'running';
  }

  #take(progress: Progress): void {
    this.refused = [...this.refused, ...progress.refused];
    this.progress = progress;
    this.#onChange();
  }

  #path(query = '', action = ''): string {
    return `${clusterPath(this.#cluster)}/imports/${this.#import ?? ''}${action}${query === '' ? '' : `?${query}`}`;
  }
}
