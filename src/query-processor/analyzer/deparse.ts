/**
 * Deparse: a bound expression as SQL text, printed as PostgreSQL's ruleutils prints it (every operator in parentheses, casts as ::).
 * For EXPLAIN, pg_get_expr and stored defaults, checks and index expressions.
 *
 * The text binds back to the same expression over the same columns. Casts that the place it stands in adds by itself (a default's to
 * its column's type) are left out at the top, as PostgreSQL does.
 */
import { unreachable } from '#base/assert.ts';
import { aggregateByOid, operatorByOid, procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { AggregateCall, ColumnId, Expression, SortKey, SubqueryExpression, WindowCall } from '#sql/expression.ts';
import { quoteIdentifier } from '#sql/functions/quoting.ts';
import { oid } from '#sql/oids.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { TypeContext, TypeRef } from '#sql/type.ts';
import { isRowTypeOid } from '#sql/types/catalog-types.ts';
import { formatType, typeByOid } from '#sql/types/registry.ts';

/** The text of a column as it shall stand there: qualified and quoted by whoever knows how. */
export type NameOfColumn = (id: ColumnId) => string;

export type DeparseOptions = {
  /** For constants of reg* types, and their settings. Stored texts use the default, which depends on no session. */
  readonly typeContext?: TypeContext;
  /** CASE over several lines, as pg_get_expr prints it; EXPLAIN has it on one. */
  readonly indent?: boolean;
  /** What stands for a subquery; EXPLAIN names its plan. */
  readonly subquery?: (subquery: SubqueryExpression) => string;
  /** The text of a subquery's query; what is around it is added here. */
  readonly queryText?: (subquery: SubqueryExpression) => string;
  /** Parentheses only where they are needed, as pg_get_viewdef(oid, true) prints. */
  readonly pretty?: boolean;
  /** What stands for a column that is printed as something else than a name: a whole row, a column that USING merged. */
  readonly special?: (expression: Expression) => string | undefined;
  /** What stands behind OVER. */
  readonly over?: (call: WindowCall) => string;
  readonly nameOfType?: (type: TypeRef) => string;
  readonly nameOfFunction?: (functionOid: number) => string | undefined;
};

/** Where a new line begins: shared by a query's text and the expressions in it. */
export type Layout = { indentation: number };

/** Stands for a line break while a text is made: blanks before it go. */
export const lineBreak = '\u0001';
export const withLineBreaks = (text: string): string => text.replace(/ *\u0001/g, '\n');

const plainContext: TypeContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };

export function deparseExpression(expression: Expression, nameOfColumn: NameOfColumn, options: DeparseOptions = {}): string {
  return withLineBreaks(new ExpressionPrinter(nameOfColumn, options).print(expression, false));
}

/** A sort key as EXPLAIN prints it. */
export function deparseSortKey(key: SortKey, nameOfColumn: NameOfColumn, options: DeparseOptions = {}): string {
  return new ExpressionPrinter(nameOfColumn, options).sortKey(key);
}

const sqlValueTexts: Readonly<Record<string, string>> = {
  current_date: 'CURRENT_DATE',
  current_time: 'CURRENT_TIME',
  current_timestamp: 'CURRENT_TIMESTAMP',
  localtime: 'LOCALTIME',
  localtimestamp: 'LOCALTIMESTAMP',
  current_user: 'CURRENT_USER',
  session_user: 'SESSION_USER',
  current_catalog: 'CURRENT_CATALOG',
  current_schema: 'CURRENT_SCHEMA',
};

export class ExpressionPrinter {
  readonly #nameOfColumn: NameOfColumn;
  readonly #options: DeparseOptions;
  readonly #layout: Layout;
  readonly #pretty: boolean;

  constructor(nameOfColumn: NameOfColumn, options: DeparseOptions, layout: Layout = { indentation: 0 }) {
    this.#nameOfColumn = nameOfColumn;
    this.#options = options;
    this.#layout = layout;
    this.#pretty = options.pretty === true;
  }

