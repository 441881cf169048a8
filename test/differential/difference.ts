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
  const isRough = [...statement.uses].some((name) => transcendental.has(name));
  const lines = rows.map((row) => row.map((value) => (value === null ? 'NULL' : isRough ? rounded(value) : value)).join('|'));
  return [columns.join(', '), ...lines, ...notices].join(' / ');
}

/** What analysis refuses, and what only one of the two can say. */
const isDecided = /^(42|0A|XX|fault)/;

/** Numbers to 12 digits. */
const rounded = (text: string): string =>
  text.replace(/-?\d+\.\d{8,}(e[+-]?\d+)?|-?\d+(\.\d+)?e[+-]?\d+|-?\d{15,}/g, (number) => Number(number).toPrecision(12));
