/** Three fields that PostgreSQL keeps apart; equal when 30-day months and 24-hour days say so. */
export class Interval {
  readonly months: number;
  readonly days: number;
  /** Canonical int8. */
  readonly microseconds: number | bigint;

  constructor(months: number, days: number, microseconds: number | bigint) {
    this.months = months;
    this.days = days;
    this.microseconds = microseconds;
  }
}
