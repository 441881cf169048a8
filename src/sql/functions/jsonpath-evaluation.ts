/**
 * Evaluates jsonpath over a document, one item after another as they are asked for: who wants to know only whether there is an item
 * stops at the first, and errors behind it do not happen.
 *
 * Errors of the path language are PathErrors: in a predicate they make it unknown, and `silent` suppresses them. All others are
 * plain SqlErrors and always reach the client.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { EvaluationContext } from '../function.ts';
import { parseFloat8 } from '../types/float.ts';
import type { JsonNode } from '../types/jsonb-value.ts';
import type { Arithmetic, Comparison, JsonPath, PathItem, PathStep } from '../types/jsonpath-value.ts';
import { formatNumeric, parseNumeric } from '../types/numeric.ts';
import {
  addNumeric,
  compareNumeric,
  divideNumeric,
  moduloNumeric,
  multiplyNumeric,
  negateNumeric,
  numericOfInteger,
  subtractNumeric,
  truncateNumeric,
} from '../types/numeric-arithmetic.ts';
import { Numeric } from '../types/numeric-value.ts';
import { compareText } from '../types/text.ts';
import { jsonObject } from './json-conversion.ts';
import { isArrayNode, isObjectNode, isScalarNode, kindOfNode } from './jsonb-access.ts';
import { offsetInStorage } from './jsonb-storage-offset.ts';
import { comparePathTimes, PathTime, parsePathTime, pathTimeNames, pathTimeTemplate } from './jsonpath-datetime.ts';
import { pathRegex } from './jsonpath-regex.ts';

export type PathValue = JsonNode | PathTime;

export class PathError extends Error {
  override readonly name = 'PathError';
  readonly error: SqlError;
  constructor(error: SqlError) {
    super(error.message);
    this.error = error;
  }
}

const fail = (code: string, message: string): PathError => new PathError(new SqlError(code, message));

/** Where evaluation stands. */
type Frame = {
  /** @ */
  readonly current: PathValue;
  /** Items of the array whose subscripts are evaluated. */
  readonly size: number;
  /** keyvalue() numbers objects by their place in this document. */
  readonly base: { readonly document: PathValue; readonly id: number };
  /** Structures that are not as the path has it give nothing instead of an error. */
  readonly forgiving: boolean;
};

const isArray = (value: PathValue): value is readonly JsonNode[] => !(value instanceof PathTime) && isArrayNode(value);
const isObject = (value: PathValue): value is ReadonlyMap<string, JsonNode> => !(value instanceof PathTime) && isObjectNode(value);

type Truth = boolean | undefined;

export class PathRun {
  readonly #path: JsonPath;
  readonly #lax: boolean;
  readonly #root: JsonNode;
  readonly #variables: ReadonlyMap<string, JsonNode> | undefined;
  readonly #useZone: boolean;
  readonly #context: EvaluationContext;
  #nextObject: number;
  /** Whether errors reach the client; in predicates they do not. */
  #isRaising: boolean;

  constructor(
    path: JsonPath,
    root: JsonNode,
    variables: ReadonlyMap<string, JsonNode> | undefined,
    useZone: boolean,
    silent: boolean,
    context: EvaluationContext,
  ) {
    this.#path = path;
    this.#lax = !path.strict;
    this.#root = root;
    this.#variables = variables;
    this.#useZone = useZone;
    this.#isRaising = !silent;
    this.#context = context;
    this.#nextObject = 2;
  }

  items(): Generator<PathValue> {
    return this.#evaluate(this.#path.root, this.#root, this.#outermost);
  }

  get #outermost(): Frame {
    return { current: this.#root, size: -1, base: { document: this.#root, id: 0 }, forgiving: this.#lax };
  }

  /** Whether there is an item at all; in strict mode all are gone through, as an error further on counts. */
  exists(): boolean {
    return this.#hasItem(this.#path.root, this.#root, this.#outermost);
  }

