/**
 * Aurora DSQL's own syntax, which PostgreSQL's grammar does not know: recognised by token, blanked out of the text (so that every
 * position stays what it was) and carried beside the tree.
 *
 *     CREATE [UNIQUE] INDEX ASYNC ...
 *     ALTER TABLE ASYNC name VALIDATE CONSTRAINT ...
 *     AWS IAM GRANT role TO 'arn'        AWS IAM REVOKE role FROM 'arn'
 */
import { identifierOf, scanTokens, type Token } from './scanner.ts';

export type SyntaxExtension =
  | { readonly kind: 'createIndexAsync' }
  | { readonly kind: 'alterTableAsync' }
  | { readonly kind: 'iamGrant' | 'iamRevoke'; readonly role: string; readonly arn: string };

/** AWS IAM GRANT and REVOKE: their tree stands for nothing. */
export const isIamExtension = (extension: SyntaxExtension | undefined): boolean =>
  extension?.kind === 'iamGrant' || extension?.kind === 'iamRevoke';

export type RewrittenText = {
  readonly text: string;
  /** With the UTF-16 offset of the statement's first token. */
  readonly extensions: readonly { readonly offset: number; readonly extension: SyntaxExtension }[];
};

export function rewriteExtensions(text: string): RewrittenText {
  if (!/\basync\b|\baws\b/i.test(text)) return { text, extensions: [] };
  const extensions: { offset: number; extension: SyntaxExtension }[] = [];
  let rewritten = text;
  for (const tokens of statementsOf(text)) {
    const word = (index: number): string | undefined => {
      const token = tokens[index];
      return token?.kind === 'word' ? text.slice(token.start, token.end).toLowerCase() : undefined;
    };
    const found = asyncToken(word, tokens, text) ?? undefined;
    if (found !== undefined) {
      rewritten = blank(rewritten, found.token.start, found.token.end, '');
      extensions.push({ offset: tokens[0].start, extension: found.extension });
      continue;
    }
    const iam = iamStatement(word, tokens, text);
    if (iam !== undefined) {
      // A statement without effect takes its place; whoever runs the statement looks at the extension alone.
      rewritten = blank(rewritten, tokens[0].start, tokens[tokens.length - 1].end, 'SELECT');
      extensions.push({ offset: tokens[0].start, extension: iam });
    }
  }
  return { text: rewritten, extensions };
}

function* statementsOf(text: string): Generator<Token[]> {
  let tokens: Token[] = [];
  for (const token of scanTokens(text)) {
    if (token.kind === 'punctuation' && text.charCodeAt(token.start) === 59) {
      if (tokens.length > 0) yield tokens;
      tokens = [];
    } else tokens.push(token);
  }
  if (tokens.length > 0) yield tokens;
}

type WordAt = (index: number) => string | undefined;

function asyncToken(word: WordAt, tokens: readonly Token[], text: string): { token: Token; extension: SyntaxExtension } | undefined {
  if (word(0) === 'create') {
    const at = word(1) === 'unique' ? 2 : 1;
    if (word(at) === 'index' && word(at + 1) === 'async') return { token: tokens[at + 1], extension: { kind: 'createIndexAsync' } };
  }
  // What else may follow ASYNC is not ours: PostgreSQL's grammar refuses it, or it is about a table called async.
  if (word(0) === 'alter' && word(1) === 'table' && word(2) === 'async' && word(afterName(word, tokens, text, 3)) === 'validate')
    return { token: tokens[2], extension: { kind: 'alterTableAsync' } };
  return undefined;
}

/** Behind [IF EXISTS] [ONLY] name [.name ...] [*]. */
function afterName(word: WordAt, tokens: readonly Token[], text: string, from: number): number {
  let at = word(from) === 'if' && word(from + 1) === 'exists' ? from + 2 : from;
  if (word(at) === 'only') at++;
  const isPunctuation = (index: number, sign: string): boolean =>
    tokens[index]?.kind === 'punctuation' && text[tokens[index].start] === sign;
  while (isPunctuation(at + 1, '.')) at += 2;
  return isPunctuation(at + 1, '*') ? at + 2 : at + 1;
}

function iamStatement(word: WordAt, tokens: readonly Token[], text: string): SyntaxExtension | undefined {
  if (word(0) !== 'aws' || word(1) !== 'iam' || tokens.length !== 6) return undefined;
  const isGrant = word(2) === 'grant' && word(4) === 'to';
  const isRevoke = word(2) === 'revoke' && word(4) === 'from';
  const role = tokens[3];
  const arn = tokens[5];
  if ((!isGrant && !isRevoke) || arn.kind !== 'string' || (role.kind !== 'word' && role.kind !== 'quotedIdentifier')) return undefined;
  const written = text.slice(arn.start, arn.end);
  if (!written.startsWith("'") || !written.endsWith("'") || written.length < 2) return undefined;
  return {
    kind: isGrant ? 'iamGrant' : 'iamRevoke',
    role: identifierOf(text, role),
    arn: written.slice(1, -1).replaceAll("''", "'"),
  };
}

/** Puts `instead` and blanks in place of a span. Line ends stay, so that line numbers do. */
function blank(text: string, start: number, end: number, instead: string): string {
  const rest = text.slice(start + instead.length, end).replace(/[^\r\n]/g, ' ');
  return text.slice(0, start) + instead + rest + text.slice(end);
}
