/** How far an import has come, and what it has refused: kept while it runs, and what the page shows. */
import type { RefusedPart } from './import-shapes.ts';
import type { ErrorReport } from './result-lines.ts';

/** How many are kept. So many refusals say that the file does not fit its table: the import ends there. */
export const refusedMaximum = 1_000;
const shownCharacters = 200;

export class ImportReport {
  /** Changed or inserted. */
  rows = 0;
  statements = 0;
  /** Not run, because their transaction had failed. */
  skippedStatements = 0;
  transactions = 0;
  readonly refused: RefusedPart<ErrorReport>[] = [];

  /** False once there are too many. */
  refuse(line: number, text: string, error: ErrorReport): boolean {
    const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
    this.refused.push({ line, text: shown, error });
    return this.refused.length < refusedMaximum;
  }
}

/** Ends an import. */
export class ImportFailure extends Error {
  override readonly name = 'ImportFailure';
  readonly report: ErrorReport;

  constructor(report: ErrorReport) {
    super(report.message);
    this.report = report;
  }
}

export const tooManyRefused = (): ImportFailure =>
  new ImportFailure({ sqlstate: '54000', message: `the import has been ended: ${refusedMaximum} parts of the file were refused` });
