/** Change streams. */
import type { streamsEn } from '../en/streams.ts';

export const streamsJa: Readonly<Record<keyof typeof streamsEn, string>> = {
  'streams.title': '変更ストリーム',
  'streams.description':
    'コミットされた変更を、行ごとにコミット順で示します。Kinesis には何も送信されません。ストリームはここから読み取ります。',
  'streams.empty': '変更ストリームはありません',
  'streams.select': 'ストリームを選択',
  'streams.id': 'ストリーム ID',
  'streams.create': 'ストリームを作成',
  'streams.created': 'ストリームを作成しました。',
  'streams.deleted': 'ストリームを削除しています。',
  'streams.changes': '変更',
  'streams.changesDescription': 'コミットと同時に表示されます。最新の {count} 件が表示されます。',
  'streams.waiting': '変更を待っています',
  'streams.time': 'コミット時刻',
  'streams.operation': '操作',
  'streams.table': 'テーブル',
  'streams.row': '行',
  'streams.insert': '挿入',
  'streams.update': '更新',
  'streams.delete': '削除',
  'streams.truncate': '全行の置き換え',
};
