/** The audit log. */
import type { auditEn } from '../en/audit.ts';

export const auditJa: Readonly<Record<keyof typeof auditEn, string>> = {
  'audit.title': '監査ログ',
  'audit.description': 'API 呼び出しと接続の試行。新しい順。',
  'audit.filter': 'イベントを検索',
  'audit.empty': 'イベントはありません',
  'audit.event': 'イベント',
  'audit.time': '時刻',
  'audit.who': '実行者',
  'audit.from': '送信元',
  'audit.outcome': '結果',
  'audit.allowed': '許可',
  'audit.resources': 'リソース',
};
