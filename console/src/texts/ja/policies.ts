/** Writing policies. */
import type { policiesEn } from '../en/policies.ts';

export const policiesJa: Readonly<Record<keyof typeof policiesEn, string>> = {
  'policies.example': '例',
  'policies.format': '整形',
  'policies.empty': 'ポリシーを記述するか、例から始めてください。',
  'policies.notJson': 'JSON ではありません: {line} 行目、{column} 列目。',
  'policies.checking': '確認しています',
  'policies.valid': 'ポリシーは有効です。',
  'policies.letConnect': 'ユーザーにデータベースロールでの接続を許可',
  'policies.onlyNetwork': '他のネットワークからの接続を拒否',
  'policies.mayConnect': 'データベースロールで接続できる',
  'policies.mayManage': 'クラスターを管理できるが削除はできない',
  'policies.mayLook': 'クラスターを参照できる',
};
