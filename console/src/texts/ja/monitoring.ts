/** Figures over time. */
import type { monitoringEn } from '../en/monitoring.ts';

export const monitoringJa: Readonly<Record<keyof typeof monitoringEn, string>> = {
  'monitoring.title': 'モニタリング',
  'monitoring.description': 'このノードの 10 秒ごとの値。6 時間保持されます。',
  'monitoring.range': '期間',
  'monitoring.quarter': '15 分',
  'monitoring.hour': '1 時間',
  'monitoring.threeHours': '3 時間',
  'monitoring.sixHours': '6 時間',
  'monitoring.perSecond': '{title} (毎秒)',
  'monitoring.empty': 'まだデータがありません',
  'monitoring.connections': '接続数',
  'monitoring.transactions': 'トランザクション',
  'monitoring.all': 'すべて',
  'monitoring.readOnly': '読み取り専用',
  'monitoring.conflicts': '競合',
  'monitoring.timeouts': 'タイムアウト',
  'monitoring.latency': 'コミットレイテンシー',
  'monitoring.median': '中央値',
  'monitoring.bytes': 'バイト数',
  'monitoring.read': '読み取り',
  'monitoring.written': '書き込み',
  'monitoring.dpu': 'DPU',
  'monitoring.compute': 'コンピュート',
  'monitoring.lag': 'レプリカの遅れ (ジャーナルエントリ)',
  'monitoring.storage': 'ストレージ',
};
