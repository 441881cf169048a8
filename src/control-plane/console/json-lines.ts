/**
 * JSON lines to a browser, as a web stream: each line goes out as it is written, and whoever writes faster than the browser reads is made to wait.
 *
 *   JL1  At most `bufferBytes` and one line are held.
 *   JL2  A browser that goes away is told to the writer once, by `onGone`; what is written afterwards is dropped.
 */
import type { Maybe } from '#query-processor/query-processor.ts';

const bufferBytes = 256 * 1024;

export class JsonLines {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(onGone: () => void) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#proceed(),
        cancel: () => {
          this.#controller = undefined;
          this.#proceed();
          onGone();
        },
      },
      { highWaterMark: bufferBytes, size: (chunk) => chunk.byteLength },
    );
  }

  /** A promise when the reader is behind. */
  write(line: unknown): Maybe<void> {
    const controller = this.#controller;
    if (controller === undefined) return undefined;
    controller.enqueue(Buffer.from(`${JSON.stringify(line)}\n`, 'utf8'));
    if ((controller.desiredSize ?? 1) > 0) return undefined;
    this.#waiting ??= deferred();
    return this.#waiting.promise;
  }

  end(): void {
    this.#controller?.close();
    this.#controller = undefined;
  }

  #proceed(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
