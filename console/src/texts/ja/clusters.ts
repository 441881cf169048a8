/** Clusters: the list, making them, their settings, connecting. */
import type { clustersEn } from '../en/clusters.ts';

export const clustersJa: Readonly<Record<keyof typeof clustersEn, string>> = {
  'clusters.title': 'クラスター',
  'clusters.description': 'このデプロイのすべてのリージョンのクラスター。',
  'clusters.id': 'クラスター ID',
  'clusters.name': '名前',
  'clusters.status': 'ステータス',
  'clusters.region': 'リージョン',
  'clusters.type': 'タイプ',
  'clusters.singleRegion': 'シングルリージョン',
  'clusters.multiRegion': 'マルチリージョン',
  'clusters.created': '作成日時',
  'clusters.empty': 'クラスターはありません',
  'clusters.loading': 'クラスターを読み込んでいます',
  'clusters.filter': 'クラスターを検索',
};
