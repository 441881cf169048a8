/** What the console's side of the HTTP port works with. */
import type { World } from '#base/world.ts';
import type { Clusters } from '#deployment/clusters.ts';
import type { ApiService } from '../api/api-service.ts';
import type { AuditLog } from '../audit-log.ts';
import type { Endpoints } from '../endpoints.ts';
import type { ConsoleFiles } from './console-files.ts';
import type { ConsoleSession, ConsoleSessions } from './console-session.ts';

export type ConsoleParts = {
  readonly world: World;
  readonly sessions: ConsoleSessions;
  readonly files: ConsoleFiles;
  readonly clusters: Clusters;
  readonly endpoints: Endpoints;
  readonly api: ApiService;
  readonly audit: AuditLog;
  readonly isSecure: boolean;
};

/** What handlers behind the session find in their context. */
export type ConsoleEnvironment = { Variables: { session: ConsoleSession } };
