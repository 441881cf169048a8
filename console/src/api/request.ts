/**
 * Requests to the node that served the page. The session's cookie goes by itself; the second token, which every change carries, is kept in memory only.
 * A request made while nobody is at the page says so, so that a page left open does not keep its session alive.
 */

const unattendedAfterMs = 60_000;

let csrfToken = '';
let lastInputAt = Date.now();
let onSessionEnd: () => void = () => {};

for (const event of ['pointerdown', 'keydown', 'wheel'])
  window.addEventListener(event, () => (lastInputAt = Date.now()), { passive: true, capture: true });

/** What the node answered instead of a result. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
  readonly status: number;
  readonly type: string;
  readonly retryAfterSeconds: number;

  constructor(status: number, type: string, message: string, retryAfterSeconds: number) {
    super(message);
    this.status = status;
    this.type = type;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Sets what the next requests go with, and what is done when the node says that nobody is signed in any more. */
export function goWithSession(token: string, onEnd: () => void): void {
  csrfToken = token;
  onSessionEnd = onEnd;
}

/** Answers with the response, whose body is still to be read; throws RequestFailure when it is not 2xx. */
export async function send(
  method: string,
  path: string,
  init: { readonly body?: BodyInit; readonly type?: string; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const headers = new Headers();
  if (method !== 'GET') headers.set('x-borealis-csrf', csrfToken);
  if (Date.now() - lastInputAt > unattendedAfterMs) headers.set('x-borealis-unattended', '1');
  if (init.type !== undefined) headers.set('content-type', init.type);
  const response = await fetch(path, { method, headers, body: init.body ?? null, signal: init.signal ?? null, credentials: 'same-origin' });
  if (response.ok) return response;
  const text = await response.text();
  if (response.status === 401) onSessionEnd();
  throw new RequestFailure(
    response.status,
    response.headers.get('x-amzn-errortype') ?? '',
    messageOf(text),
    Number(response.headers.get('retry-after') ?? 0),
  );
}

/** Sends and takes JSON. The caller says what the answer is: the node that made it is the one that served this program. */
export async function request<Result>(method: string, path: string, body?: unknown): Promise<Result> {
  const response = await send(method, path, body === undefined ? {} : { body: JSON.stringify(body), type: 'application/json' });
  return (await response.json()) as Result;
}

function messageOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message);
  } catch {
    // No JSON: some proxy's own page, shown as it is.
  }
  return text;
}
