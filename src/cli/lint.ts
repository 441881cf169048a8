/**
 * `borealis lint FILE.sql ...`: which statements would fail on Aurora DSQL, and why; `-` is standard input. The exit code is 1 when
 * there is any.
 */
import { readFileSync } from 'node:fs';
import { type LintFinding, lintScript, loadParser, newestDsqlProfile } from '#query-processor/lint.ts';
import { CommandError } from './data-directory.ts';

export async function lint(files: readonly string[], asJson: boolean): Promise<void> {
  const scripts = files.map((file) => ({ file, script: readScript(file) }));
  await loadParser();
  const reports = scripts.map(({ file, script }) => ({ file, findings: lintScript(script) }));
  const count = reports.reduce((sum, { findings }) => sum + findings.length, 0);
  process.stdout.write(asJson ? json(reports) : text(reports, count));
  if (count > 0) process.exitCode = 1;
}

type Report = { readonly file: string; readonly findings: readonly LintFinding[] };

function readScript(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function json(reports: readonly Report[]): string {
  const findings = reports.flatMap(({ file, findings: own }) => own.map((finding) => ({ file, ...finding })));
  return `${JSON.stringify({ profile: newestDsqlProfile, findings }, null, 2)}\n`;
}

function text(reports: readonly Report[], count: number): string {
  const lines: string[] = [];
  for (const { file, findings } of reports)
    for (const { line, column, sqlstate, message, hint, rule } of findings) {
      lines.push(`${file}:${line}:${column}: ${sqlstate} ${message} [${rule}]`);
      if (hint !== undefined) lines.push(`    hint: ${hint}`);
    }
  lines.push(
    count === 0 ? `Nothing that Aurora DSQL refuses (${newestDsqlProfile}).` : `${count} refused by Aurora DSQL (${newestDsqlProfile}).`,
  );
  return `${lines.join('\n')}\n`;
}
