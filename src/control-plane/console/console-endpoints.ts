/**
 * What the console needs beside the API's operations, mounted under /console/api/ behind the session: a handler finds who is signed in by
 * `context.get('session')`, answers whom `sessions` says, and lets go of what it keeps for a session by `sessions.onEnd`.
 */
import type { Hono } from 'hono';
import type { ConsoleEnvironment, ConsoleParts } from './console-parts.ts';
import { mountQueryEndpoints } from './query-endpoints.ts';

export function mountConsoleEndpoints(app: Hono<ConsoleEnvironment>, parts: ConsoleParts): void {
  mountQueryEndpoints(app, parts);
}
