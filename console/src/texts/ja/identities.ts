/** Users and keys. */
import type { identitiesEn } from '../en/identities.ts';

export const identitiesJa: Readonly<Record<keyof typeof identitiesEn, string>> = {
  'identities.title': 'ユーザーとキー',
  'identities.users': 'ユーザー',
  'identities.description': 'ルート以外の、このデプロイの ID。',
  'identities.empty': 'ユーザーはありません',
  'identities.name': 'ユーザー名',
  'identities.create': 'ユーザーを作成',
  'identities.delete': 'ユーザーを削除',
  'identities.policy': '管理ポリシー',
  'identities.policies': 'ポリシー',
  'identities.createKey': 'アクセスキーを作成',
  'identities.keys': '{name} のアクセスキー',
  'identities.noKeys': 'アクセスキーはありません',
  'identities.select': 'ユーザーを選択',
  'identities.newKey': '新しいキー。シークレットは一度だけ表示されます。',
  'identities.done': '完了しました。',
  'identities.deleteKey': 'キー {id} を削除',
};
