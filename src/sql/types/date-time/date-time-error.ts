/** What can be wrong with the text of a date, time or interval; the type's input says it in PostgreSQL's words. */
import { SqlError, sqlstate } from '#base/sql-error.ts';

export type DateTimeFault =
  | 'format'
  | 'fieldOverflow'
  /** A month or day that cannot be: perhaps the parts are in another order than DateStyle says. */
  | 'monthDayOverflow'
  | 'intervalOverflow'
  | 'displacementOverflow'
  | 'timeZone';

/** Thrown by the parsers, and turned into a SqlError by `withText`. */
export class DateTimeError extends Error {
  override readonly name = 'DateTimeError';
  readonly fault: DateTimeFault;
  /** The time zone that is not known. */
  readonly zone: string | undefined;

  constructor(fault: DateTimeFault, zone?: string) {
    super(fault);
    this.fault = fault;
    this.zone = zone;
  }
}

/** Runs a parser; its faults become errors that quote the text. */
export function withText<T>(typeName: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DateTimeError) throw asSqlError(error, typeName, text);
    throw error;
  }
}

function asSqlError(error: DateTimeError, typeName: string, text: string): SqlError {
  switch (error.fault) {
    case 'format':
      return new SqlError(sqlstate.invalidDatetimeFormat, `invalid input syntax for type ${typeName}: "${text}"`);
    case 'fieldOverflow':
      return new SqlError(sqlstate.datetimeFieldOverflow, `date/time field value out of range: "${text}"`);
    case 'monthDayOverflow':
      return new SqlError(sqlstate.datetimeFieldOverflow, `date/time field value out of range: "${text}"`, {
        hint: 'Perhaps you need a different "datestyle" setting.',
      });
    case 'intervalOverflow':
      return new SqlError(sqlstate.intervalFieldOverflow, `interval field value out of range: "${text}"`);
    case 'displacementOverflow':
      return new SqlError(sqlstate.invalidTimeZoneDisplacementValue, `time zone displacement out of range: "${text}"`);
    case 'timeZone':
      return new SqlError(sqlstate.invalidParameterValue, `time zone "${error.zone}" not recognized`);
  }
}

export const timestampOutOfRange = (text?: string): SqlError =>
  new SqlError(sqlstate.datetimeFieldOverflow, text === undefined ? 'timestamp out of range' : `timestamp out of range: "${text}"`);

export const dateOutOfRange = (text?: string): SqlError =>
  new SqlError(sqlstate.datetimeFieldOverflow, text === undefined ? 'date out of range' : `date out of range: "${text}"`);

export const intervalOutOfRange = (): SqlError => new SqlError(sqlstate.datetimeFieldOverflow, 'interval out of range');
