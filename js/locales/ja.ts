import type { KmsealFileTexts } from '../element/texts.js';
import type { Translation } from './translation.js';

const texts = {
  locale: 'ja',
  missing: 'ファイルを選択してください。',
  busy: '暗号化がまだ終わっていません。しばらく待ってから、もう一度お試しください。',
  dropOne: 'またはここにファイルをドロップ',
  dropMany: 'またはここにファイルをドロップ',
  checking: '確認中…',
  waiting: '待機中',
  sealing: '暗号化中…',
  sealed: '暗号化済み',
  failed: '暗号化されていません',
  cancel: 'キャンセル',
  remove: '削除',
  retry: '再試行',
  retryAll: 'すべて再試行',
  startedOne: '{name} を暗号化しています',
  startedMany: '{count} 個のファイルを暗号化しています',
  progress: '{percent}% 暗号化しました',
  readyOne: '{name} を暗号化し、準備ができました',
  readyMany: '{count} 個のファイルを暗号化し、準備ができました',
  removed: '{name} を削除しました',
  failedOne: '{name} を暗号化できなかったため、何も送信されません。もう一度試すか、削除してください。',
  failedMany: '{count} 個のファイルを暗号化できなかったため、何も送信されません。もう一度試すか、削除してください。',
  unreadable: '{name} を読み取れなかったため、何も送信されません。選択し直すか、削除してください。',
  unchecked: '{name} を確認できなかったため、何も送信されません。もう一度試すか、削除してください。',
  noRoom:
    '{name} は大きすぎて、暗号化したものをこのブラウザーに保持できないため、何も送信されません。プライベートではないウィンドウを使うか、空き容量を増やすか、削除してください。',
  noConnection: '接続がないため、何も暗号化も送信もされません。接続を確認してから、もう一度お試しください。',
  keyUnreachable:
    '暗号化の鍵を読み込めなかったため、何も送信されません。しばらくしてからもう一度お試しください。解決しない場合は、このページの管理者に連絡してください。',
  keyRefused: '暗号化の鍵が想定されたものと異なるため、何も送信されません。このページの管理者に連絡してください。',
  reload:
    'ファイルを暗号化するにはこのページの再読み込みが必要なため、何も送信されません。再読み込みしてから、ファイルを選択し直してください。',
  unsupported:
    'このブラウザーではファイルを暗号化できないため、何も送信されません。更新するか、別のブラウザーを使ってください。',
  notReady:
    'このページはファイルを暗号化する準備ができていないため、何も送信されません。ページを再読み込みしてください。解決しない場合は、管理者に連絡してください。',
  notAccepted: '{name} は、ここで選択できない種類のファイルです。',
  notTaken: '{name} はここでは選択できません。',
  rejected: '{name}：{reason}',
  tooLarge: '{name} は大きすぎます。ここで選択できるファイルは {size} までです。',
  onlyOne: 'ここで選択できるファイルは 1 個だけです。',
  tooMany: 'ここで選択できるファイルは {count} 個までのため、{name} は追加されませんでした。',
  folder: '{name} はフォルダーです。中のファイルを選択してください。',
  emptyFolder: '{name} にはファイルがありません。',
  moreNotTaken: 'ほかに {count} 個のファイルが追加されませんでした。',
} as const;

/** Japanese. */
export const ja: Readonly<KmsealFileTexts> = texts satisfies Translation<typeof texts>;
