/**
 * Plan cache: plans of simple queries by the shape of their text, so that `... WHERE id = 7` and `... WHERE id = 8` share one.
 *
 *   text ──liftLiterals──> shape ──(templates)──> template: which literals are lifted, which stay
 *                                        └──(literals that stay, as written)──> statement, whose plan has the lifted ones as parameters
 *
 *   C1  An answer, row, name, type, or error with its place, is the one that the text would get without the cache. Where a run with
 *       parameters cannot promise that, the literal stays (liftable-literals.ts), or the text is run as it is written: so when the statement
 *       cannot be analysed or a literal cannot be read. So errors with a place in the text are the usual path's alone: those of a statement
 *       that runs have none.
 *   C2  Plans are checked against catalog and settings by PreparedStatement, as all kept plans are.
 *   C3  Bounded: templates not used between two clean-ups are forgotten, and a template keeps few statements.
 */
import type { A_Const } from '@pgsql/types';
import { cachedShapes, cachedStatementsOfShape } from '#base/limits.ts';
import { isQuery } from '../analyzer/analyze.ts';
import { type LiftedText, liftLiterals, literalText } from '../parser/lift-literals.ts';
import { type ParsedStatement, parse } from '../parser/parse.ts';
import { liftableLiterals } from './liftable-literals.ts';
import type { LiftedLiteral } from './literal-binding.ts';
import { PreparedStatement } from './prepared-statement.ts';
import { isCacheable } from './text-cache.ts';

/** The statement that stands for a text (its lifted literals are parameters), and the text's own literals. */
export type ShapedText = {
  readonly text: string;
  readonly bounds: readonly number[];
  readonly template: Template;
  readonly statement: PreparedStatement;
};

/** What is known of a shape. */
export class Template {
  /** Tokens that stay as they are written, ascending; undefined: texts of this shape are run as they are written. */
  staying: readonly number[] | undefined;
  readonly statements = new Map<string, PreparedStatement>();

  constructor(staying: readonly number[] | undefined) {
    this.staying = staying;
  }

  refuse(): void {
    this.staying = undefined;
    this.statements.clear();
  }

  keepWritten(tokens: readonly number[]): void {
    if (this.staying === undefined) return;
    this.staying = [...new Set([...this.staying, ...tokens])].sort((a, b) => a - b);
    this.statements.clear();
  }
}

/** Only these statements are shapes; utility statements (SET, COPY, EXPLAIN, DDL) are never touched. */
const queryStart = /^\s*(?:select|insert|update|delete|with)\b/i;

export class PlanCache {
  /** False: every text is run as it is written. For tests that compare the two ways. */
  isOn = true;
  /** Templates used since the last clean-up, and those used before. */
  #young = new Map<string, Template>();
  #old = new Map<string, Template>();

  /** undefined: the text is to be run as it is written. Throws the grammar's error. Hot. */
  find(text: string): ShapedText | undefined {
    if (!startsLikeQuery(text) || !this.isOn) return undefined;
    const lifted = liftLiterals(text);
    if (lifted === undefined) return undefined;
    const template = this.#young.get(lifted.shape) ?? this.#rejuvenated(lifted.shape);
    if (template === undefined) return this.#learn(text, lifted);
    return template.staying === undefined ? undefined : shapedText(template, template.staying, text, lifted.bounds, undefined);
  }

  #rejuvenated(shape: string): Template | undefined {
    const template = this.#old.get(shape);
    if (template !== undefined) this.#add(shape, template);
    return template;
  }

  #add(shape: string, template: Template): void {
    if (this.#young.size >= cachedShapes) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(shape, template);
  }

  #learn(text: string, { shape, bounds }: LiftedText): ShapedText | undefined {
    if (!queryStart.test(text) || !isCacheable(shape)) return undefined;
    const [parsed, ...more] = parse(text);
    const literals = parsed === undefined || more.length > 0 || !isQuery(parsed.node) ? [] : literalsOf(parsed, text, bounds);
    const lifted = new Set(literals.map(({ token }) => token));
    const staying = Array.from({ length: bounds.length / 2 }, (_, token) => token).filter((token) => !lifted.has(token));
    const template = new Template(literals.length === 0 ? undefined : staying);
    this.#add(shape, template);
    return literals.length === 0 ? undefined : shapedText(template, staying, text, bounds, parsed);
  }

  /** Templates known. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}

/** s, i, u, d, w or a blank: the rest is not worth a scan. */
function startsLikeQuery(text: string): boolean {
  const code = text.charCodeAt(0) | 32;
  return code === 115 || code === 105 || code === 117 || code === 100 || code === 119 || code === 32 || code === 42;
}