  /** A part of an expression: in parentheses where its parent needs them. */
  #part(expression: Expression, showImplicit: boolean, parent: Expression): string {
    const text = this.print(expression, showImplicit);
    return this.#pretty && !isSimple(expression, parent) ? `(${text})` : text;
  }

  /** What carries its own parentheses, unless only the needed ones are wanted. */
  #wrapped(text: string): string {
    return this.#pretty ? text : `(${text})`;
  }

  /** `showImplicit`: casts that nobody wrote are printed too, since what is around it would choose other ones. */
  print(expression: Expression, showImplicit: boolean): string {
    const special = this.#options.special?.(expression);
    if (special !== undefined) return special;
    switch (expression.kind) {
      case 'constant':
        return this.#constant(expression.value, expression.type, true);
      case 'parameter':
        return `$${expression.index}`;
      case 'column':
      case 'outerValue':
        return this.#nameOfColumn(expression.id);
      case 'function':
        return this.#function(expression, showImplicit);
      case 'and':
      case 'or':
        return this.#wrapped(
          expression.args.map((arg) => this.#part(arg, false, expression)).join(expression.kind === 'and' ? ' AND ' : ' OR '),
        );
      case 'not':
        return this.#wrapped(`NOT ${this.#part(expression.arg, false, expression)}`);
      case 'isNull':
        return this.#wrapped(`${this.#part(expression.arg, true, expression)} IS ${expression.negated ? 'NOT ' : ''}NULL`);
      case 'booleanTest':
        return this.#wrapped(
          `${this.#part(expression.arg, false, expression)} IS ${expression.negated ? 'NOT ' : ''}${expression.test.toUpperCase()}`,
        );
      case 'distinct': {
        const test = `${this.#part(expression.left, true, expression)} IS DISTINCT FROM ${this.#part(expression.right, true, expression)}`;
        return expression.negated ? this.#wrapped(`NOT ${this.#wrapped(test)}`) : this.#wrapped(test);
      }
      case 'nullif':
        return `NULLIF(${this.print(expression.left, true)}, ${this.print(expression.right, true)})`;
      case 'coalesce':
        return `COALESCE(${this.#list(expression.args)})`;
      case 'minmax':
        return `${expression.which.toUpperCase()}(${this.#list(expression.args)})`;
      case 'case':
        return this.#case(expression);
      case 'caseOperand':
        return 'CASE_TEST_EXPR';
      case 'arrayComparison': {
        const operator = operatorByOid(expression.operator)?.name ?? '?';
        const quantifier = expression.quantifier.toUpperCase();
        return this.#wrapped(
          `${this.#part(expression.left, true, expression)} ${operator} ${quantifier} (${this.#part(expression.right, true, expression)})`,
        );
      }
      case 'array': {
        const text = `ARRAY[${this.#list(expression.items)}]`;
        return expression.items.length === 0 ? `${text}::${this.#typeName(expression.type)}` : text;
      }
      case 'row':
        return `ROW(${this.#list(expression.fields)})${this.#rowType(expression.type)}`;
      case 'rowComparison':
        return this.#wrapped(`ROW(${this.#list(expression.left)}) ${expression.operator} ROW(${this.#list(expression.right)})`);
      case 'jsonConstructor':
        return this.#jsonConstructor(expression);
      case 'isJson': {
        const kind = expression.test === 'value' ? '' : ` ${expression.test.toUpperCase()}`;
        return this.#wrapped(
          `${this.#part(expression.arg, true, expression)} IS JSON${kind}${expression.uniqueKeys ? ' WITH UNIQUE KEYS' : ''}`,
        );
      }
      case 'field':
        return `(${this.print(expression.arg, true)}).${quoteIdentifier(expression.name)}`;
      case 'subscript':
        return this.#subscript(expression);
      case 'assignSubscript':
        return this.print(expression.value, showImplicit);
      case 'convertByText':
        return expression.explicit || showImplicit
          ? this.#cast(expression.arg, expression.type, expression)
          : this.#part(expression.arg, false, expression);
      case 'domainCheck':
        return expression.explicit || showImplicit
          ? this.#cast(belowDomain(expression.arg), expression.type, expression)
          : this.#part(belowDomain(expression.arg), false, expression);
      case 'relabel':
        return this.#cast(expression.arg, expression.type, expression);
      case 'applyTypmod':
        return expression.explicit || showImplicit ? this.#typmod(expression) : this.#part(expression.arg, false, expression);
      case 'arrayConversion':
        return this.#cast(expression.arg, expression.type, expression);
      case 'sqlValue': {
        const precision = expression.type.typmod >= 0 ? `(${expression.type.typmod})` : '';
        return `${sqlValueTexts[expression.name]}${precision}`;
      }
      case 'subquery':
        return this.#subquery(expression);
      case 'aggregate':
        return this.#aggregate(expression);
      case 'window':
        return `${this.#name(expression.function)}(${expression.isStar ? '*' : this.#list(expression.args)})${this.#filter(expression.filter)} OVER ${this.#options.over?.(expression) ?? '(?)'}`;
      default:
        return unreachable(expression);
    }
  }

  sortKey(key: SortKey): string {
    return `${this.print(key.expression, true)}${directionOf(key)}`;
  }

  #jsonConstructor({ what, args, absentOnNull, uniqueKeys, type }: Extract<Expression, { kind: 'jsonConstructor' }>): string {
    const texts = args.map((arg) => this.print(arg, true));
    const members = what === 'array' ? texts : texts.flatMap((text, at) => (at % 2 === 0 ? [`${text} : ${texts[at + 1]}`] : []));
    const onNull = absentOnNull === (what === 'array') ? '' : absentOnNull ? ' ABSENT ON NULL' : ' NULL ON NULL';
    return `JSON_${what.toUpperCase()}(${members.join(', ')}${onNull}${uniqueKeys ? ' WITH UNIQUE KEYS' : ''} RETURNING ${formatType(type)})`;
  }

  #list(expressions: readonly Expression[]): string {
    return expressions.map((expression) => this.print(expression, true)).join(', ');
  }

  #typeName(type: TypeRef): string {
    return this.#options.nameOfType?.(type) ?? formatType(type);
  }

  /** Behind ROW(...), for those that want to read it again. */
  #rowType(type: TypeRef): string {
    const { nameOfType } = this.#options;
    return nameOfType === undefined || !isRowTypeOid(type.oid) ? '' : `::${nameOfType(type)}`;
  }

  #name(procOid: number): string {
    const given = this.#options.nameOfFunction?.(procOid);
    if (given !== undefined) return given;
    const proc = procByOid(procOid);
    if (proc === undefined) return '?';
    const name = quoteIdentifier(proc.name);
    return proc.schema === 'pg_catalog' ? name : `${quoteIdentifier(proc.schema)}.${name}`;
  }

  #function(call: Extract<Expression, { kind: 'function' }>, showImplicit: boolean): string {
    const { form, args } = call;
    if (form.kind === 'cast')
      return form.explicit || showImplicit ? this.#cast(args[0], call.type, call) : this.#part(args[0], false, call);
    if (form.kind === 'operator') {
      const name = operatorByOid(form.operator)?.name ?? '?';
      if (args.length === 1) return this.#wrapped(`${name} ${this.#part(args[0], true, call)}`);
      return this.#wrapped(`${this.#part(args[0], true, call)} ${name} ${this.#part(args[1], true, call)}`);
    }
    const syntax = this.#sqlSyntax(call);
    if (syntax !== undefined) return syntax;
    const proc = procByOid(call.function);
    const texts = args.map((arg, at) => {
      // "any" took a literal without a type.
      const declared = proc?.argTypes[Math.min(at, proc.argTypes.length - 1)];
      if (declared === oid.any && arg.kind === 'constant' && arg.type.oid === oid.text && arg.value !== null)
        return this.#constant(arg.value, arg.type, false);
      return this.print(arg, true);
    });
    if (call.variadic && texts.length > 0) texts.push(`VARIADIC ${texts.pop()}`);
    return `${this.#name(call.function)}(${texts.join(', ')})`;
  }

  /** Calls that PostgreSQL prints in the standard's own syntax. */
  #sqlSyntax(call: Extract<Expression, { kind: 'function' }>): string | undefined {
    if (call.form.kind !== 'call' || call.form.sqlSyntax !== true) return undefined;
    const name = procByOid(call.function)?.name;
    const [first, second, third, fourth] = call.args;
    const print = (arg: Expression): string => this.print(arg, false);
    if (name === 'extract' && first?.kind === 'constant' && typeof first.value === 'string' && /^[a-z_]+$/.test(first.value))
      return `EXTRACT(${first.value} FROM ${this.print(second, false)})`;
    if (name === 'timezone' && call.args.length === 2)
      return `(${this.#part(second, true, call)} AT TIME ZONE ${this.#part(first, true, call)})`;
    if (name === 'position') return `POSITION((${print(second)}) IN (${print(first)}))`;
    if (name === 'overlay') {
      const span = fourth === undefined ? '' : ` FOR ${print(fourth)}`;
      return `OVERLAY(${print(first)} PLACING ${print(second)} FROM ${print(third)}${span})`;
    }
    if (name === 'substring' && second?.type.oid === oid.int4)
      return `SUBSTRING(${print(first)} FROM ${print(second)}${third === undefined ? '' : ` FOR ${print(third)}`})`;
    if (name === 'substring' && third !== undefined) return `SUBSTRING(${print(first)} SIMILAR ${print(second)} ESCAPE ${print(third)})`;
    if (name === 'btrim' || name === 'ltrim' || name === 'rtrim') {
      const side = { btrim: 'BOTH', ltrim: 'LEADING', rtrim: 'TRAILING' }[name];
      return `TRIM(${side}${second === undefined ? '' : ` ${print(second)}`} FROM ${print(first)})`;
    }
    if (name === 'normalize') {
      const form = second?.kind === 'constant' ? `, ${String(second.value)}` : '';
      return `NORMALIZE(${print(first)}${form})`;
    }
    return undefined;
  }

  /** A constant directly under a cast to its own type goes without its own label. */
  #cast(arg: Expression, type: TypeRef, parent: Expression): string {
    const target = this.#typeName(type);
    if (arg.kind === 'constant' && arg.type.oid === type.oid && arg.type.typmod === -1 && type.domain === undefined)
      return `${this.#constant(arg.value, arg.type, false)}::${target}`;
    return `${this.#wrapped(this.#part(arg, false, parent))}::${target}`;
  }

  /** (x)::varchar::varchar(3) is written (x)::varchar(3): one cast does both. */
  #typmod(expression: Extract<Expression, { kind: 'applyTypmod' }>): string {
    const { arg, type } = expression;
    if (arg.kind === 'function' && arg.form.kind === 'cast') return this.#cast(arg.args[0], type, expression);
    if (arg.kind === 'relabel' || arg.kind === 'convertByText' || arg.kind === 'arrayConversion')
      return this.#cast(arg.arg, type, expression);
    return this.#cast(arg, type, expression);
  }

  #case(expression: Extract<Expression, { kind: 'case' }>): string {
    const operand = expression.operand === undefined ? '' : ` ${this.print(expression.operand, true)}`;
    const line = this.#lineStart();
    this.#layout.indentation += caseIndentation;
    const deeper = this.#lineStart();
    const branches = expression.branches.map(({ when, then }) => {
      const condition = expression.operand === undefined ? this.print(when, false) : this.#comparedWith(when);
      return `${deeper}WHEN ${condition} THEN ${this.print(then, true)}`;
    });
    const otherwise =
      expression.otherwise === undefined ? this.#constant(null, expression.type, true) : this.print(expression.otherwise, true);
    this.#layout.indentation -= caseIndentation;
    return `${this.#options.indent === true ? line : ''}CASE${operand}${branches.join('')}${deeper}ELSE ${otherwise}${line}END`;
  }

  /** A new line (marked, because blanks before it go), or just a blank. */
  #lineStart(): string {
    return this.#options.indent === true ? `${lineBreak}${' '.repeat(this.#layout.indentation)}` : ' ';
  }

  /** `operand = value` of a simple CASE is written as the value alone. */
  #comparedWith(when: Expression): string {
    if (when.kind === 'function' && when.form.kind === 'operator' && when.args.length === 2) return this.print(when.args[1], false);
    return this.print(when, false);
  }

  #subscript(expression: Extract<Expression, { kind: 'subscript' }>): string {
    const { arg, isSlice, subscripts } = expression;
    const inner = this.print(arg, true);
    const base = arg.kind === 'column' || arg.kind === 'outerValue' ? inner : `(${inner})`;
    const bound = (part: Expression | undefined): string => (part === undefined ? '' : this.print(part, false));
    return base + subscripts.map(({ lower, upper }) => `[${isSlice ? `${bound(lower)}:` : ''}${bound(upper)}]`).join('');
  }

  #subquery(expression: SubqueryExpression): string {
    if (this.#options.queryText !== undefined) return this.#query(expression, this.#options.queryText(expression));
    const text = this.#options.subquery?.(expression) ?? '(SubPlan)';
    switch (expression.form) {
      case 'exists':
        return expression.negated ? `(NOT EXISTS${text})` : `EXISTS${text}`;
      case 'array':
        return `ARRAY${text}`;
      default:
        return expression.negated ? `(NOT ${text})` : text;
    }
  }

  /** A subquery with its query written out. */
  #query(expression: SubqueryExpression, query: string): string {
    const written = this.#quantified(expression, query);
    return expression.negated ? this.#wrapped(`NOT ${written}`) : written;
  }

  #quantified({ form, comparison }: SubqueryExpression, query: string): string {
    if (form === 'array') return `ARRAY(${query})`;
    if (form === 'exists') return `(EXISTS (${query}))`;
    if (form === 'scalar' || comparison === undefined) return `(${query})`;
    const pairs = comparison.kind === 'and' || comparison.kind === 'or' ? comparison.args : [comparison];
    const [first] = pairs;
    const lefts = pairs.flatMap((pair) => (pair.kind === 'rowComparison' ? pair.left : pair.kind === 'function' ? [pair.args[0]] : []));
    const operator =
      first.kind === 'rowComparison'
        ? first.operator
        : first.kind === 'function' && first.form.kind === 'operator'
          ? (operatorByOid(first.form.operator)?.name ?? '?')
          : '?';
    const left = pairs.length === 1 && first.kind !== 'rowComparison' ? this.print(lefts[0], true) : `(${this.#list(lefts)})`;
    const word = form === 'any' ? (operator === '=' ? 'IN' : `${operator} ANY`) : `${operator} ALL`;
    return `(${left} ${word} (${query}))`;
  }

  #aggregate(call: AggregateCall): string {
    const order = call.orderBy.map((key) => `${this.sorted(key.expression)}${directionOf(key)}`).join(', ');
    const name = this.#name(call.function);
    if (isOrderedSet(call)) return `${name}(${this.#list(call.directArgs)}) WITHIN GROUP (ORDER BY ${order})${this.#filter(call.filter)}`;
    const args = call.isStar ? '*' : `${call.isDistinct ? 'DISTINCT ' : ''}${this.#list(call.args)}`;
    return `${name}(${args}${order === '' ? '' : ` ORDER BY ${order}`})${this.#filter(call.filter)}`;
  }

  #filter(filter: Expression | undefined): string {
    return filter === undefined ? '' : ` FILTER (WHERE ${this.print(filter, false)})`;
  }

  /** What a query sorts or groups by: nothing that could be read as a position, or as a grouping set. */
  sorted(expression: Expression): string {
    if (expression.kind === 'column') return this.print(expression, true);
    if (expression.kind === 'constant') {
      const text = this.#constant(expression.value, expression.type, true);
      return text.includes('::') ? text : `${text}::${this.#typeName(expression.type)}`;
    }
    const text = this.print(expression, true);
    const isCall = expression.kind === 'function' && expression.form.kind !== 'operator';
    return this.#pretty || isCall ? `(${text})` : text;
  }

  list(expressions: readonly Expression[]): string {
    return this.#list(expressions);
  }

  #constant(value: Datum, type: TypeRef, withType: boolean): string {
    if (value === null) return withType ? `NULL::${this.#typeName(type)}` : 'NULL';
    const text = this.#output(value, type);
    const label = withType ? `::${this.#typeName(type)}` : '';
    switch (type.oid) {
      case oid.bool:
        return value === true ? 'true' : 'false';
      case oid.unknown:
        return literal(text);
      case oid.int4:
        return text.startsWith('-') ? `${literal(text)}${label}` : text;
      case oid.numeric:
        if (/^\d/.test(text) && /[.eE]/.test(text)) return type.typmod >= 0 ? `${text}${label}` : text;
        return `${literal(text)}${label}`;
      default:
        return `${literal(text)}${label}`;
    }
  }

  #output(value: Exclude<Datum, null>, type: TypeRef): string {
    return typeByOid(type.oid).output(value, this.#options.typeContext ?? plainContext);
  }
}

