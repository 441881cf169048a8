/** Every text of the console, in every language: one dictionary each, made of one file for each area. No text stands anywhere else. */
import { activityEn } from './en/activity.ts';
import { auditEn } from './en/audit.ts';
import { backupsEn } from './en/backups.ts';
import { clustersEn } from './en/clusters.ts';
import { identitiesEn } from './en/identities.ts';
import { monitoringEn } from './en/monitoring.ts';
import { policiesEn } from './en/policies.ts';
import { queryEn } from './en/query.ts';
import { regionsEn } from './en/regions.ts';
import { shellEn } from './en/shell.ts';
import { streamsEn } from './en/streams.ts';
import { activityJa } from './ja/activity.ts';
import { auditJa } from './ja/audit.ts';
import { backupsJa } from './ja/backups.ts';
import { clustersJa } from './ja/clusters.ts';
import { identitiesJa } from './ja/identities.ts';
import { monitoringJa } from './ja/monitoring.ts';
import { policiesJa } from './ja/policies.ts';
import { queryJa } from './ja/query.ts';
import { regionsJa } from './ja/regions.ts';
import { shellJa } from './ja/shell.ts';
import { streamsJa } from './ja/streams.ts';

export const languages = ['en', 'ja'] as const;
export type Language = (typeof languages)[number];

export const english = {
  ...activityEn,
  ...auditEn,
  ...backupsEn,
  ...clustersEn,
  ...identitiesEn,
  ...monitoringEn,
  ...policiesEn,
  ...queryEn,
  ...regionsEn,
  ...shellEn,
  ...streamsEn,
};
export type TextName = keyof typeof english;
export const japanese: Readonly<Record<TextName, string>> = {
  ...activityJa,
  ...auditJa,
  ...backupsJa,
  ...clustersJa,
  ...identitiesJa,
  ...monitoringJa,
  ...policiesJa,
  ...queryJa,
  ...regionsJa,
  ...shellJa,
  ...streamsJa,
};

export const texts: Readonly<Record<Language, Readonly<Record<TextName, string>>>> = { en: english, ja: japanese };