/** Hot: a look-up, where the statement is known. */
function shapedText(
  template: Template,
  staying: readonly number[],
  text: string,
  bounds: readonly number[],
  parsed: ParsedStatement | undefined,
): ShapedText | undefined {
  let key = '';
  for (const token of staying) key += `${text.slice(bounds[2 * token], bounds[2 * token + 1])}\x01`;
  let statement = template.statements.get(key);
  if (statement === undefined) {
    if (!isCacheable(key)) return undefined;
    statement = shapedStatementOf(parsed ?? parse(text)[0], staying, text, bounds);
    if (statement === undefined) {
      template.refuse();
      return undefined;
    }
    if (template.statements.size >= cachedStatementsOfShape) template.statements.clear();
    template.statements.set(key, statement);
  }
  return { text, bounds, template, statement };
}

/** undefined when a literal that other texts of the shape have lifted cannot be lifted here. */
function shapedStatementOf(
  parsed: ParsedStatement,
  staying: readonly number[],
  text: string,
  bounds: readonly number[],
): PreparedStatement | undefined {
  const literals = literalsOf(parsed, text, bounds).filter(({ token }) => !staying.includes(token));
  if (literals.length === 0 || literals.length + staying.length !== bounds.length / 2) return undefined;
  return new PreparedStatement(text, parsed, [], literals);
}

/** Constants of the tree that may be lifted, each with its token: only those whose value is what the token says. */
function literalsOf({ node, extension }: ParsedStatement, text: string, bounds: readonly number[]): LiftedLiteral[] {
  if (extension !== undefined) return [];
  const isAscii = Buffer.byteLength(text) === text.length;
  const tokenAt = new Map<number, number>();
  for (let token = 0; 2 * token < bounds.length; token++) {
    const start = bounds[2 * token];
    tokenAt.set(isAscii ? start : Buffer.byteLength(text.slice(0, start)), token);
  }
  const starts = [...tokenAt.keys()];
  const literals: LiftedLiteral[] = [];
  const seen = new Set<number>();
  for (const liftable of liftableLiterals(node)) {
    const { location = -1 } = liftable.constant;
    const isSigned = !tokenAt.has(location);
    const start = isSigned ? starts.find((candidate) => candidate > location) : location;
    const token = start === undefined ? undefined : tokenAt.get(start);
    if (token === undefined || location < 0 || seen.has(token)) continue;
    const [from, to] = [bounds[2 * token], bounds[2 * token + 1]];
    const kind = text.charCodeAt(from) === 39 ? 'string' : 'number';
    if (valueOfConstant(liftable.constant) !== (isSigned ? '-' : '') + canonical(literalText(text, from, to), kind)) continue;
    seen.add(token);
    literals.push({ ...liftable, token, isNegated: isSigned, kind });
  }
  return literals.sort((a, b) => a.token - b.token);
}

/** As text. The grammar hands small integers over as numbers, all others as they are written. */
function valueOfConstant(constant: A_Const): string {
  if (constant.sval !== undefined) return constant.sval.sval ?? '';
  if (constant.ival !== undefined) return String(constant.ival.ival ?? 0);
  return constant.fval?.fval ?? '';
}

const canonical = (written: string, kind: 'string' | 'number'): string =>
  kind === 'number' && /^\d{1,10}$/.test(written) && Number(written) <= 2_147_483_647 ? String(Number(written)) : written;
