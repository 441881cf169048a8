/** What counts as a difference between two answers. */
import type { Answer } from './engines.ts';
import { transcendental } from './exclusions.ts';
import type { Statement } from './expression-generator.ts';

/** undefined: the answers are the same. */
export function difference(statement: Statement, ours: Answer, theirs: Answer): string | undefined {
  const [left, right] = [print(statement, ours), print(statement, theirs)];
  if (left === right) return undefined;
  return `  Borealis:   ${left}\n  PostgreSQL: ${right}`;
}

function print(statement: Statement, { columns, rows, notices, error }: Answer): string {
  if (error !== undefined) {
    // Of two faults in one expression either may be met first.
    if (statement.hasManyOrigins && !isDecided.test(error.code)) return ['ERROR at run time', ...notices].join(' | ');
    const { code, message, detail, hint, position } = error;
    return [`ERROR ${code}: ${message}`, detail && `DETAIL: ${detail}`, hint && `HINT: ${hint}`, position && `at ${position}`, ...notices]
      .filter(Boolean)
      .join(' | ');
  }
  // A last digit that differs grows in what is computed of it.
  const roughCount = [...statement.uses].filter((name) => transcendental.has(name)).length;
  const digits = roughCount > 1 ? 5 : 12;
  const isRough = roughCount > 0;
  const lines = rows.map((row) => row.map((value) => (value === null ? 'NULL' : isRough ? rounded(value, digits) : value)).join('|'));
  return [columns.join(', '), ...lines, ...notices].join(' / ');
}

/** What analysis refuses, and what only one of the two can say. */
const isDecided = /^(42|0A|XX|fault)/;

/** Numbers to so many digits. */
const rounded = (text: string, digits: number): string =>
  text.replace(/-?\d+\.\d{8,}(e[+-]?\d+)?|-?\d+(\.\d+)?e[+-]?\d+|-?\d{15,}/g, (number) => Number(number).toPrecision(digits));
