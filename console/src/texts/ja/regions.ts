/** The map of the Regions. */
import type { regionsEn } from '../en/regions.ts';

export const regionsJa: Readonly<Record<keyof typeof regionsEn, string>> = {
  'regions.title': 'リージョン',
  'regions.description': 'リージョン間の接続、各リージョンの状態、障害の訓練。',
  'regions.map': 'マップ',
  'regions.serving': '稼働中',
  'regions.isolated': '隔離中',
  'regions.stopped': '停止中',
  'regions.connections': '接続数',
  'regions.leads': 'リーダーのクラスター数',
  'regions.leases': '保持している読み取りリース',
  'regions.lag': 'レプリカの遅れ (エントリ)',
  'regions.port': 'ポート',
  'regions.drills': '障害訓練',
  'regions.isolate': '隔離',
  'regions.heal': '復旧',
  'regions.stop': '停止',
  'regions.start': '起動',
  'regions.done': '{region}: {drill}',
  'regions.cut': '切断',
  'regions.rtt': '往復 {ms} ms',
  'regions.caption': 'リーダー {leads}、遅れ {lag}',
};
