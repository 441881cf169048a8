/**
 * Balanced concatenation: a very long chain of || between texts as a tree as flat as it can be, so that what follows (the planner's
 * rewriting, the compiled loops) goes a dozen levels deep and not thousands.
 *
 * || of texts is associative, for NULL too, and the parts stay in their order, so the value is the same. Shorter chains stay as they are
 * written: GROUP BY and index expressions are found by their shape.
 */
import type { Expression } from '#sql/expression.ts';

type Concatenation = Extract<Expression, { kind: 'function' }>;

/** Links of a chain that the stages behind bear as it is. */
export const longConcatenation = 500;

/** pg_operator: || (text, text), and of a text and anything else. */
const textConcatenation = 654;
const concatenations = new Set([textConcatenation, 2779, 2780]);

export const isTextConcatenation = (expression: Expression): expression is Concatenation =>
  expression.kind === 'function' && expression.form.kind === 'operator' && expression.form.operator === textConcatenation;

const isConcatenation = (expression: Expression): expression is Concatenation =>
  expression.kind === 'function' && expression.form.kind === 'operator' && concatenations.has(expression.form.operator);

/** The expression with the chains that lean to its left balanced. */
export function balancedConcatenation(whole: Expression): Expression {
  if (!isConcatenation(whole)) return whole;
  const links: Concatenation[] = [];
  let first: Expression = whole;
  while (isTextConcatenation(first)) {
    links.push(first);
    first = first.args[0];
  }
  const [head] = links;
  if (head === undefined) {
    // Of a text and another type.
    const [left, ...rest] = whole.args;
    const balanced = balancedConcatenation(left);
    return balanced === left ? whole : { ...whole, args: [balanced, ...rest] };
  }
  const left = balancedConcatenation(first);
  if (links.length > longConcatenation) return united(head, [left, ...links.toReversed().map(({ args }) => args[1])]);
  if (left === first) return whole;
  return links.reduceRight<Expression>((before, link) => ({ ...link, args: [before, link.args[1]] }), left);
}

function united(like: Concatenation, parts: readonly Expression[]): Expression {
  if (parts.length === 1) return parts[0];
  const middle = parts.length >> 1;
  return { ...like, args: [united(like, parts.slice(0, middle)), united(like, parts.slice(middle))] };
}
