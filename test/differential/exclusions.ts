/** What the random comparison leaves out, each with its reason. */

type Exclusion = { readonly names: RegExp; readonly reason: string };

/** Functions that are not called at all. */
export const excludedFunctions: readonly Exclusion[] = [
  {
    names:
      /^(now|transaction_timestamp|statement_timestamp|clock_timestamp|timeofday|current_.*|pg_postmaster_start_time|pg_conf_load_time)$/,
    reason: 'the time of day',
  },
  { names: /^(random|random_normal|gen_random_uuid|setseed|array_shuffle|array_sample)$/, reason: 'chance' },
  { names: /^(age)$/, reason: 'the form of one argument starts from today; the other stands in test/sql' },
  {
    names:
      /^(pg_(?!size|typeof|input|encoding|char_to|column_size|client_enc).*|_pg_.*|has_.*_privilege|.*_visible|obj_description|shobj_description|col_description|row_security_active|to_reg(?!type).*|regclass|format_type|txid_.*|version|getdatabaseencoding|getpgusername|session_user|system_user|inet_(client|server)_.*|set_config|nextval|currval|lastval|setval|oidvectortypes|query_to_.*|table_to_.*|schema_to_.*|database_to_.*|cursor_to_.*)$/,
    reason: 'asks the catalog, the server or the session',
  },
  { names: /^(pg_sleep.*|pg_cancel_backend|pg_terminate_backend|pg_.*advisory.*|pg_notify|pg_reload_conf)$/, reason: 'acts' },
  { names: /^pg_column_size$/, reason: "the size of a datum on disk is each engine's own" },
  { names: /^(similar_escape)$/, reason: 'kept by PostgreSQL for old dumps only' },
  { names: /^(current_query|pg_current_.*|acl.*|makeaclitem)$/, reason: "the session's own" },
];

export const isExcluded = (name: string): boolean => excludedFunctions.some(({ names }) => names.test(name));

/** Statements with these in them are not asked. */
export const excludedTexts: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  {
    pattern: /\b(age|bpchar|generate_series)"?\(.*(infinity|29427|4714|\\\\377|::"char"|'00:00:00.000001'|2147483647)/i,
    reason: 'age() of infinity is whatever the arithmetic gives; an endless series ends late; half a character is no text',
  },
  {
    pattern: /(timezone"?\(|AT TIME ZONE).*(day|week|month|year|-2|P1Y)/i,
    reason: 'which style an interval has in the message is decided when the constant is folded',
  },
  { pattern: /timezone"?\('[^']*'(?!::)/, reason: "what is no zone's name may still be read as POSIX has zones, which is not here" },
  { pattern: /"(timestamp|time)(tz)?"\(.*(hash|cmp)/, reason: 'a modifier that is no constant in the text' },
  {
    pattern: /(convert(_from|_to)?|length)\(.*('abc'|'a%b_c'|pg_encoding_to_char)/i,
    reason: 'of the encodings other than UTF8, LATIN1 and SQL_ASCII the names alone are known',
  },
  {
    pattern: /(record_\w+|btrecordcmp)"?\(ROW/,
    reason: 'a row of constants is no constant here, so that a NULL beside it may decide first',
  },
  {
    pattern: /record_(eq|ne).*::json\b|ROW.*::json\b.* (=|<>) /,
    reason: 'for a type without an order the message speaks of comparison, not of equality',
  },
  { pattern: /"bpchar"\("char"\(/, reason: 'half a character is no text' },
  { pattern: /substring"?\(c0, c1, c2\).*'##'/, reason: 'a function in SQL there, whose constant part fails before any row is looked at' },
  { pattern: /jsonb_cmp\(/, reason: 'how far apart two strings are is what the C library says of their bytes' },
  { pattern: /array_fill\(.*[0-9]{6}/, reason: 'millions of items' },
  { pattern: /"timestamptz"\('5874897/, reason: 'a function in SQL there, whose sum of constants fails before anything else is looked at' },
  { pattern: /date_trunc.*(century|millennium)/, reason: 'what zones called themselves before they agreed on a standard time is LMT here' },
  { pattern: /@@ '/, reason: 'two bare literals are a text search, which is not there' },
  { pattern: /(bpchar|varchar)"?\(.*2147483647/, reason: 'a gigabyte of blanks' },
  { pattern: /\*(<|<=|=|<>|>|>=) |record_image|imagecmp/, reason: "compares the bytes of PostgreSQL's own memory" },
  { pattern: /(get|set)_bit\(E?'/, reason: 'a bare literal is taken for a bit string, a type that is not there' },
  { pattern: /hashfloat[48].*\(float|hashfloat.*\(.*\(/, reason: "the sign of a NaN that was computed is the processor's" },
];

/** Functions of floating-point numbers whose last digits are the C library's, not PostgreSQL's. */
export const transcendental: ReadonlySet<string> = new Set([
  ...['sin', 'cos', 'tan', 'cot', 'asin', 'acos', 'atan', 'atan2', 'sind', 'cosd', 'tand', 'cotd', 'asind', 'acosd', 'atand', 'atan2d'],
  ...[
    'sinh',
    'cosh',
    'tanh',
    'asinh',
    'acosh',
    'atanh',
    'exp',
    'dexp',
    'ln',
    'dlog1',
    'log',
    'log10',
    'dlog10',
    'power',
    'pow',
    'dpow',
    '^',
    'cbrt',
    'dcbrt',
    '||/',
    'erf',
    'erfc',
    'degrees',
    'radians',
  ],
  ...[
    'corr',
    'covar_pop',
    'covar_samp',
    'regr_r2',
    'regr_slope',
    'regr_intercept',
    'stddev',
    'stddev_pop',
    'stddev_samp',
    'variance',
    'var_pop',
    'var_samp',
  ],
]);
