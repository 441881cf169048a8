/**
 * Admission: who may connect as which role. `admin` needs no more than its token, whose action already says so (iam/); every other role must
 * exist, may log in, and be granted to the ARN that has signed (AWS IAM GRANT). The client is told the same of all that is missing: who may
 * not come in does not learn which roles there are.
 */
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import type { Admission } from '../query-processor.ts';

const noSettings: ReadonlyMap<string, string> = new Map();

export const adminAdmission: Admission = { kind: 'admitted', settings: noSettings };

/** `sessions`: how many the role has already. `now`: µs since 1970. */
export function admissionOf(catalog: LoadedCatalog, user: string, principal: string, sessions: number, now: number): Admission {
  const role = catalog.roleByName(user);
  const isMapped = role !== undefined && catalog.iamMappings().some((entry) => entry.roleOid === role.oid && entry.arn === principal);
  if (role === undefined || !role.canLogin || !isMapped)
    return { kind: 'refused', hint: `User: ${principal} is not authorized to access this resource` };
  if (role.connectionLimit >= 0 && sessions >= role.connectionLimit)
    return { kind: 'refused', hint: `too many connections for role "${user}"` };
  if (role.validUntil !== undefined && hasPassed(role.validUntil, now))
    return { kind: 'refused', hint: `Role ${user} was valid until ${role.validUntil}` };
  return { kind: 'admitted', settings: new Map(role.settings.map(splitSetting)) };
}

function splitSetting(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function hasPassed(until: string, now: number): boolean {
  if (until === 'infinity') return false;
  if (until === '-infinity') return true;
  return Date.parse(until.replace(' ', 'T').replace(/\+00$/, 'Z')) * 1000 <= now;
}
