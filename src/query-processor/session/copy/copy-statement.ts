/** COPY ... FROM STDIN and COPY ... TO STDOUT. Files and programs of the server are refused. */
import type { CopyStmt, Node } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { ColumnDescriptor, RelationDescriptor } from '../../catalog/descriptors.ts';
import { quoteIdentifier } from '../../catalog/identifiers.ts';
import { type ParsedStatement, parse } from '../../parser/parse.ts';
import { stringsOf } from '../constants.ts';
import type { StatementHost, UtilityOutput } from '../statement-host.ts';
import { copyFrom } from './copy-from.ts';
import { copyOptions } from './copy-options.ts';
import { copyTo } from './copy-to.ts';

export async function runCopy(
  session: StatementHost,
  parsed: ParsedStatement,
  statement: CopyStmt,
  output: UtilityOutput,
): Promise<string> {
  const isFrom = statement.is_from === true;
  if (statement.filename !== undefined || statement.is_program === true)
    throw new SqlError(
      sqlstate.insufficientPrivilege,
      statement.is_program === true
        ? `permission denied to COPY ${isFrom ? 'from' : 'to'} an external program`
        : `permission denied to COPY ${isFrom ? 'from' : 'to'} a file`,
      {
        hint: "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
      },
    );
  const options = copyOptions(statement.options ?? [], isFrom, parsed.positionOf);
  if (statement.query !== undefined) return copyTo(session, { ...parsed, node: queryOf(statement.query) }, parsed.text, options, output);
  const relation = relationOf(session, statement);
  if (!isFrom) {
    if (relation.kind === 'view')
      throw new SqlError(sqlstate.wrongObjectType, `cannot copy from view "${relation.name}"`, {
        hint: 'Try the COPY (SELECT ...) TO variant.',
      });
    if (relation.kind === 'sequence') throw new SqlError(sqlstate.wrongObjectType, `cannot copy from sequence "${relation.name}"`);
    const columns = columnsOf(relation, statement);
    const list = columns.map((column) => quoteIdentifier(column.name)).join(', ');
    const text = `SELECT ${list} FROM ONLY ${qualified(relation)}`;
    const [select] = parse(text);
    return copyTo(session, select, text, options, output);
  }
  if (relation.kind === 'view')
    throw new SqlError(sqlstate.wrongObjectType, `cannot copy to view "${relation.name}"`, {
      hint: 'To enable copying to a view, provide an INSTEAD OF INSERT trigger.',
    });
  if (relation.kind === 'sequence') throw new SqlError(sqlstate.wrongObjectType, `cannot copy to sequence "${relation.name}"`);
  if (relation.kind === 'system') throw new SqlError(sqlstate.insufficientPrivilege, `permission denied for table ${relation.name}`);
  session.block.throwIfReadOnly('COPY FROM');
  if (options.freeze && !session.block.hasChanged(relation.oid))
    throw new SqlError(
      sqlstate.objectNotInPrerequisiteState,
      'cannot perform COPY FREEZE because the table was not created or truncated in the current subtransaction',
    );
  session.block.noteRowChange();
  return copyFrom(session, relation, columnsOf(relation, statement), options, statement.whereClause, parsed, output);
}

function queryOf(node: Node): Node {
  if ('SelectStmt' in node || 'InsertStmt' in node || 'UpdateStmt' in node || 'DeleteStmt' in node) return node;
  throw notSupported('COPY query must be a SELECT, INSERT, UPDATE or DELETE');
}

function relationOf(session: StatementHost, statement: CopyStmt): RelationDescriptor {
  const target = statement.relation ?? {};
  const { catalog } = session.compilation;
  const name = target.relname ?? '';
  if (target.schemaname === undefined) {
    const relation = session.facts.names.findRelation(name);
    if (relation !== undefined) return relation;
    throw new SqlError(sqlstate.undefinedTable, `relation "${name}" does not exist`);
  }
  const schema = catalog.schemaByName(target.schemaname);
  const relation = schema === undefined ? undefined : catalog.relationByName(schema.oid, name);
  if (relation === undefined) throw new SqlError(sqlstate.undefinedTable, `relation "${target.schemaname}.${name}" does not exist`);
  return relation;
}

export const qualified = (relation: RelationDescriptor): string =>
  `${quoteIdentifier(relation.schemaName)}.${quoteIdentifier(relation.name)}`;

/** The columns of the list, or all but the generated ones. */
function columnsOf(relation: RelationDescriptor, statement: CopyStmt): readonly ColumnDescriptor[] {
  if (relation.kind !== 'table' && relation.kind !== 'system') return [];
  const live = relation.columns.filter((column) => !column.isDropped);
  const names = stringsOf(statement.attlist ?? []);
  if (names.length === 0) return live.filter((column) => column.generated === undefined);
  const columns: ColumnDescriptor[] = [];
  for (const name of names) {
    const column = live.find((entry) => entry.name === name);
    if (column === undefined)
      throw new SqlError(sqlstate.undefinedColumn, `column "${name}" of relation "${relation.name}" does not exist`);
    if (column.generated !== undefined)
      throw new SqlError(sqlstate.invalidColumnReference, `column "${name}" is a generated column`, {
        detail: 'Generated columns cannot be used in COPY.',
      });
    if (columns.includes(column)) throw new SqlError(sqlstate.duplicateColumn, `column "${name}" specified more than once`);
    columns.push(column);
  }
  return columns;
}
