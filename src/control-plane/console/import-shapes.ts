/** What the page and the node say to each other of an import. Types alone, and no imports: the page's program is compiled with them too. */

export type ImportRequest =
  | {
      readonly kind: 'csv';
      readonly schema: string;
      readonly table: string;
      /** The table's columns that the file's fields go to, in order; none: all of them. */
      readonly columns: readonly string[];
      readonly hasHeader: boolean;
      readonly delimiter: string;
      readonly quote: string;
      readonly nullText: string;
    }
  | { readonly kind: 'sql'; readonly stopsAtError: boolean };

/** A row of a CSV file, or a statement of a SQL file. */
export type RefusedPart<Report> = { readonly line: number; readonly text: string; readonly error: Report };

export type ImportProgress<Report> = {
  readonly state: 'running' | 'finished' | 'failed';
  readonly position: number;
  readonly rows: number;
  readonly statements: number;
  readonly skippedStatements: number;
  readonly transactions: number;
  readonly refusedCount: number;
  /** From the one asked for on. */
  readonly refused: readonly RefusedPart<Report>[];
  readonly failure?: Report | undefined;
};
