/** What is said when the documents do not come. */

const en = {
  unreachable: "The server cannot be reached.",
  notADocument: (status: number) => `The server's answer is no document of this page (${status}).`,
  refused: (status: number) => `The server refuses (${status}).`,
  notInReport: "This report does not hold it.",
};

export type SourceWords = typeof en;

const ja: SourceWords = {
  unreachable: "サーバーに接続できません。",
  notADocument: (status) => `サーバーの応答をこのページで読み取れません（${status}）。`,
  refused: (status) => `サーバーが要求を拒否しました（${status}）。`,
  notInReport: "このレポートには含まれていません。",
};

export const source = { en, ja };
