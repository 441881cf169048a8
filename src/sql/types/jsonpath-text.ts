/** jsonpath as PostgreSQL prints it: keys in quotes, brackets around what binds less. */
import { quoteJson } from './jsonb.ts';
import type { JsonPath, PathItem, PathStep } from './jsonpath-value.ts';
import { formatNumeric } from './numeric.ts';
import { Numeric } from './numeric-value.ts';

export const formatJsonPath = ({ strict, root }: JsonPath): string => `${strict ? 'strict ' : ''}${print(root, true)}`;

function priority(item: PathItem): number {
  switch (item.kind) {
    case 'logical':
      return item.operator === '||' ? 0 : 1;
    case 'comparison':
    case 'startsWith':
      return 2;
    case 'arithmetic':
      return item.operator === '+' || item.operator === '-' ? 3 : 4;
    case 'sign':
      return 5;
    case 'chain':
      return priority(item.base);
    default:
      return 6;
  }
}

/** Brackets go around operators only, and only where asked for. */
function print(item: PathItem, brackets: boolean): string {
  const under = (operand: PathItem): string => print(operand, priority(operand) <= priority(item));
  const enclose = (text: string): string => (brackets ? `(${text})` : text);
  switch (item.kind) {
    case 'literal':
      return printLiteral(item.value);
    case 'variable':
      return `$${quoteJson(item.name)}`;
    case 'root':
      return '$';
    case 'current':
      return '@';
    case 'last':
      return 'last';
    case 'arithmetic':
    case 'logical':
    case 'comparison':
      return enclose(`${under(item.left)} ${item.operator} ${under(item.right)}`);
    case 'startsWith':
      return enclose(`${under(item.left)} starts with ${under(item.right)}`);
    case 'likeRegex': {
      const flags = item.flags === '' ? '' : ` flag "${item.flags}"`;
      return enclose(`${under(item.operand)} like_regex ${quoteJson(item.pattern)}${flags}`);
    }
    case 'sign':
      return enclose(item.operator + under(item.operand));
    case 'not':
      return `!(${print(item.operand, false)})`;
    case 'isUnknown':
      return `(${print(item.operand, false)}) is unknown`;
    case 'exists':
      return `exists (${print(item.operand, false)})`;
    case 'chain': {
      const { base } = item;
      const text = base.kind === 'literal' && base.value instanceof Numeric ? `(${print(base, false)})` : print(base, brackets);
      return text + item.steps.map(printStep).join('');
    }
  }
}

function printLiteral(value: null | boolean | string | Numeric): string {
  if (typeof value === 'string') return quoteJson(value);
  return value instanceof Numeric ? formatNumeric(value) : String(value);
}

function printStep(step: PathStep): string {
  switch (step.kind) {
    case 'member':
      return `.${quoteJson(step.name)}`;
    case 'anyMember':
      return '.*';
    case 'anyItem':
      return '[*]';
    case 'items':
      return `[${step.subscripts.map(({ from, to }) => print(from, false) + (to === undefined ? '' : ` to ${print(to, false)}`)).join(',')}]`;
    case 'descend':
      return `.**${printLevels(step.first, step.last)}`;
    case 'filter':
      return `?(${print(step.predicate, false)})`;
    case 'method':
      return `.${step.name}()`;
    case 'datetime':
      return `.datetime(${step.template === undefined ? '' : quoteJson(step.template)})`;
  }
}

function printLevels(first: number, last: number): string {
  const level = (value: number): string => (value === Number.POSITIVE_INFINITY ? 'last' : String(value));
  if (first === 0 && last === Number.POSITIVE_INFINITY) return '';
  return first === last ? `{${level(first)}}` : `{${level(first)} to ${level(last)}}`;
}
