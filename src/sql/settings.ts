/**
 * The settings that text forms and functions depend on, as plain data. `query-processor/session/` owns their values
 * (SET, RESET, SET LOCAL) and makes a new object on each change, so that a holder of one sees it unchanged.
 */
export type Settings = {
  /** IANA name or fixed offset as PostgreSQL writes it. */
  readonly timeZone: string;
  readonly dateStyle: { readonly format: 'ISO' | 'Postgres' | 'SQL' | 'German'; readonly order: 'MDY' | 'DMY' | 'YMD' };
  readonly intervalStyle: 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';
  readonly extraFloatDigits: number;
  readonly byteaOutput: 'hex' | 'escape';
  readonly searchPath: readonly string[];
  readonly profile: Profile;
};

/** How close to DSQL's restrictions a session is (design section 9). */
export type Profile = 'open' | 'dsql';

export const defaultSettings: Settings = {
  timeZone: 'UTC',
  dateStyle: { format: 'ISO', order: 'MDY' },
  intervalStyle: 'postgres',
  extraFloatDigits: 1,
  byteaOutput: 'hex',
  searchPath: ['$user', 'public'],
  profile: 'open',
};
