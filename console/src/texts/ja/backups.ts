/** Backups, restores, forks. */
import type { backupsEn } from '../en/backups.ts';

export const backupsJa: Readonly<Record<keyof typeof backupsEn, string>> = {
  'backups.title': 'バックアップ',
  'backups.description': 'それぞれが、ある一時点のクラスター全体を保持します。',
  'backups.empty': 'バックアップはありません',
  'backups.select': 'バックアップを選択',
  'backups.create': 'バックアップを作成',
  'backups.createDescription': '作成中も書き込みは続けられます。',
  'backups.started': 'バックアップを開始しました。',
  'backups.restore': '復元',
  'backups.restoring': '復元を開始しました。',
  'backups.goal': '復元先',
  'backups.toNew': '新しいクラスター',
  'backups.intoExisting': '既存のクラスター',
  'backups.chooseCluster': 'クラスターを選択',
  'backups.replaces': 'クラスターの現在の内容はすべて置き換えられ、接続は終了します。この操作は元に戻せません。',
  'backups.delete': 'バックアップを削除',
  'backups.deleteWarning': 'バックアップ {id} を削除します。復元済みのクラスターには影響しません。',
  'backups.deleted': 'バックアップを削除しました。',
  'backups.asOf': '時点',
  'backups.rows': '行数',
  'backups.id': 'バックアップ ID',
  'backups.forkOf': '{id} をフォーク',
  'backups.forkDescription': '現在の内容のコピーから新しいクラスターを作成します。以後、それぞれ独立して変更されます。',
  'backups.forked': '{id} のフォークを開始しました。',
};
