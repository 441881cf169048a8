/**
 * Lint: which statements of a SQL script Aurora DSQL would refuse, and why, without running any. The door through which the command
 * line reaches the dialect's rules.
 *
 * A script is what psql reads: statements, with its own commands (\connect) and the data of COPY FROM STDIN between them, both of
 * which are left out.
 */
import { SqlError } from '#base/sql-error.ts';
import { newestDsqlProfile, type Violation, violationsOf } from './dialect/check-statement.ts';
import { mixingOf, type TransactionMixing } from './dialect/statement-mixing.ts';
import { loadParser, type ParsedStatement, parse } from './parser/parse.ts';
import { scanTokens } from './parser/scanner.ts';

export type LintFinding = {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly hint: string | undefined;
};

export { loadParser, newestDsqlProfile };

/** Needs the parser loaded. */
export function lintScript(script: string): readonly LintFinding[] {
  const text = withoutClientParts(script);
  const findings: LintFinding[] = [];
  const mixing: TransactionMixing = { isInBlock: false, schemaChanges: 0, rowChanges: 0 };
  for (const { start, source } of pieces(text)) {
    const piece = { text, start };
    let statements: readonly ParsedStatement[];
    try {
      statements = parse(source);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const at = start + indexOfCharacter(source, (error.fields.position ?? 1) - 1);
      findings.push({ ...placeOf(text, at), rule: 'syntax', sqlstate: error.sqlstate, message: error.message, hint: error.fields.hint });
      continue;
    }
    for (const statement of statements) {
      for (const violation of violationsOf(statement)) findings.push(findingOf(violation, statement, piece));
      const refused = mixingOf(statement.node, mixing);
      if (refused !== undefined) findings.push({ ...placeOf(text, start + statement.start), ...refused });
    }
  }
  return findings;
}

function findingOf(
  { rule, finding, sqlstate, message }: Violation,
  statement: ParsedStatement,
  piece: { text: string; start: number },
): LintFinding {
  const character = statement.positionOf(finding.location);
  // Positions count characters of the piece; those of the whole script are wanted in UTF-16 units.
  const offset = character === undefined ? statement.start : indexOfCharacter(piece.text.slice(piece.start), character - 1);
  return { ...placeOf(piece.text, piece.start + offset), rule: rule.name, sqlstate, message, hint: rule.hint };
}

function indexOfCharacter(text: string, count: number): number {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left--) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

function placeOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1 };
}

type Piece = { readonly start: number; readonly source: string };

/** The whole text when it parses, else its parts between semicolons, so that one mistake hides no other. */
function pieces(text: string): readonly Piece[] {
  try {
    parse(text);
    return [{ start: 0, source: text }];
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
  }
  const found: Piece[] = [];
  let start: number | undefined;
  let end = 0;
  for (const token of scanTokens(text)) {
    if (token.kind === 'punctuation' && text[token.start] === ';') {
      if (start !== undefined) found.push({ start, source: text.slice(start, end) });
      start = undefined;
      continue;
    }
    start ??= token.start;
    end = token.end;
  }
  if (start !== undefined) found.push({ start, source: text.slice(start, end) });
  return found;
}

/** Blanks out psql's commands and COPY's data; everything else keeps its place. */
function withoutClientParts(script: string): string {
  const lines = script.split('\n');
  let isData = false;
  return lines
    .map((line) => {
      if (isData) {
        isData = line.trimEnd() !== '\\.';
        return ' '.repeat(line.length);
      }
      if (/^\s*\\/.test(line)) return ' '.repeat(line.length);
      isData = /^\s*copy\b.*\bfrom\s+stdin\b.*;\s*$/i.test(line);
      return line;
    })
    .join('\n');
}
