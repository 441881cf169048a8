/** A time of day with a fixed zone. */
export class TimeTz {
  /** Local microseconds since midnight. */
  readonly microseconds: number;
  /** Seconds WEST of Greenwich, PostgreSQL's sign: UTC+2 is -7200. */
  readonly zoneSeconds: number;

  constructor(microseconds: number, zoneSeconds: number) {
    this.microseconds = microseconds;
    this.zoneSeconds = zoneSeconds;
  }
}
