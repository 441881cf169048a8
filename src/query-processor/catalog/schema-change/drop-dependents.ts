/** Drops objects with what depends on them under CASCADE, and refuses with the list of that without. */
import type { AlterTableCmd, DropStmt } from '@pgsql/types';
import type { DomainDescriptor, FunctionDescriptor, TableDescriptor } from '../descriptors.ts';
import { type AlteredTable, applyActions } from './alter-table.ts';
import { type DependentObject, dependenceLines, dependentsOf, describeDependent } from './dependent-objects.ts';
import { stillNeeded } from './dependents.ts';
import { dropReferences } from './foreign-keys.ts';
import type { SchemaChange } from './schema-change.ts';

/** Gives the tables that lose columns and the like: where a primary key goes, their rows have to be written anew. */
export function dropWithDependents(
  change: SchemaChange,
  dropped: readonly (DomainDescriptor | FunctionDescriptor)[],
  behavior: DropStmt['behavior'],
): readonly AlteredTable[] {
  const dependents = dependentsOf(change, dropped);
  if (dependents.length > 0 && behavior !== 'DROP_CASCADE') {
    const what = dropped.length === 1 ? describeDependent(change, dropped[0]) : 'desired object(s)';
    throw stillNeeded(what, dependenceLines(change, dependents), dropped.length === 1);
  }
  change.noticeCascade(dependents.map(({ object }) => describeDependent(change, object)));
  for (const { oid } of dropped) change.drop(oid);
  return dropDependents(
    change,
    dependents.map(({ object }) => object),
  );
}

function dropDependents(change: SchemaChange, objects: readonly DependentObject[]): readonly AlteredTable[] {
  const commands = new Map<TableDescriptor, AlterTableCmd[]>();
  const command = (table: TableDescriptor, ...added: readonly AlterTableCmd[]): void => {
    commands.set(table, [...(commands.get(table) ?? []), ...added]);
  };
  for (const object of objects)
    switch (object.kind) {
      case 'domain':
      case 'view':
      case 'function':
        change.drop(object.oid);
        break;
      case 'domainCheck':
        dropDomainCheck(change, object.domain, object.check.constraintOid);
        break;
      case 'foreignKey':
        dropReferences(change, [object]);
        break;
      case 'column':
        command(object.table, { subtype: 'AT_DropColumn', name: object.column.name, behavior: 'DROP_CASCADE' });
        break;
      case 'default':
        command(object.table, { subtype: 'AT_ColumnDefault', name: object.column.name });
        break;
      case 'check':
        command(object.table, { subtype: 'AT_DropConstraint', name: object.check.name, behavior: 'DROP_CASCADE' });
        break;
      case 'index': {
        const { table, index } = object;
        const known = tableNow(change, table);
        change.put({ ...known, indexes: known.indexes.filter((entry) => entry.oid !== index.oid) });
        change.abandonSpaces(index.oid, [index.space]);
        command(table);
        break;
      }
    }
  return [...commands].flatMap(([table, ofTable]) => {
    // A generated column would go with what it reads.
    const isGenerated = ({ name }: AlterTableCmd) => table.columns.some((column) => column.name === name && column.generated !== undefined);
    const ordered = [...ofTable.filter(isGenerated), ...ofTable.filter((entry) => !isGenerated(entry))];
    const altered = change.withoutCascadeNotices(() => applyActions(change, table, tableNow(change, table), ordered));
    return altered === undefined ? [] : [altered];
  });
}

function tableNow(change: SchemaChange, table: TableDescriptor): TableDescriptor {
  const changed = change.changes.get(table.oid);
  return changed?.kind === 'table' ? changed : table;
}

function dropDomainCheck(change: SchemaChange, domain: DomainDescriptor, constraintOid: number): void {
  const changed = change.changes.get(domain.oid);
  const known = changed?.kind === 'domain' ? changed : domain;
  change.put({ ...known, checks: known.checks.filter((check) => check.constraintOid !== constraintOid) });
}
