/** Answers of the API on standard output: as JSON for scripts, else as lines for people. */
import type { ApiAnswer } from './api-client.ts';

export function printAnswer(answer: ApiAnswer, isJson: boolean): void {
  process.stdout.write(isJson ? `${JSON.stringify(answer, undefined, 2)}\n` : `${lines(answer).join('\n')}\n`);
}

/** Lists of objects are separated by an empty line; everything else is `name  value`. */
function lines(answer: ApiAnswer): readonly string[] {
  const entries = Object.entries(answer);
  const only = entries.length === 1 ? entries[0][1] : undefined;
  if (Array.isArray(only)) return only.flatMap((each, i) => [...(i === 0 ? [] : ['']), ...(isObject(each) ? lines(each) : [String(each)])]);
  if (isObject(only)) return lines(only);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${textOf(name, value)}`);
}

function textOf(name: string, value: unknown): string {
  if (name === 'creationTime' && typeof value === 'number') return new Date(value * 1_000).toISOString();
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

const isObject = (value: unknown): value is ApiAnswer => typeof value === 'object' && value !== null && !Array.isArray(value);
