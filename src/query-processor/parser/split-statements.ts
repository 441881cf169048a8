/**
 * Cuts a text at the semicolons between its statements, without the grammar: for those who run a script one statement at a time, whatever is wrong with
 * a later one, and for scripts that come in pieces.
 */
import { scanTokens } from './scanner.ts';

/** `text` is without the semicolon, and begins with the statement's first token; `end` is behind the semicolon. */
export type StatementText = { readonly text: string; readonly start: number; readonly end: number };

export type SplitText = {
  readonly statements: readonly StatementText[];
  /** UTF-16 offset behind the last semicolon that ends a statement: what follows may go on. */
  readonly end: number;
};

/** Statements that are ended by a semicolon. A string or comment without an end runs to the end of the text, and so ends no statement. */
export function splitEnded(text: string): SplitText {
  const statements: StatementText[] = [];
  let start: number | undefined;
  let end = 0;
  let depth = 0;
  let atomic = 0;
  let previous = '';
  for (const token of scanTokens(text)) {
    const word = token.kind === 'word' ? text.slice(token.start, token.end).toLowerCase() : '';
    if (token.kind === 'punctuation') {
      const mark = text[token.start];
      if (mark === '(') depth++;
      else if (mark === ')') depth--;
      else if (mark === ';' && depth <= 0 && atomic === 0) {
        if (start !== undefined) statements.push({ text: text.slice(start, token.start).trimEnd(), start, end: token.end });
        start = undefined;
        end = token.end;
        depth = 0;
        continue;
      }
    }
    // The body of a function in SQL's own form has semicolons inside: BEGIN ATOMIC … END, with CASE … END in it.
    if (word === 'atomic' && previous === 'begin') atomic = 1;
    else if (atomic > 0 && word === 'case') atomic++;
    else if (atomic > 0 && word === 'end') atomic--;
    previous = word;
    start ??= token.start;
  }
  return { statements, end };
}

/** All statements of the text; the last one need not be ended. */
export function splitStatements(text: string): readonly StatementText[] {
  const { statements, end } = splitEnded(text);
  const rest = text.slice(end);
  for (const token of scanTokens(rest)) {
    const start = end + token.start;
    return [...statements, { text: text.slice(start).trimEnd(), start, end: text.length }];
  }
  return statements;
}
