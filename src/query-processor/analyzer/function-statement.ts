/** One statement of a function's body. */
import type { Node } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import { bindDataChange } from './data-change.ts';
import type { Analysis } from './environment.ts';
import { Scope } from './scope.ts';
import { type BoundSelect, bindSelect } from './select.ts';

const changes = { InsertStmt: 'INSERT', UpdateStmt: 'UPDATE', DeleteStmt: 'DELETE', MergeStmt: 'MERGE' } as const;

export function bindBodyStatement(analysis: Analysis, descriptor: FunctionDescriptor, node: Node): BoundSelect {
  if ('SelectStmt' in node) return bindSelect(analysis, node.SelectStmt, undefined, { resolveUnknowns: true });
  for (const [kind, name] of Object.entries(changes)) {
    if (!(kind in node)) continue;
    if (descriptor.volatility !== 'v')
      throw analysis.error(sqlstate.featureNotSupported, `${name} is not allowed in a non-volatile function`);
    const root = new Scope(analysis, undefined);
    root.isRoot = true;
    return bindDataChange(root, node);
  }
  throw analysis.notSupported(`${(Object.keys(node)[0] ?? '').replace(/Stmt$/, '')} is not supported in an SQL function`);
}
