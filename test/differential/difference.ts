/** What counts as a difference between two answers. */
import type { Answer } from './engines.ts';
import { transcendental } from './exclusions.ts';
import type { Statement } from './expression-generator.ts';

/** undefined: the answers are the same. */
export function difference(statement: Statement, ours: Answer, theirs: Answer): string | undefined {
  // What took PostgreSQL too long says nothing: it computes a whole series before it looks at the LIMIT.
  if (theirs.error?.code === '57014') return undefined;
  const [left, right] = [print(statement, ours), print(statement, theirs)];
  if (left === right) return undefined;
  return `  Borealis:   ${left}\n  PostgreSQL: ${right}`;
}

function print(statement: Statement, answer: Answer): string {
  // Of two faults in one expression either may be met first.
  if (answer.error !== undefined && statement.hasManyOrigins && !isDecided.test(answer.error.code))
    return ['ERROR at run time', ...answer.notices].join(' | ');
  // A last digit that differs grows in what is computed of it.
  const roughCount = [...statement.uses].filter((name) => transcendental.has(name)).length;
  return printed(answer, roughCount === 0 ? undefined : roughCount > 1 ? 5 : 12);
}

/** An answer in one line; of fractions so many digits, or all. */
export function printed({ columns, rows, notices, error }: Answer, digits?: number): string {
  if (error !== undefined) {
    const { code, message, detail, hint, position } = error;
    return [`ERROR ${code}: ${message}`, detail && `DETAIL: ${detail}`, hint && `HINT: ${hint}`, position && `at ${position}`, ...notices]
      .filter(Boolean)
      .join(' | ');
  }
  const lines = rows.map((row) =>
    row.map((value) => (value === null ? 'NULL' : digits === undefined ? value : rounded(value, digits))).join('|'),
  );
  return [columns.join(', '), ...lines, ...notices].join(' / ');
}

/** What analysis refuses, and what only one of the two can say. */
const isDecided = /^(42|0A|XX|fault)/;

/** Numbers to so many digits, where they have many. */
const rounded = (text: string, digits: number): string =>
  text.replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, (number) =>
    /\d\.\d{8}|e|(\d\.?){15}/.test(number) ? String(Number(Number(number).toPrecision(digits))) : number,
  );
