/** The console's dictionaries: every language has every text, with the same values in it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { english, japanese } from '../../console/src/texts/texts.ts';

const source = path.join(import.meta.dirname, '../../console/src');
const valuesOf = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).sort();

it('English and Japanese have the same texts', () => {
  expect(Object.keys(japanese).sort()).toEqual(Object.keys(english).sort());
  expect(Object.keys(english).length).toBeGreaterThan(100);
});

it('a text and its translation take the same values, and none is empty', () => {
  const translated = new Map(Object.entries(japanese));
  for (const [name, text] of Object.entries(english)) {
    expect(valuesOf(translated.get(name) ?? ''), name).toEqual(valuesOf(text));
    expect(text.trim(), name).not.toBe('');
    expect(translated.get(name)?.trim(), name).not.toBe('');
  }
});

it('no text stands between tags', () => {
  const components = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'));
  expect(components.length).toBeGreaterThan(10);
  for (const name of components) {
    const found = /^\s*[A-Za-z][\w ,.'!?-]*\s*$(?=\n\s*<\/)/m.exec(readFileSync(path.join(source, name), 'utf8'));
    expect(found?.[0], name).toBeUndefined();
  }
});
