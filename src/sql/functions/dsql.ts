/** Functions that DSQL has and PostgreSQL's catalog has not, declared with their whole signature. */
import type { PgProc } from '../postgres/pg-proc.ts';

export const dsqlProcs: readonly PgProc[] = [];
