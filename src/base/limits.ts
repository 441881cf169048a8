/**
 * Every bound, with its reason. "DSQL" means the number is Aurora DSQL's documented or observed one and is met exactly in profile
 * `dsql`; the others are ours, chosen so that one statement or session cannot take the process down.
 */

export type TransactionLimits = {
  /** Rows that one transaction may change; the statement that crosses it fails. */
  readonly rows: number;
  /** Keys and values of the write set, index entries included, in bytes; checked at COMMIT. */
  readonly bytes: number;
  /** Microseconds from BEGIN; checked at COMMIT. */
  readonly ageMicroseconds: number;
};

/** DSQL: quotas page, "Database quotas". */
export const dsqlTransactionLimits: TransactionLimits = { rows: 3_000, bytes: 10 * 1024 * 1024, ageMicroseconds: 300_000_000 };

/**
 * Ours. The write set is held in memory, sent as one request and journalled as one record: 256 MiB is what a small machine takes
 * without trouble, and some two million small rows. The age stays DSQL's, because conflict window and storage horizon are cut to it.
 */
export const openTransactionLimits: TransactionLimits = { rows: 2_000_000, bytes: 256 * 1024 * 1024, ageMicroseconds: 300_000_000 };

/** Memory that the operators of one statement may hold. DSQL: 128 MiB a transaction. */
export const statementMemoryBytes = 128 * 1024 * 1024;

/** A statement computes for so long before other sessions get a turn. Short enough for heartbeats, long enough that pauses cost nothing. */
export const timeSliceMs = 5;

/** DSQL: 255 columns a table. */
export const maximumColumns = 255;
/** PostgreSQL's MaxHeapAttributeNumber (and DSQL's lifetime bound, dropped columns included). */
export const maximumLifetimeColumns = 1600;
/** DSQL: 8 key columns an index. */
export const maximumKeyColumns = 8;
/** DSQL: the declared widths of a key's columns, together (dsql-behaviour 5.2). What is stored is bounded by bytes as well. */
export const declaredKeyBytesDsql = 2_000;
/** DSQL: 24 indexes a table, those of PRIMARY KEY and UNIQUE among them. */
export const maximumIndexes = 24;
/** DSQL: 10 schemas beside public and sys. */
export const maximumSchemasDsql = 10;
/** DSQL: 5 000 views, each of at most 2 MiB. */
export const maximumViewsDsql = 5_000;
export const maximumViewBytesDsql = 2 * 1024 * 1024;
/** DSQL: 1 000 tables. */
export const maximumTablesDsql = 1_000;
/** Ours: the whole catalog is loaded by every node on each schema change, which stays below a tenth of a second up to here. */
export const maximumTablesOpen = 10_000;

/** PostgreSQL's NAMEDATALEN - 1: longer names are cut, with a notice. */
export const maximumNameBytes = 63;

/** Plans of simple queries kept by exact text, a session: twice as many between two clean-ups. Ours: some 10 KiB each. */
export const cachedTexts = 32;
/** Shapes of simple queries (texts that differ in literals alone) known to a session: twice as many between two clean-ups. Ours. */
export const cachedShapes = 128;
/** Plans kept of one shape, which differ in literals that cannot be parameters. */
export const cachedStatementsOfShape = 8;
/** Older catalogs kept for transactions that began before a schema change. Ours: their number is bounded by changes within a transaction's age. */
export const keptCatalogs = 4;

/** Rows that a cursor without SCROLL or NO SCROLL keeps for the way back. Ours. */
export const cursorBytes = 16 * 1024 * 1024;

/** Rows that a statement reads at once where it goes over a whole table: between two such slices others have their turn. */
export const indexBuildRows = 2_000;
/**
 * Rows that a job goes over in one transaction. Few, because nobody else runs meanwhile: 300 take some milliseconds, which keeps the p99 of writers
 * under three times the undisturbed one (test/durability/index-build.test.ts).
 */
export const jobSliceRows = 300;
/** DSQL: rows of finished jobs are deleted 30 minutes after their end, when the next job starts. */
export const jobRetentionMicroseconds = 30 * 60 * 1_000_000;
/** PostgreSQL and DSQL: bind parameters are counted with 16 bits. */
export const maximumParameters = 65_535;
/** Prepared statements and portals a session may hold. Ours: a client that leaks them gets an error before the process does. */
export const maximumPreparedStatements = 10_000;
export const maximumPortals = 1_000;
