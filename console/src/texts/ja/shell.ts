/** The frame and signing in. */
import type { shellEn } from '../en/shell.ts';

export const shellJa: Readonly<Record<keyof typeof shellEn, string>> = {
  'shell.navigation': 'Borealis',
  'shell.language': '言語',
  'shell.languageName': '日本語',
  'shell.dark': 'ダークモード',
  'shell.light': 'ライトモード',
  'shell.signOut': 'サインアウト',
  'shell.dismiss': '閉じる',
  'shell.cancel': 'キャンセル',
  'shell.close': '閉じる',
  'shell.on': 'オン',
  'shell.off': 'オフ',
  'shell.loading': '読み込んでいます',
  'shell.breadcrumbs': 'パンくずリスト',
  'shell.noSuchPage': 'ページが見つかりません。',
  'shell.failed': '処理に失敗しました: {message}',
  'signIn.title': 'サインイン',
  'signIn.description':
    'このデプロイのアクセスキーでサインインします。ルートのキーはデータディレクトリの「credentials」ファイルにあります。',
  'signIn.accessKeyId': 'アクセスキー ID',
  'signIn.secret': 'シークレットアクセスキー',
  'signIn.temporary': '一時的な認証情報',
  'signIn.sessionToken': 'セッショントークン',
  'signIn.sessionTokenDescription': 'ロールの引き受けで作成されたキーにのみ必要です。',
  'signIn.submit': 'サインイン',
  'signIn.wrong': 'アクセスキーとシークレットが一致しません。',
  'signIn.tooMany': '試行回数が多すぎます。{seconds} 秒後にもう一度お試しください。',
  'signIn.failed': 'サインインできませんでした: {message}',
  'signIn.ended': 'セッションが終了しました。もう一度サインインしてください。',
};
