/** Text input and output, value for value as PostgreSQL 16 has them (`recorded/`), with every binary and row form on the way. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import { SqlError } from '#base/sql-error.ts';
import { defaultSettings, type Settings } from '../settings.ts';
import type { NonNull, Type, TypeContext } from '../type.ts';
import { pgTypeByName } from './format-type.ts';
import { typeByOid } from './registry.ts';

type Case = { readonly type: string; readonly context: TypeContext; readonly input: string; readonly expected: readonly string[] };

const folder = fileURLToPath(new URL('./recorded/', import.meta.url));

function readCases(file: string): Case[] {
  const cases: Case[] = [];
  let type = '';
  let context = contextOf([]);
  for (const line of readFileSync(folder + file, 'utf8').split('\n')) {
    if (line.startsWith('## ')) {
      const [name, ...settings] = line.slice(3).split(' | ');
      type = name;
      context = contextOf(settings);
    } else if (line !== '' && !line.startsWith('#')) {
      const [input, ...expected] = line.split('\t').map((cell) => (cell.startsWith('"') ? String(JSON.parse(cell)) : cell));
      cases.push({ type, context, input, expected });
    }
  }
  return cases;
}

function contextOf(lines: readonly string[]): TypeContext {
  const given = new Map(lines.map((line) => line.split(' = ') as [string, string]));
  const [format, order] = (given.get('DateStyle') ?? 'ISO, MDY').split(', ');
  const settings = {
    ...defaultSettings,
    timeZone: given.get('TimeZone') ?? 'UTC',
    dateStyle: { format, order } as Settings['dateStyle'],
    intervalStyle: (given.get('IntervalStyle') ?? 'postgres') as Settings['intervalStyle'],
    extraFloatDigits: Number(given.get('extra_float_digits') ?? 1),
    byteaOutput: (given.get('bytea_output') ?? 'hex') as Settings['byteaOutput'],
  };
  return { settings, transactionTimestamp: 0, names: undefined };
}

const intervalFields: Readonly<Record<string, number>> = { year: 4, month: 2, day: 8, hour: 1024, minute: 2048, second: 4096 };
const intervalOrder = ['year', 'month', 'day', 'hour', 'minute', 'second'];

/** A type as SQL writes it, for the few spellings in the tables. */
function resolve(name: string): { type: Type; typmod: number } {
  const [, word, fields, modifiers, brackets] = /^("char"|[a-z0-9]+)([a-z ]*?)(?:\(([-0-9,]+)\))?(\[\])?$/.exec(name) ?? [];
  const described = pgTypeByName(word === 'char' ? 'bpchar' : word.replaceAll('"', ''));
  if (described === undefined) throw new Error(`no type ${name}`);
  const type = typeByOid(brackets === undefined ? described.oid : described.arrayOid);
  const numbers = modifiers === undefined ? [] : modifiers.split(',').map(Number);
  if (word === 'interval') return { type, typmod: intervalTypmod(type, fields.trim(), numbers) };
  return { type, typmod: numbers.length === 0 ? -1 : (type.typmodIn?.(numbers) ?? -1) };
}

function intervalTypmod(type: Type, fields: string, numbers: readonly number[]): number {
  if (fields === '' && numbers.length === 0) return -1;
  const [from, to = from] = fields.split(' to ');
  const names = fields === '' ? [] : intervalOrder.slice(intervalOrder.indexOf(from), intervalOrder.indexOf(to) + 1);
  const mask = names.length === 0 ? 0x7fff : names.reduce((sum, name) => sum | intervalFields[name], 0);
  return type.typmodIn?.([mask, ...numbers]) ?? -1;
}

function answer({ type: name, context, input }: Case): readonly string[] {
  const { type, typmod } = resolve(name);
  try {
    const value = type.input(input, typmod, context) as NonNull;
    const output = type.output(value, context);
    expectSameByAllForms(type, value, output, context);
    return [output];
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { detail = '', hint = '', where = '' } = error.fields;
    const all = [error.sqlstate, error.message, detail, hint, where];
    while (all.at(-1) === '') all.pop();
    return all;
  }
}

function expectSameByAllForms(type: Type, value: NonNull, output: string, context: TypeContext): void {
  const wire = new ByteWriter();
  type.send(value, wire, context);
  const received = type.receive(new ByteReader(wire.take()), -1, context) as NonNull;
  expect(type.output(received, context)).toBe(output);

  const row = new ByteWriter();
  row.uint8(0xee);
  type.encodeRow(value, row);
  const length = row.length - 1;
  row.uint8(0xee);
  if (type.length > 0 && type.name !== 'name') expect(length).toBe(type.length);
  const decoded = type.decodeRow(row.take(), 1, length) as NonNull;
  expect(type.output(decoded, context)).toBe(output);
  if (type.compare !== undefined) {
    expect(type.compare(value, decoded)).toBe(0);
    expect(type.compare(value, received)).toBe(0);
  }
}

describe.each(readdirSync(folder))('%s', (file) => {
  it('answers as PostgreSQL does', () => {
    const wrong = readCases(file).flatMap((recorded) => {
      const actual = answer(recorded);
      return JSON.stringify(actual) === JSON.stringify(recorded.expected) ? [] : [{ ...recorded, context: undefined, actual }];
    });
    expect(wrong).toEqual([]);
  });
});