  #hasItem(item: PathItem, value: PathValue, frame: Frame): boolean {
    if (!this.#lax) return [...this.#evaluate(item, value, frame)].length > 0;
    // What has no sign is passed over where nobody asks for the number.
    if (item.kind === 'sign') return [...this.#unwrapped(item.operand, value, frame)].some((operand) => operand instanceof Numeric);
    return this.#evaluate(item, value, frame).next().done !== true;
  }

  *#evaluate(item: PathItem, value: PathValue, frame: Frame): Generator<PathValue> {
    switch (item.kind) {
      case 'chain': {
        const start = item.base.kind === 'root' ? { ...frame, base: { document: this.#root, id: 0 } } : frame;
        for (const found of this.#evaluate(item.base, value, frame)) yield* this.#walk(item.steps, 0, found, start, this.#lax);
        return;
      }
      case 'literal':
        yield item.value;
        return;
      case 'variable':
        yield this.#variable(item.name);
        return;
      case 'root':
        yield this.#root;
        return;
      case 'current':
        yield frame.current;
        return;
      case 'last':
        yield numericOfInteger(frame.size - 1);
        return;
      case 'arithmetic':
        yield this.#arithmetic(item, value, frame);
        return;
      case 'sign':
        for (const operand of [...this.#unwrapped(item.operand, value, frame)]) {
          if (!(operand instanceof Numeric))
            throw fail(sqlstate.sqlJsonNumberNotFound, `operand of unary jsonpath operator ${item.operator} is not a numeric value`);
          yield item.operator === '-' ? negateNumeric(operand) : operand;
        }
        return;
      default:
        yield this.#truth(item, value, frame) ?? null;
    }
  }

  #variable(name: string): JsonNode {
    // The operators take no variables, and know every name for null.
    if (this.#variables === undefined) return null;
    const value = this.#variables.get(name);
    if (value === undefined) throw new SqlError(sqlstate.undefinedObject, `could not find jsonpath variable "${name}"`);
    return value;
  }

  /** In lax mode the items of arrays in their place. */
  *#unwrapped(item: PathItem, value: PathValue, frame: Frame): Generator<PathValue> {
    for (const found of this.#evaluate(item, value, frame)) {
      if (this.#lax && isArray(found)) yield* found;
      else yield found;
    }
  }

  #arithmetic(item: PathItem & { kind: 'arithmetic' }, value: PathValue, frame: Frame): Numeric {
    const left = [...this.#unwrapped(item.left, value, frame)];
    const right = [...this.#unwrapped(item.right, value, frame)];
    const single = (side: 'left' | 'right', found: readonly PathValue[]): Numeric => {
      const [number] = found;
      if (found.length === 1 && number instanceof Numeric) return number;
      throw fail(
        sqlstate.singletonSqlJsonItemRequired,
        `${side} operand of jsonpath operator ${item.operator} is not a single numeric value`,
      );
    };
    const operands = [single('left', left), single('right', right)] as const;
    return softly(() => calculate[item.operator](...operands));
  }

  *#walk(steps: readonly PathStep[], at: number, value: PathValue, frame: Frame, unwrap: boolean): Generator<PathValue> {
    if (at === steps.length) {
      yield value;
      return;
    }
    const step = steps[at];
    const next = (found: PathValue, inFrame = frame): Generator<PathValue> => this.#walk(steps, at + 1, found, inFrame, this.#lax);
    const opensArrays = step.kind !== 'anyItem' && step.kind !== 'items' && step.kind !== 'descend';
    const isMeasured = step.kind === 'method' && (step.name === 'type' || step.name === 'size');
    if (unwrap && opensArrays && !isMeasured && isArray(value)) {
      for (const one of value) yield* this.#walk(steps, at, one, frame, false);
      return;
    }
    switch (step.kind) {
      case 'member':
        if (isObject(value)) {
          const member = value.get(step.name);
          if (member !== undefined) yield* next(member);
          else if (!frame.forgiving) throw fail(sqlstate.sqlJsonMemberNotFound, `JSON object does not contain key ${quote(step.name)}`);
        } else if (!frame.forgiving)
          throw fail(sqlstate.sqlJsonMemberNotFound, 'jsonpath member accessor can only be applied to an object');
        return;
      case 'anyMember':
        if (isObject(value)) for (const member of value.values()) yield* next(member);
        else if (!frame.forgiving)
          throw fail(sqlstate.sqlJsonObjectNotFound, 'jsonpath wildcard member accessor can only be applied to an object');
        return;
      case 'anyItem':
        if (isArray(value)) for (const one of value) yield* next(one);
        else if (this.#lax) yield* next(value);
        else if (!frame.forgiving)
          throw fail(sqlstate.sqlJsonArrayNotFound, 'jsonpath wildcard array accessor can only be applied to an array');
        return;
      case 'items':
        yield* this.#subscripts(step, value, frame, next);
        return;
      case 'descend': {
        const forgiving: Frame = { ...frame, forgiving: true };
        if (step.first === 0) yield* this.#unlessForgotten(value, next(value, forgiving));
        yield* this.#descend(step, value, 1, (found) => next(found, forgiving));
        return;
      }
      case 'filter':
        if (this.#truth(step.predicate, value, { ...frame, current: value }) === true) yield* next(value);
        return;
      case 'method':
        yield* this.#method(step.name, value, frame, next);
        return;
      case 'datetime': {
        if (typeof value !== 'string') {
          throw fail(
            sqlstate.invalidArgumentForSqlJsonDatetimeFunction,
            'jsonpath item method .datetime() can only be applied to a string',
          );
        }
        const template = step.template === undefined ? undefined : pathTimeTemplate(step.template);
        yield* next(softly(() => parsePathTime(value, template, this.#context)));
      }
    }
  }

  /** Where errors are not raised, PostgreSQL forgets that of the item itself when it goes on to those below it. */
  *#unlessForgotten(value: PathValue, found: Generator<PathValue>): Generator<PathValue> {
    if (this.#isRaising || !(isArray(value) || isObject(value))) {
      yield* found;
      return;
    }
    try {
      yield* found;
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
    }
  }

  *#subscripts(
    step: PathStep & { kind: 'items' },
    value: PathValue,
    frame: Frame,
    next: (found: PathValue) => Generator<PathValue>,
  ): Generator<PathValue> {
    if (!isArray(value) && !this.#lax) {
      if (!frame.forgiving) throw fail(sqlstate.sqlJsonArrayNotFound, 'jsonpath array accessor can only be applied to an array');
      return;
    }
    const items: readonly PathValue[] = isArray(value) ? value : [value];
    const inside: Frame = { ...frame, size: items.length };
    for (const { from: first, to: last } of step.subscripts) {
      const from = this.#index(first, value, inside);
      const to = last === undefined ? from : this.#index(last, value, inside);
      if (!frame.forgiving && (from < 0 || from > to || to >= items.length))
        throw fail(sqlstate.invalidSqlJsonSubscript, 'jsonpath array subscript is out of bounds');
      for (let index = Math.max(0, from); index <= Math.min(to, items.length - 1); index++) yield* next(items[index]);
    }
  }

  #index(item: PathItem, value: PathValue, frame: Frame): number {
    const found = [...this.#evaluate(item, value, frame)];
    const [number] = found;
    if (found.length !== 1 || !(number instanceof Numeric))
      throw fail(sqlstate.invalidSqlJsonSubscript, 'jsonpath array subscript is not a single numeric value');
    const index = Number(truncateNumeric(number, 0).unscaled);
    if (index < -2147483648 || index > 2147483647)
      throw fail(sqlstate.invalidSqlJsonSubscript, 'jsonpath array subscript is out of integer range');
    return index;
  }

  *#descend(
    step: PathStep & { kind: 'descend' },
    value: PathValue,
    level: number,
    next: (found: PathValue) => Generator<PathValue>,
  ): Generator<PathValue> {
    if (level > step.last || !(isArray(value) || isObject(value))) return;
    const onlyLeaves = step.first === Number.POSITIVE_INFINITY && step.last === Number.POSITIVE_INFINITY;
    for (const child of value.values()) {
      if (level >= step.first || (onlyLeaves && isScalarNode(child))) yield* next(child);
      if (level < step.last) yield* this.#descend(step, child, level + 1, next);
    }
  }

  *#method(
    name: (PathStep & { kind: 'method' })['name'],
    value: PathValue,
    frame: Frame,
    next: (found: PathValue, frame?: Frame) => Generator<PathValue>,
  ): Generator<PathValue> {
    switch (name) {
      case 'type':
        yield* next(value instanceof PathTime ? pathTimeNames[value.type] : kindOfNode(value));
        return;
      case 'size':
        if (isArray(value)) yield* next(numericOfInteger(value.length));
        else if (this.#lax) yield* next(numericOfInteger(1));
        else if (!frame.forgiving)
          throw fail(sqlstate.sqlJsonArrayNotFound, 'jsonpath item method .size() can only be applied to an array');
        return;
      case 'double':
        yield* next(toDouble(value));
        return;
      case 'keyvalue':
        yield* this.#keyValues(value, frame, next);
        return;
      default:
        if (!(value instanceof Numeric))
          throw fail(sqlstate.nonNumericSqlJsonItem, `jsonpath item method .${name}() can only be applied to a numeric value`);
        yield* next(rounded[name](value));
    }
  }

  *#keyValues(value: PathValue, frame: Frame, next: (found: PathValue, frame?: Frame) => Generator<PathValue>): Generator<PathValue> {
    if (!isObject(value)) throw fail(sqlstate.sqlJsonObjectNotFound, 'jsonpath item method .keyvalue() can only be applied to an object');
    const { document, id } = frame.base;
    const number = BigInt(id) * 10000000000n + BigInt(document instanceof PathTime ? 0 : offsetInStorage(document, value));
    for (const [key, member] of value) {
      const pair = jsonObject([
        ['id', numericOfInteger(number)],
        ['key', key],
        ['value', member],
      ]);
      yield* next(pair, { ...frame, base: { document: pair, id: this.#nextObject++ } });
    }
  }

  #truth(item: PathItem, value: PathValue, frame: Frame): Truth {
    switch (item.kind) {
      case 'logical': {
        // The side that settles the matter is false for && and true for ||.
        const settles = item.operator === '||';
        const left = this.#truth(item.left, value, frame);
        if (left === settles) return settles;
        const right = this.#truth(item.right, value, frame);
        return right === !settles ? left : right;
      }
      case 'not': {
        const operand = this.#truth(item.operand, value, frame);
        return operand === undefined ? undefined : !operand;
      }
      case 'isUnknown':
        return this.#truth(item.operand, value, frame) === undefined;
      case 'exists':
        return this.#exists(item.operand, value, frame);
      case 'comparison':
        return this.#anyPair(item.left, item.right, true, value, frame, (left, right) => this.#compare(item.operator, left, right));
      case 'startsWith':
        return this.#anyPair(item.left, item.right, false, value, frame, (left, right) =>
          typeof left === 'string' && typeof right === 'string' ? left.startsWith(right) : undefined,
        );
      case 'likeRegex':
        return this.#anyPair(item.operand, undefined, false, value, frame, (text) => matches(item, text));
      default: {
        // A bracketed predicate with accessors behind it is an expression of its own.
        const [found] = this.#evaluate(item, value, frame);
        return typeof found === 'boolean' ? found : undefined;
      }
    }
  }

  #unknownOnError(run: () => Truth): Truth {
    const wasRaising = this.#isRaising;
    this.#isRaising = false;
    try {
      return run();
    } catch (error) {
      if (error instanceof PathError) return undefined;
      throw error;
    } finally {
      this.#isRaising = wasRaising;
    }
  }

  #exists(item: PathItem, value: PathValue, frame: Frame): Truth {
    return this.#unknownOnError(() => this.#hasItem(item, value, frame));
  }

  /** True when the test holds for some pair of items; in strict mode no pair may be unknown before. */
  #anyPair(
    left: PathItem,
    right: PathItem | undefined,
    unwrapRight: boolean,
    value: PathValue,
    frame: Frame,
    test: (left: PathValue, right: PathValue) => Truth,
  ): Truth {
    return this.#unknownOnError(() => {
      const lefts = [...this.#unwrapped(left, value, frame)];
      const rights =
        right === undefined ? [null] : [...(unwrapRight ? this.#unwrapped(right, value, frame) : this.#evaluate(right, value, frame))];
      let isUnknown = false;
      let isFound = false;
      for (const one of lefts) {
        for (const other of rights) {
          const truth = test(one, other);
          if (truth === undefined) {
            if (!this.#lax) return undefined;
            isUnknown = true;
          } else if (truth) {
            if (this.#lax) return true;
            isFound = true;
          }
        }
      }
      if (isFound) return true;
      return isUnknown ? undefined : false;
    });
  }

  #compare(operator: Comparison, left: PathValue, right: PathValue): Truth {
    let order: number | undefined;
    if (left instanceof PathTime || right instanceof PathTime) {
      if (left instanceof PathTime && right instanceof PathTime) order = comparePathTimes(left, right, this.#useZone, this.#context);
      else if (left === null || right === null) return operator === '!=';
    } else if (left === null || right === null) {
      if (left !== right) return operator === '!=';
      order = 0;
    } else if (typeof left === 'boolean' && typeof right === 'boolean') order = Number(left) - Number(right);
    else if (left instanceof Numeric && right instanceof Numeric) order = compareNumeric(left, right);
    else if (typeof left === 'string' && typeof right === 'string') order = compareText(left, right);
    return order === undefined ? undefined : holds[operator](order);
  }
}

const quote = (name: string): string => `"${name}"`;

const holds: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

const calculate: Readonly<Record<Arithmetic, (left: Numeric, right: Numeric) => Numeric>> = {
  '+': addNumeric,
  '-': subtractNumeric,
  '*': multiplyNumeric,
  '/': divideNumeric,
  '%': moduloNumeric,
};

const isWhole = (value: Numeric): boolean => compareNumeric(value, truncateNumeric(value, 0)) === 0;
const oneOf = (value: Numeric, step: bigint): Numeric => Numeric.of(truncateNumeric(value, 0).unscaled + step, 0);

const rounded: Readonly<Record<'abs' | 'floor' | 'ceiling', (value: Numeric) => Numeric>> = {
  abs: (value) => (value.unscaled < 0n ? negateNumeric(value) : value),
  floor: (value) => oneOf(value, value.unscaled < 0n && !isWhole(value) ? -1n : 0n),
  ceiling: (value) => oneOf(value, value.unscaled > 0n && !isWhole(value) ? 1n : 0n),
};

/** Errors of what is called count as the path's own. */
function softly<Value>(run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    throw error instanceof SqlError ? new PathError(error) : error;
  }
}

function toDouble(value: PathValue): Numeric {
  const parse = (text: string): number | undefined => {
    try {
      return parseFloat8(text);
    } catch (error) {
      if (error instanceof SqlError) return undefined;
      throw error;
    }
  };
  if (value instanceof Numeric) {
    const double = parse(formatNumeric(value));
    if (double === undefined)
      throw fail(
        sqlstate.nonNumericSqlJsonItem,
        'numeric argument of jsonpath item method .double() is out of range for type double precision',
      );
    return value;
  }
  if (typeof value !== 'string')
    throw fail(sqlstate.nonNumericSqlJsonItem, 'jsonpath item method .double() can only be applied to a string or numeric value');
  const double = parse(value);
  if (double === undefined || !Number.isFinite(double)) {
    throw fail(
      sqlstate.nonNumericSqlJsonItem,
      'string argument of jsonpath item method .double() is not a valid representation of a double precision number',
    );
  }
  return parseNumeric(String(Number(double.toPrecision(15))));
}

function matches(item: PathItem & { kind: 'likeRegex' }, value: PathValue): Truth {
  return typeof value === 'string' ? pathRegex(item.pattern, item.flags).test(value) : undefined;
}
