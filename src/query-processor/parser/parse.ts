/**
 * Parse: a text becomes statements, each with PostgreSQL's own tree (the types of @pgsql/types) and DSQL's additions beside it.
 *
 * The tree counts positions in UTF-8 bytes from the start of the whole text; clients count characters from 1. `positionOf` converts.
 * `loadParser()` must have resolved once; from then on everything is synchronous.
 */
import type { Node } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { rewriteExtensions, type SyntaxExtension } from './extension-syntax.ts';
import { type GrammarError, loadGrammar, runGrammar, stackDepthExceeded, untilGrammar } from './grammar.ts';
import { estimatedDepth, unsuspiciousLength } from './nesting.ts';

export type ParsedStatement = {
  /** The statement, as a node with one key: `{ SelectStmt: ... }`. A placeholder when `extension` is an IAM statement. */
  readonly node: Node;
  /** Its own part of the text, as the client wrote it, without blanks around it and without the semicolon. */
  readonly text: string;
  /** UTF-16 offset of `text` in the whole text. */
  readonly start: number;
  readonly extension: SyntaxExtension | undefined;
  /** 1-based character in the whole text of a location in the tree; undefined for "unknown" (-1). */
  readonly positionOf: PositionOf;
};

export type PositionOf = (byteOffset: number | undefined) => number | undefined;

/** Deeper than any statement that people write, and well within the stack. */
const depthMax = 2500;

export const loadParser = (): Promise<void> => loadGrammar();

/** To be waited for before `parse`, unless undefined: the parser is being replaced after statements that have used it up. */
export const untilParser = untilGrammar;

type Tree = { readonly stmts?: readonly { readonly stmt: Node; readonly stmt_location?: number; readonly stmt_len?: number }[] };

/** Throws SqlError with PostgreSQL's message and position. Texts without a statement give []. */
export function parse(text: string): readonly ParsedStatement[] {
  if (text.includes('\0')) throw new SqlError(sqlstate.characterNotInRepertoire, 'invalid byte sequence for encoding "UTF8": 0x00');
  if (text === '') return []; // The grammar's library takes it for a missing text.
  const rewritten = rewriteExtensions(text);
  if (text.length > unsuspiciousLength && estimatedDepth(rewritten.text) > depthMax) throw stackDepthExceeded();
  const answer = runGrammar(rewritten.text);
  if ('error' in answer) throw syntaxError(answer.error, text);
  const tree: Tree = JSON.parse(answer.tree);
  const offsets = new ByteOffsets(text);
  const positionOf: PositionOf = (byteOffset) =>
    byteOffset === undefined || byteOffset < 0 ? undefined : offsets.characterAt(byteOffset) + 1;
  return (tree.stmts ?? []).map(({ stmt, stmt_location, stmt_len }) => {
    const from = offsets.indexAt(stmt_location ?? 0);
    const to = stmt_len === undefined || stmt_len === 0 ? text.length : offsets.indexAt((stmt_location ?? 0) + stmt_len);
    const start = skipBlanks(text, from, to);
    const extension = rewritten.extensions.find(({ offset }) => offset >= from && offset < to)?.extension;
    return { node: stmt, text: text.slice(start, to).trimEnd(), start, extension, positionOf };
  });
}

/** Leading blanks and comments are the grammar's, not the statement's. */
function skipBlanks(text: string, from: number, to: number): number {
  const blanks = /(?:\s+|--[^\r\n]*)*/y;
  blanks.lastIndex = from;
  const found = blanks.exec(text);
  return Math.min(to, from + (found?.[0].length ?? 0));
}

/** From UTF-8 byte offsets to indexes of the JavaScript string and to characters (code points). The three agree in ASCII text. */
class ByteOffsets {
  readonly #text: string;
  #isAscii: boolean | undefined;
  #bytes: Buffer | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  indexAt(byteOffset: number): number {
    if (this.#ascii()) return byteOffset;
    return this.#before(byteOffset).length;
  }

  characterAt(byteOffset: number): number {
    if (this.#ascii()) return byteOffset;
    let count = 0;
    for (const _ of this.#before(byteOffset)) count++;
    return count;
  }

  #ascii(): boolean {
    this.#isAscii ??= Buffer.byteLength(this.#text) === this.#text.length;
    return this.#isAscii;
  }

  #before(byteOffset: number): string {
    this.#bytes ??= Buffer.from(this.#text);
    return this.#bytes.toString('utf8', 0, byteOffset);
  }
}

/** SQLSTATEs of what the grammar raises with a code other than syntax_error. */
const otherCodes: readonly (readonly [RegExp, string])[] = [
  [/^LIMIT #,# syntax/, sqlstate.syntaxError],
  [/^invalid byte sequence for encoding/, sqlstate.characterNotInRepertoire],
  [/^unsafe use of \\' in a string literal/, '22P06'],
  [/^frame (start|end)(ing)? (cannot|from)/, sqlstate.windowingError],
  [/^precision for type float must be/, sqlstate.invalidParameterValue],
  [/is not yet implemented|not yet implemented$|cannot be marked|^aggregates cannot have output/, sqlstate.featureNotSupported],
  [
    /^current database cannot be changed|is not supported$|not implemented$|only supported for ON DELETE actions$/,
    sqlstate.featureNotSupported,
  ],
  [/^stack depth limit exceeded/, sqlstate.statementTooComplex],
  [/^out of memory/, sqlstate.outOfMemory],
];

function syntaxError(error: GrammarError, text: string): SqlError {
  // The grammar's own stack is bounded too.
  if (error.message.startsWith('memory exhausted')) return stackDepthExceeded();
  if (error.message === 'invalid Unicode escape') return unicodeEscapeError(error);
  const code = otherCodes.find(([pattern]) => pattern.test(error.message))?.[1] ?? sqlstate.syntaxError;
  const hint = error.message.startsWith('LIMIT #,#') ? 'Use separate LIMIT and OFFSET clauses.' : undefined;
  return new SqlError(code, wholeNumber(error, text), { hint, position: error.position > 0 ? error.position : undefined });
}

/** In E'...' it is its own condition, in U&'...' a syntax error. */
function unicodeEscapeError(error: GrammarError): SqlError {
  const isExtended = error.file === 'scan.l';
  return new SqlError(isExtended ? sqlstate.invalidEscapeSequence : sqlstate.syntaxError, error.message, {
    position: error.position,
    hint: isExtended ? 'Unicode escapes must be \\uXXXX or \\UXXXXXXXX.' : 'Unicode escapes must be \\XXXX or \\+XXXXXX.',
  });
}

/** Later minor releases of PostgreSQL quote the whole malformed number, where this grammar stops at its first wrong character. */
function wholeNumber(error: GrammarError, text: string): string {
  if (!error.message.startsWith('trailing junk after numeric literal')) return error.message;
  const from = [...text].slice(error.position - 1).join('');
  const written = /^[\w$.\u0080-\uffff]*/.exec(from)?.[0] ?? '';
  return `trailing junk after numeric literal at or near "${written}"`;
}