/** The cast to a domain says the cast to its base type too. */
const belowDomain = (arg: Expression): Expression => {
  const cast = arg.kind === 'applyTypmod' ? arg.arg : arg;
  return cast.kind === 'relabel' ? cast.arg : cast;
};

const caseIndentation = 4;

/** DESC and NULLS FIRST or LAST, where they are not the default. */
export function directionOf({ descending, nullsFirst }: Pick<SortKey, 'descending' | 'nullsFirst'>): string {
  const nulls = nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
  return `${descending ? ' DESC' : ''}${nulls}`;
}

/** Needs no parentheses as a part of `parent`. */
function isSimple(expression: Expression, parent: Expression): boolean {
  switch (expression.kind) {
    case 'field':
      return parent.kind !== 'field';
    case 'convertByText':
    case 'relabel':
    case 'domainCheck':
    case 'arrayConversion':
      return isSimple(expression.arg, expression);
    case 'and':
    case 'or':
    case 'not':
      if (parent.kind === 'and') return expression.kind !== 'or';
      if (parent.kind === 'or') return true;
      return parent.kind !== 'not' && hasOwnParentheses(parent);
    case 'arrayComparison':
    case 'rowComparison':
      return false;
    case 'isNull':
    case 'booleanTest':
      return hasOwnParentheses(parent);
    case 'subquery':
    case 'distinct':
      // NOT around it is a part of it here.
      return hasOwnParentheses(parent) && !(expression.negated && parent.kind === 'not');
    case 'function':
      return expression.form.kind !== 'operator' || isSimpleOperator(expression, parent);
    default:
      return true;
  }
}

