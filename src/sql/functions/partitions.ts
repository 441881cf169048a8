/** What clients ask of partitioned tables, of which there are none: psql's \d asks it of every table. */
import { type Implementations, setReturning } from '../function.ts';

export const partitionFunctions: Implementations = {
  'pg_partition_ancestors(regclass)': setReturning(() => []),
};
