/** Functions as SQL text, as a session sees them: what pg_get_functiondef and its kin print. */
import { procByOid } from '#sql/builtins.ts';
import type { TypeRef } from '#sql/type.ts';
import { deparseExpression } from '../../analyzer/deparse.ts';
import { bodyStatements, returnedName } from '../../analyzer/function-body.ts';
import { printFunctionBody } from '../../analyzer/function-check.ts';
import { analyzeTableExpression } from '../../analyzer/table-expression.ts';
import type { FunctionArgument, FunctionDescriptor } from '../descriptors.ts';
import { inputArguments } from '../function-proc.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { typeText } from '../name-lookup.ts';
import { shownNames, shownTypeName } from '../object-names.ts';
import { environmentOfSession, type TextSession, typeContextOf } from './view-text.ts';

const typeName = (session: TextSession, type: TypeRef): string => shownTypeName(type, session.names);

const modeWords: Readonly<Record<FunctionArgument['mode'], string>> = { i: '', o: 'OUT ', b: 'INOUT ', v: 'VARIADIC ', t: '' };

function argumentText(session: TextSession, arg: FunctionArgument, withDefault: boolean): string {
  const name = arg.name === '' ? '' : `${quoteIdentifier(arg.name)} `;
  const value = withDefault && arg.defaultText !== undefined ? ` DEFAULT ${defaultText(session, arg.defaultText)}` : '';
  return `${modeWords[arg.mode]}${name}${typeName(session, arg.type)}${value}`;
}

/** A default under the names that the session sees. */
function defaultText(session: TextSession, text: string): string {
  const environment = environmentOfSession(session);
  const none = { oid: 0, name: '', schemaName: '', columns: [] };
  const bound = analyzeTableExpression(text, none, environment, { kind: 'alterType', keepsCalls: true });
  return deparseExpression(bound, () => '', {
    typeContext: typeContextOf(session),
    nameOfType: (type) => typeName(session, type),
    nameOfFunction: (procOid) => (session.catalog.functionByOid(procOid) === undefined ? undefined : session.names.nameOf('proc', procOid)),
  });
}

export function functionArguments(session: TextSession, descriptor: FunctionDescriptor): string {
  return descriptor.args
    .filter(({ mode }) => mode !== 't')
    .map((arg) => argumentText(session, arg, true))
    .join(', ');
}

export function functionIdentityArguments(session: TextSession, descriptor: FunctionDescriptor): string {
  return descriptor.args
    .filter(({ mode }) => mode !== 't')
    .map((arg) => argumentText(session, arg, false))
    .join(', ');
}

export function functionResultText(session: TextSession, descriptor: FunctionDescriptor): string {
  const columns = descriptor.args.filter(({ mode }) => mode === 't');
  if (columns.length > 0) return `TABLE(${columns.map((arg) => argumentText(session, arg, false)).join(', ')})`;
  return (descriptor.returnsSet ? 'SETOF ' : '') + typeName(session, descriptor.returnType);
}

export function functionDefaultText(session: TextSession, descriptor: FunctionDescriptor, number: number): string | null {
  const arg = descriptor.args[number - 1];
  return arg?.defaultText === undefined ? null : defaultText(session, arg.defaultText);
}

/** The body that is written in SQL itself: RETURN ..., or the statements between BEGIN ATOMIC and END. */
export function functionBodyText(session: TextSession, descriptor: FunctionDescriptor): string | null {
  const { body } = descriptor;
  if (body === undefined) return null;
  const { catalog, names } = session;
  const nodes = bodyStatements(descriptor).map(({ node }) => node);
  const environment = environmentOfSession(session);
  const { statements } = printFunctionBody(
    environment,
    descriptor,
    nodes,
    () => undefined,
    shownNames((relation) => catalog.relationByOid(relation), names),
    argumentNames(descriptor),
  );
  if (body.isReturn) {
    const text = (statements[0] ?? '').replace(/^\s*SELECT\s+/, '');
    return `RETURN ${text.slice(0, text.lastIndexOf(` AS ${quoteIdentifier(returnedName)}`))}`;
  }
  const lines = statements.map((statement) => `${indented(statement)};\n`);
  return `BEGIN ATOMIC\n${lines.join('')}END`;
}

/** PostgreSQL sets the statements of a block one column in. */
const indented = (statement: string): string => statement.replace(/^/gm, ' ').replace(/^ {1}(?= SELECT)/, ' ');

const argumentNames = (descriptor: FunctionDescriptor): ((index: number) => string | undefined) => {
  const inputs = inputArguments(descriptor);
  return (index) => {
    const name = inputs[index - 1]?.name;
    return name === undefined || name === '' ? undefined : quoteIdentifier(name);
  };
};

const volatilityWords = { i: ' IMMUTABLE', s: ' STABLE', v: '' } as const;
const parallelWords = { s: ' PARALLEL SAFE', r: ' PARALLEL RESTRICTED', u: '' } as const;

export function functionDefinition(session: TextSession, descriptor: FunctionDescriptor): string {
  const name = `${quoteIdentifier(descriptor.schemaName)}.${quoteIdentifier(descriptor.name)}`;
  const properties = [
    volatilityWords[descriptor.volatility],
    parallelWords[descriptor.parallel],
    descriptor.isStrict ? ' STRICT' : '',
    descriptor.isSecurityDefiner ? ' SECURITY DEFINER' : '',
    descriptor.isLeakproof ? ' LEAKPROOF' : '',
    descriptor.cost === 100 ? '' : ` COST ${descriptor.cost}`,
    descriptor.returnsSet && descriptor.rows !== 1000 ? ` ROWS ${descriptor.rows}` : '',
  ].join('');
  const settings = descriptor.settings.map((setting) => {
    const at = setting.indexOf('=');
    const values = setting.slice(at + 1).split(', ');
    const list = values.map((value) => `'${value.replace(/^"(.*)"$/, '$1').replaceAll("'", "''")}'`).join(', ');
    return ` SET ${setting.slice(0, at)} TO ${list}\n`;
  });
  const body = functionBodyText(session, descriptor);
  const lines = [
    `CREATE OR REPLACE FUNCTION ${name}(${functionArguments(session, descriptor)})\n`,
    ` RETURNS ${functionResultText(session, descriptor)}\n`,
    ' LANGUAGE sql\n',
    properties === '' ? '' : `${properties}\n`,
    ...settings,
    body === null ? `AS ${dollarQuoted(descriptor.source)}\n` : `${body}\n`,
  ];
  return lines.join('');
}

function dollarQuoted(source: string): string {
  let tag = '$function';
  while (source.includes(tag)) tag += 'x';
  return `${tag}$${source}${tag}$`;
}

/** Of a built-in function: names and defaults are left out. */
export function builtInArguments(procOid: number): string | null {
  const proc = procByOid(procOid);
  if (proc === undefined) return null;
  return proc.argTypes
    .map((type, at) => `${at === proc.argTypes.length - 1 && proc.variadic !== 0 ? 'VARIADIC ' : ''}${typeText(type)}`)
    .join(', ');
}