type Call = Extract<Expression, { kind: 'function' }>;

function isSimpleOperator(expression: Call, parent: Expression): boolean {
  if (parent.kind !== 'function' || parent.form.kind !== 'operator') return hasOwnParentheses(parent);
  const own = rankOf(expression);
  const outer = rankOf(parent);
  if (own === 0 || outer === 0) return false;
  return own > outer || (own === outer && parent.args[0] === expression);
}

/** 2 for * / %, 1 for + -, 0 for what has no rank that everybody knows. */
function rankOf(call: Call): number {
  const name = call.form.kind === 'operator' && call.args.length === 2 ? operatorByOid(call.form.operator)?.name : undefined;
  if (name === undefined || name.length !== 1) return 0;
  return '*/%'.includes(name) ? 2 : '+-'.includes(name) ? 1 : 0;
}

/** Parents whose parts stand between brackets, commas or keywords anyway. */
function hasOwnParentheses(parent: Expression): boolean {
  switch (parent.kind) {
    case 'function':
      return parent.form.kind === 'call' && parent.form.sqlSyntax !== true;
    case 'and':
    case 'or':
    case 'not':
    case 'subscript':
    case 'array':
    case 'row':
    case 'coalesce':
    case 'minmax':
    case 'nullif':
    case 'aggregate':
    case 'window':
    case 'case':
      return true;
    default:
      return false;
  }
}

const isOrderedSet = (call: AggregateCall): boolean => (aggregateByOid(call.function)?.kind ?? 'n') !== 'n';

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
