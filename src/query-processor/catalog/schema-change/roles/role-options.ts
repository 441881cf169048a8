/** The options of CREATE ROLE and ALTER ROLE, as given. */
import type { DefElem, Node } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { SchemaChange } from '../schema-change.ts';

export type RoleOptions = ReadonlyMap<string, DefElem>;

export function roleOptions(change: SchemaChange, nodes: readonly Node[] | undefined): RoleOptions {
  const options = new Map<string, DefElem>();
  for (const node of nodes ?? []) {
    if (!('DefElem' in node)) continue;
    const { defname = '', location } = node.DefElem;
    if (defname === 'sysid') {
      change.notice('SYSID can no longer be specified');
      continue;
    }
    if (options.has(defname)) throw change.error(sqlstate.syntaxError, 'conflicting or redundant options', location);
    options.set(defname, node.DefElem);
  }
  // Nobody connects with a password: a role without one is all there is.
  if (options.get('password')?.arg !== undefined)
    throw notSupported('passwords are not supported', { hint: "Map the role to an IAM identity: AWS IAM GRANT role TO 'arn'." });
  return options;
}

export function booleanOption(options: RoleOptions, name: string): boolean | undefined {
  const option = options.get(name);
  if (option === undefined) return undefined;
  const { arg } = option;
  return arg !== undefined && 'Boolean' in arg ? arg.Boolean.boolval === true : true;
}

export function connectionLimit(options: RoleOptions): number | undefined {
  const arg = options.get('connectionlimit')?.arg;
  if (arg === undefined) return undefined;
  const limit = 'Integer' in arg ? (arg.Integer.ival ?? 0) : -1;
  if (limit < -1) throw new SqlError(sqlstate.invalidParameterValue, `invalid connection limit: ${limit}`);
  return limit;
}

/** As timestamptz prints it, whatever the session's settings. */
export function validUntil(change: SchemaChange, options: RoleOptions): string | undefined {
  const arg = options.get('validUntil')?.arg;
  if (arg === undefined || !('String' in arg)) return undefined;
  const type = typeByOid(oid.timestamptz);
  const { settings } = change.evaluationContext;
  const until = type.input(arg.String.sval ?? '', -1, change.host.typeContext);
  return until === null ? undefined : type.output(until, { ...change.host.typeContext, settings });
}

export const membersIn = (options: RoleOptions, name: string): readonly Node[] => {
  const arg = options.get(name)?.arg;
  return arg !== undefined && 'List' in arg ? (arg.List.items ?? []) : [];
};
