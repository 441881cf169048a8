/** Figures of statements that differ in their literals alone, for sys.statements. */
import { normalizedText, queryIdentifier } from './query-identifier.ts';

export type StatementFigures = {
  readonly queryId: string;
  readonly text: string;
  /** False once the figures have made room for others: then they count for nobody. */
  isKept: boolean;
  calls: number;
  rows: number;
  errors: number;
  conflicts: number;
  totalMs: number;
  maximumMs: number;
  computeMs: number;
  readBytes: number;
};

/** pg_stat_statements' default. */
const keptStatements = 5000;

export class StatementStatistics {
  readonly #figures = new Map<string, StatementFigures>();

  of(text: string): StatementFigures {
    const normalized = normalizedText(text);
    const queryId = queryIdentifier(normalized);
    let figures = this.#figures.get(queryId);
    if (figures === undefined) {
      if (this.#figures.size >= keptStatements) this.#makeRoom();
      figures = {
        queryId,
        text: normalized,
        isKept: true,
        calls: 0,
        rows: 0,
        errors: 0,
        conflicts: 0,
        totalMs: 0,
        maximumMs: 0,
        computeMs: 0,
        readBytes: 0,
      };
      this.#figures.set(queryId, figures);
    }
    return figures;
  }

  get all(): Iterable<StatementFigures> {
    return this.#figures.values();
  }

  clear(): void {
    for (const figures of this.#figures.values()) figures.isKept = false;
    this.#figures.clear();
  }

  /** The half that was called least goes. */
  #makeRoom(): void {
    const byCalls = [...this.#figures.values()].sort((a, b) => a.calls - b.calls);
    for (const figures of byCalls.slice(0, keptStatements / 2)) {
      figures.isKept = false;
      this.#figures.delete(figures.queryId);
    }
  }
}
