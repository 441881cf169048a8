/**
 * The console's page and what it loads, as `console/` was built: the page is never kept by browsers or proxies, everything else carries a hash of its content
 * in its name and is kept for ever.
 *
 *   Only files that are there in the list may be asked for: a path never becomes the name of a file.
 */
import type { Disk } from '#base/world.ts';

export type ConsoleFile = {
  readonly type: string;
  readonly content: Uint8Array;
  readonly encoding: 'gzip' | undefined;
  readonly isPage: boolean;
};

const types: ReadonlyMap<string, string> = new Map([
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['svg', 'image/svg+xml'],
  ['png', 'image/png'],
  ['woff2', 'font/woff2'],
  ['woff', 'font/woff'],
]);

export class ConsoleFiles {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  page(): ConsoleFile | undefined {
    const content = this.#disk.read(`${this.#directory}/index.html`);
    return content === undefined ? undefined : { type: 'text/html; charset=utf-8', content, encoding: undefined, isPage: true };
  }

  /** `name` as it stands after /console/assets/. */
  asset(name: string, takesGzip: boolean): ConsoleFile | undefined {
    const type = types.get(name.slice(name.lastIndexOf('.') + 1));
    const folder = `${this.#directory}/assets`;
    const names = this.#disk.list(folder);
    if (type === undefined || !names.includes(name)) return undefined;
    const isCompressed = takesGzip && names.includes(`${name}.gz`);
    const content = this.#disk.read(`${folder}/${name}${isCompressed ? '.gz' : ''}`);
    return content === undefined ? undefined : { type, content, encoding: isCompressed ? 'gzip' : undefined, isPage: false };
  }
}
