/** PostgreSQL's condition names (appendix A of its manual), so that a search for the manual's word finds the code. */
export const sqlstate = {
  successfulCompletion: '00000',
  warning: '01000',
  noData: '02000',
  connectionException: '08000',
  connectionDoesNotExist: '08003',
  connectionFailure: '08006',
  transactionResolutionUnknown: '08007',
  protocolViolation: '08P01',
  featureNotSupported: '0A000',
  invalidTransactionInitiation: '0B000',
  cardinalityViolation: '21000',
  dataException: '22000',
  arraySubscriptError: '2202E',
  characterNotInRepertoire: '22021',
  datetimeFieldOverflow: '22008',
  divisionByZero: '22012',
  escapeCharacterConflict: '2200B',
  indicatorOverflow: '22022',
  intervalFieldOverflow: '22015',
  invalidArgumentForLogarithm: '2201E',
  invalidArgumentForNtile: '22014',
  invalidArgumentForNthValue: '22016',
  invalidArgumentForPowerFunction: '2201F',
  invalidArgumentForWidthBucket: '2201G',
  invalidDatetimeFormat: '22007',
  invalidEscapeCharacter: '22019',
  invalidEscapeSequence: '22025',
  invalidParameterValue: '22023',
  invalidPrecedingOrFollowingSize: '22013',
  invalidRegularExpression: '2201B',
  invalidRowCountInLimitClause: '2201W',
  invalidRowCountInResultOffsetClause: '2201X',
  invalidTimeZoneDisplacementValue: '22009',
  invalidUseOfEscapeCharacter: '2200C',
  nullValueNotAllowed: '22004',
  numericValueOutOfRange: '22003',
  sequenceGeneratorLimitExceeded: '2200H',
  stringDataRightTruncation: '22001',
  substringError: '22011',
  floatingPointException: '22P01',
  invalidTablesampleArgument: '2202H',
  invalidTablesampleRepeat: '2202G',
  invalidTextRepresentation: '22P02',
  invalidBinaryRepresentation: '22P03',
  badCopyFileFormat: '22P04',
  untranslatableCharacter: '22P05',
  duplicateJsonObjectKeyValue: '22030',
  invalidArgumentForSqlJsonDatetimeFunction: '22031',
  invalidJsonText: '22032',
  invalidSqlJsonSubscript: '22033',
  moreThanOneSqlJsonItem: '22034',
  noSqlJsonItem: '22035',
  nonNumericSqlJsonItem: '22036',
  nonUniqueKeysInAJsonObject: '22037',
  singletonSqlJsonItemRequired: '22038',
  sqlJsonArrayNotFound: '22039',
  sqlJsonMemberNotFound: '2203A',
  sqlJsonNumberNotFound: '2203B',
  sqlJsonObjectNotFound: '2203C',
  sqlJsonItemCannotBeCastToTargetType: '2203G',
  integrityConstraintViolation: '23000',
  restrictViolation: '23001',
  notNullViolation: '23502',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  checkViolation: '23514',
  invalidCursorState: '24000',
  invalidTransactionState: '25000',
  activeSqlTransaction: '25001',
  noActiveSqlTransaction: '25P01',
  inFailedSqlTransaction: '25P02',
  readOnlySqlTransaction: '25006',
  invalidSqlStatementName: '26000',
  dependentObjectsStillExist: '2BP01',
  invalidAuthorizationSpecification: '28000',
  invalidPassword: '28P01',
  invalidCursorName: '34000',
  invalidCatalogName: '3D000',
  invalidSchemaName: '3F000',
  invalidSavepointSpecification: '3B001',
  serializationFailure: '40001',
  snapshotTooOld: '72000',
  statementCompletionUnknown: '40003',
  deadlockDetected: '40P01',
  syntaxErrorOrAccessRuleViolation: '42000',
  syntaxError: '42601',
  insufficientPrivilege: '42501',
  cannotCoerce: '42846',
  groupingError: '42803',
  windowingError: '42P20',
  invalidRecursion: '42P19',
  invalidForeignKey: '42830',
  invalidName: '42602',
  nameTooLong: '42622',
  reservedName: '42939',
  datatypeMismatch: '42804',
  indeterminateDatatype: '42P18',
  collationMismatch: '42P21',
  indeterminateCollation: '42P22',
  wrongObjectType: '42809',
  generatedAlways: '428C9',
  undefinedColumn: '42703',
  undefinedFunction: '42883',
  undefinedTable: '42P01',
  undefinedParameter: '42P02',
  undefinedObject: '42704',
  duplicateColumn: '42701',
  duplicateCursor: '42P03',
  duplicateDatabase: '42P04',
  duplicateFunction: '42723',
  duplicatePreparedStatement: '42P05',
  duplicateSchema: '42P06',
  duplicateTable: '42P07',
  duplicateAlias: '42712',
  duplicateObject: '42710',
  ambiguousColumn: '42702',
  ambiguousFunction: '42725',
  ambiguousParameter: '42P08',
  ambiguousAlias: '42P09',
  invalidColumnReference: '42P10',
  invalidColumnDefinition: '42611',
  invalidCursorDefinition: '42P11',
  invalidFunctionDefinition: '42P13',
  invalidPreparedStatementDefinition: '42P14',
  invalidSchemaDefinition: '42P15',
  invalidTableDefinition: '42P16',
  invalidObjectDefinition: '42P17',
  withCheckOptionViolation: '44000',
  insufficientResources: '53000',
  diskFull: '53100',
  outOfMemory: '53200',
  tooManyConnections: '53300',
  configurationLimitExceeded: '53400',
  programLimitExceeded: '54000',
  statementTooComplex: '54001',
  tooManyColumns: '54011',
  tooManyArguments: '54023',
  objectNotInPrerequisiteState: '55000',
  objectInUse: '55006',
  cantChangeRuntimeParam: '55P02',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  adminShutdown: '57P01',
  cannotConnectNow: '57P03',
  ioError: '58030',
  internalError: 'XX000',
  dataCorrupted: 'XX001',
} as const;
export type Sqlstate = (typeof sqlstate)[keyof typeof sqlstate];

