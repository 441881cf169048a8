/**
 * Numeric: an exact decimal, `unscaled / 10^scale`, or one of the three special values.
 * The scale is the display scale: 1.0 and 1.00 are equal but print differently.
 */
export class Numeric {
  /** 'finite' | 'nan' | 'infinity' | '-infinity' */
  readonly kind: NumericKind;
  readonly unscaled: bigint;
  /** Digits after the point, >= 0. */
  readonly scale: number;

  constructor(kind: NumericKind, unscaled: bigint, scale: number) {
    this.kind = kind;
    this.unscaled = unscaled;
    this.scale = scale;
  }

  static readonly nan = new Numeric('nan', 0n, 0);
  static readonly infinity = new Numeric('infinity', 0n, 0);
  static readonly negativeInfinity = new Numeric('-infinity', 0n, 0);
  static readonly zero = new Numeric('finite', 0n, 0);

  static of(unscaled: bigint, scale: number): Numeric {
    return new Numeric('finite', unscaled, scale);
  }
}
export type NumericKind = 'finite' | 'nan' | 'infinity' | '-infinity';
