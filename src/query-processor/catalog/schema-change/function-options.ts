/** The options of CREATE FUNCTION and ALTER FUNCTION. */
import type { CreateFunctionStmt, DefElem, Node, VariableSetStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { FunctionDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import type { SchemaChange } from './schema-change.ts';

/** undefined: not stated. */
export type FunctionOptions = {
  readonly volatility?: FunctionDescriptor['volatility'];
  readonly isStrict?: boolean;
  readonly isLeakproof?: boolean;
  readonly isSecurityDefiner?: boolean;
  readonly parallel?: FunctionDescriptor['parallel'];
  readonly cost?: number;
  readonly rows?: number;
  readonly settings?: readonly string[];
  readonly source?: string;
};

export function functionOptions(change: SchemaChange, statement: CreateFunctionStmt): FunctionOptions {
  const { options, language } = readOptions(change, statement.options ?? [], []);
  const hasBody = statement.sql_body !== undefined;
  if (language === undefined && !hasBody) throw new SqlError(sqlstate.invalidFunctionDefinition, 'no language specified');
  if (language !== undefined && language !== 'sql') {
    if (language === 'internal' || language === 'c' || language === 'plpgsql')
      throw notSupported(`CREATE FUNCTION with language ${language} not supported`);
    throw new SqlError(sqlstate.undefinedObject, `language "${language}" does not exist`);
  }
  if (options.source !== undefined && hasBody) throw new SqlError(sqlstate.invalidFunctionDefinition, 'duplicate function body specified');
  if (options.source === undefined && !hasBody) throw new SqlError(sqlstate.invalidFunctionDefinition, 'no function body specified');
  return options;
}

const volatilities: Readonly<Record<string, FunctionDescriptor['volatility']>> = { immutable: 'i', stable: 's', volatile: 'v' };
const parallels: Readonly<Record<string, FunctionDescriptor['parallel']>> = { safe: 's', restricted: 'r', unsafe: 'u' };

/** `settings`: those that the function has already, which SET and RESET change. */
export function readOptions(
  change: SchemaChange,
  nodes: readonly Node[],
  settings: readonly string[],
): { readonly options: FunctionOptions; readonly language: string | undefined } {
  let options: FunctionOptions = {};
  let language: string | undefined;
  const seen = new Set<string>();
  for (const node of nodes) {
    if (!('DefElem' in node)) continue;
    const { defname = '', arg, location } = node.DefElem;
    if (defname !== 'set' && seen.has(defname)) throw change.error(sqlstate.syntaxError, 'conflicting or redundant options', location);
    seen.add(defname);
    if (defname === 'language') language = textOf(arg);
    else options = { ...options, ...oneOption(node.DefElem, options.settings ?? settings) };
  }
  return { options, language };
}

function oneOption({ defname, arg }: DefElem, settings: readonly string[]): FunctionOptions {
  switch (defname) {
    case 'as': {
      const parts = arg !== undefined && 'List' in arg ? (arg.List.items ?? []) : [];
      if (parts.length > 1) throw new SqlError(sqlstate.invalidFunctionDefinition, 'only one AS item needed for language "sql"');
      return { source: textOf(parts[0]) };
    }
    case 'volatility':
      return { volatility: volatilities[textOf(arg)] ?? 'v' };
    case 'strict':
      return { isStrict: isTrue(arg) };
    case 'security':
      return { isSecurityDefiner: isTrue(arg) };
    case 'leakproof':
      return { isLeakproof: isTrue(arg) };
    case 'cost':
      return { cost: positive('COST', numberOf(arg)) };
    case 'rows':
      return { rows: positive('ROWS', numberOf(arg)) };
    case 'parallel': {
      const parallel = parallels[textOf(arg)];
      if (parallel === undefined) throw new SqlError(sqlstate.syntaxError, 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE');
      return { parallel };
    }
    case 'set':
      return { settings: changedSettings(settings, arg !== undefined && 'VariableSetStmt' in arg ? arg.VariableSetStmt : {}) };
    case 'support':
      throw notSupported('SUPPORT functions are not supported');
    case 'window':
      throw notSupported('window functions in SQL are not supported');
    case 'transform':
      throw notSupported('TRANSFORM is not supported');
    default:
      throw notSupported(`the function option ${defname} is not supported`);
  }
}

const textOf = (node: Node | undefined): string => (node !== undefined && 'String' in node ? (node.String.sval ?? '') : '');
const isTrue = (node: Node | undefined): boolean => node !== undefined && 'Boolean' in node && node.Boolean.boolval === true;

function numberOf(node: Node | undefined): number {
  if (node !== undefined && 'Integer' in node) return node.Integer.ival ?? 0;
  if (node !== undefined && 'Float' in node) return Number(node.Float.fval ?? '0');
  return 0;
}

function positive(what: string, value: number): number {
  if (!(value > 0)) throw new SqlError(sqlstate.invalidParameterValue, `${what} must be positive`);
  return value;
}

/** search_path alone: it decides what names mean. Others would have to change while the calling statement runs. */
function changedSettings(before: readonly string[], { kind, name = '', args = [] }: VariableSetStmt): readonly string[] {
  if (kind === 'VAR_RESET_ALL') return [];
  const others = before.filter((setting) => !setting.startsWith(`${name}=`));
  if (kind === 'VAR_RESET' || kind === 'VAR_SET_DEFAULT') return others;
  if (name !== 'search_path') throw notSupported(`SET ${name} of a function is not supported; only search_path is`);
  if (kind !== 'VAR_SET_VALUE') throw notSupported('SET ... FROM CURRENT of a function is not supported');
  const values = args.flatMap((node) => ('A_Const' in node ? [node.A_Const.sval?.sval ?? ''] : []));
  return [...others, `${name}=${values.map((value) => (value === '' ? '""' : quoteIdentifier(value))).join(', ')}`];
}