/** What a client is told beside SQLSTATE and message; the names are those of the protocol's error fields. */
export type ErrorFields = {
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based character (not byte) offset into the statement, as the protocol's P field wants it. */
  readonly position?: number | undefined;
  readonly where?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly datatype?: string | undefined;
  readonly constraint?: string | undefined;
  readonly severity?: Severity | undefined;
};
export type Severity = 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';

/** An answer that the client should see: its statement was wrong, or it lost a race. Never a bug of ours. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly sqlstate: string;
  readonly fields: ErrorFields;

  constructor(code: string, message: string, fields: ErrorFields = {}) {
    super(message);
    this.sqlstate = code;
    this.fields = fields;
  }

  /** The same error at a place in the statement, unless it has one already. */
  at(position: number | undefined): SqlError {
    if (position === undefined || this.fields.position !== undefined) return this;
    return new SqlError(this.sqlstate, this.message, { ...this.fields, position });
  }
}

/** A NOTICE, WARNING or the like: sent beside a result, ends nothing. */
export type Notice = {
  readonly severity: Severity;
  readonly sqlstate: string;
  readonly message: string;
  readonly fields: ErrorFields;
};

export const notice = (message: string, fields: ErrorFields = {}): Notice => ({
  severity: 'NOTICE',
  sqlstate: sqlstate.successfulCompletion,
  message,
  fields,
});

export const warning = (code: string, message: string, fields: ErrorFields = {}): Notice => ({
  severity: 'WARNING',
  sqlstate: code,
  message,
  fields,
});

export const notSupported = (message: string, fields: ErrorFields = {}): SqlError =>
  new SqlError(sqlstate.featureNotSupported, message, fields);
