/** Every text of the console, in every language: one dictionary each, made of one file for each area. No text stands anywhere else. */
import { clustersEn } from './en/clusters.ts';
import { shellEn } from './en/shell.ts';
import { clustersJa } from './ja/clusters.ts';
import { shellJa } from './ja/shell.ts';

export const languages = ['en', 'ja'] as const;
export type Language = (typeof languages)[number];

export const english = { ...shellEn, ...clustersEn };
export type TextName = keyof typeof english;
export const japanese: Readonly<Record<TextName, string>> = { ...shellJa, ...clustersJa };

export const texts: Readonly<Record<Language, Readonly<Record<TextName, string>>>> = { en: english, ja: japanese };
