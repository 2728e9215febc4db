/** The texts of the page itself. */

/** A count with its noun: `1 run`, `2 runs`. */
const of = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
const are = (count: number) => (count === 1 ? "is" : "are");

const en = {
  title: "Pareto comparison",
  skip: "Skip to the comparison",
  choose: "What to compare",
  experiments: "Experiments",
  studies: "Studies",
  search: "Search by name",
  none: "Nothing is called so.",
  allOf: (count: number) => of(count, "run"),
  running: "running",
  ended: "failed",
  only: "a press on the name shows it alone, the box adds it",
  filter: "Filter, as in MLflow",
  filterHint: "metrics.squared_error < 0.01 and params.group = 'sL1'",
  apply: "Apply",
  clear: "Clear",
  columns: "Axes and groups",
  x: "x metric",
  y: "y metric",
  group: "Group by",
  groupHead: "Group",
  marker: "Same setting",
  replicate: "Seeds",
  no: "nothing",
  smaller: "smaller is better",
  larger: "larger is better",
  log: "logarithmic",
  defaults: "As proposed",
  view: "View",
  language: "Language",
  theme: "Light or dark",
  auto: "as the system",
  light: "light",
  dark: "dark",
  palette: "Colours",
  published: "as published",
  safe: "safe for colour-blind readers",
  loading: "Loading…",
  former: "What is shown was loaded before.",
  retry: "Try again",
  start: "Choose an experiment or a study.",
  empty: "No run meets this.",
  emptyStudy: "This study has no networks.",
  emptyRunning: "This study is running; its networks appear when they are trained.",
  emptyOf: (count: number, failed: number, running: number) =>
    `${of(count, "run")}, none has a metric${failed ? `; ${failed} failed` : ""}${running ? `; ${running} ${are(running)} running` : ""}.`,
  studyRunning: "The study is running: this is what is there of it.",
  unplotted: "No run has both metrics.",
  failed: (count: number, groups: string) =>
    `${of(count, "failed run")} ${are(count)} left out: ${groups}.`,
  ofGroup: (group: string, failed: number, total: number) => `${failed} of ${total} of ${group}`,
  noneLeft: (group: string, total: number) => `all ${total} of ${group}, which has no index`,
  endedBadly: (count: number) =>
    `${of(count, "run")} that failed or ${count === 1 ? "was" : "were"} stopped ${are(count)} left out.`,
  stillRunning: (count: number) =>
    `${of(count, "run")} that ${count === 1 ? "has" : "have"} not ended ${are(count)} left out.`,
  withoutMetric: (count: number) =>
    `${of(count, "run")} without any metric ${are(count)} left out.`,
  missing: (count: number) =>
    `${of(count, "run")} without a value of both metrics ${are(count)} left out.`,
  truncated: "There are more runs than can be shown; filter them.",
  columnsLeftOut: (count: number) =>
    `${of(count, "metric, param or tag", "metrics, params and tags")} that few of these runs have ${are(count)} left out; filter the runs.`,
  selection: (count: number, all: number) => `${count} of ${of(all, "run")} selected`,
  indices: "Groups",
  indicesNote: (confidence: string, seeds: number) =>
    `Smaller is better; in brackets the ${confidence} intervals over ${of(seeds, "seed")}.`,
  indicesAlone: "Smaller is better; without seeds there are no intervals.",
  indicesRegion: "Markers count whose means lie in the region, with all of their runs.",
  shortCurves:
    "These curves end at different places, and a short curve has a small area whatever it is worth: compare them by the distance from ideal.",
  cheaper: "A smaller area means cheaper, not truer.",
  firstByDistance: (group: string) => `By distance from ideal ${group} comes first.`,
  manyStudies: (count: number) => `The runs of ${count} studies of one table are joined.`,
  apart: (count: number) =>
    `${count} studies of different tables, tasks or networks: each is compared by itself, and there is no joint verdict.`,
  byStudy: "Distance from ideal (0–1), by study",
  byStudyNote:
    "Smaller is better; in brackets the intervals over the seeds of each study. Bold: the least of a study, and what is level with it.",
  study: "Study",
  order: "Ordered by",
  area_marker: "Area (published index)",
  area_axis: "Area to the axis",
  hypervolume_gap: "Distance from ideal (0–1)",
  networks: "Runs",
  settled: "Against the best",
  worse: "worse",
  level: "level",
  isBest: "best",
  floorUnknown: "No best error without sparsity is tracked: the best y stands for it.",
  cornerUnknown: "No error with no weights is tracked: the worst x and y stand for it.",
  measuredOfRuns:
    "Areas and distances are measured between the best y of these runs and their worst x and y.",
  errorOn: "Error on",
  rowsOf: (part: string) =>
    ({ "": "training rows", validation: "validation rows", test: "test rows" })[part] ?? part,
  logarithmic: (axes: string) => `${axes} logarithmic; the indices use the linear scale.`,
  xAxis: "The x axis is",
  yAxis: "The y axis is",
  bothAxes: "Both axes are",
  atEdge: (count: number) => `${of(count, "run")} at 0 ${are(count)} drawn at the edge.`,
  loadingsAxis: "loadings a component",
  chosenNow: (name: string) => `What to compare: ${name}`,
  more: "Axes, region, files and runs",
  rows: (count: number) => of(count, "row"),
  tableColumns: (count: number) => of(count, "column"),
  kind: (task: string, layers: number[], columns: number) => {
    const ends = [layers[0] ?? 0, layers.at(-1) ?? 0] as const;
    const hidden = layers.slice(1, -1).join("-");
    const inputs = columns || ends[0];
    if (task === "sae")
      return `autoencoder, ${of(inputs, "column")} through ${of(layers[(layers.length - 1) / 2] ?? 0, "code")}`;
    if (task === "pca") return `${of(layers[1] ?? 0, "component")} of ${of(inputs, "column")}`;
    const through = hidden ? ` through ${hidden} units` : "";
    return task === "classifier"
      ? `classifier of ${of(ends[1], "class", "classes")}${through}`
      : `regressor of ${of(ends[1], "number")}${through}`;
  },
  grid: (groups: number, strengths: number, seeds: number) =>
    [
      of(groups, "regularizer"),
      ...(strengths > 0 ? [of(strengths, "strength")] : []),
      ...(seeds > 0 ? [of(seeds, "seed")] : []),
    ].join(" × "),
  recommended: "Recommended",
  uses: (count: string, total: string, unit: "connections" | "loadings") =>
    `${count} of ${total} ${unit === "loadings" ? "loadings a component" : "connections"}`,
  explains: (share: string, heldOut: string | null) =>
    `explains ${share}${heldOut ? ` (${heldOut} held out)` : ""}`,
  isRight: (share: string, heldOut: string | null) =>
    `${share} right${heldOut ? ` (${heldOut} held out)` : ""}`,
  answer: (measures: string[], marker: string, seed: string, agreement: string) =>
    `${measures.join(", ")}: ${marker}, seed ${seed}${agreement && `; seeds agree ${agreement}`}`,
  recommendedHow: "How it is chosen",
  recommendedRule:
    "The knee of each group's curve; of these the group whose seeds agree most; of its seeds the one that agrees most with the others.",
  recommendedFiltered: "The recommended network is not among the runs that are shown.",
  runs: "Selected runs",
  name: "Run",
  inside: "Look inside",
  outside: "Open in MLflow",
  compareInMlflow: "Open the selection in MLflow",
  tooMany: (count: number) => `MLflow compares at most ${count} runs at a time.`,
  page: (page: number, pages: number) => `Page ${page} of ${pages}`,
  previous: "Previous",
  next: "Next",
  sortBy: (name: string) => `Sort by ${name}`,
  takeAway: "Take away",
  png: "Picture (PNG)",
  svg: "Picture (SVG)",
  csv: "Runs (CSV)",
  json: "All that is shown (JSON)",
  indicesCsv: "Indices (CSV)",
  register: "Register as a model",
  registerName: "Name of the model",
  registered: (name: string, version: string) => `${name} is registered, version ${version}.`,
  cancel: "Cancel",
  close: "Close",
  address: "Copy the address of this view",
  copied: "Copied.",
  figure: "Pareto curves",
};

export type AppWords = typeof en;

const ja: AppWords = {
  title: "パレート比較",
  skip: "比較へ移動",
  choose: "比較の対象",
  experiments: "実験",
  studies: "スタディ",
  search: "名前で検索",
  none: "該当する名前はありません。",
  allOf: (count) => `${count} 件のラン`,
  running: "実行中",
  ended: "失敗",
  only: "名前を押すとこれだけを表示、チェックボックスで追加",
  filter: "フィルター（MLflow の書式）",
  filterHint: "metrics.squared_error < 0.01 and params.group = 'sL1'",
  apply: "適用",
  clear: "消去",
  columns: "軸とグループ",
  x: "x の指標",
  y: "y の指標",
  group: "グループ分け",
  groupHead: "グループ",
  marker: "同じ設定",
  replicate: "シード",
  no: "なし",
  smaller: "小さいほど良い",
  larger: "大きいほど良い",
  log: "対数目盛",
  defaults: "提案どおり",
  view: "表示",
  language: "言語",
  theme: "明るさ",
  auto: "システムに従う",
  light: "明るい",
  dark: "暗い",
  palette: "配色",
  published: "論文の配色",
  safe: "色覚に配慮した配色",
  loading: "読み込み中…",
  former: "表示しているのは以前に読み込んだ内容です。",
  retry: "再試行",
  start: "実験またはスタディを選んでください。",
  empty: "条件に合うランがありません。",
  emptyStudy: "このスタディにはネットワークがありません。",
  emptyRunning: "このスタディは実行中です。学習が終わったネットワークから表示します。",
  emptyOf: (count, failed, running) =>
    `ラン ${count} 件のいずれにも指標がありません${failed || running ? `（${[failed ? `失敗 ${failed} 件` : "", running ? `実行中 ${running} 件` : ""].filter(Boolean).join("、")}）` : ""}。`,
  studyRunning: "スタディは実行中です。現時点の結果を表示しています。",
  unplotted: "両方の指標を持つランがありません。",
  failed: (count, groups) => `失敗したラン ${count} 件は除いています：${groups}。`,
  ofGroup: (group, failed, total) => `${group} ${total} 件中 ${failed} 件`,
  noneLeft: (group, total) => `${group} は ${total} 件すべて（評価指標なし）`,
  endedBadly: (count) => `失敗または停止したラン ${count} 件は除いています。`,
  stillRunning: (count) => `終了していないラン ${count} 件は除いています。`,
  withoutMetric: (count) => `指標のないラン ${count} 件は除いています。`,
  missing: (count) => `両方の指標の値がないラン ${count} 件は除いています。`,
  truncated: "表示できる数を超えています。フィルターで絞ってください。",
  columnsLeftOut: (count) =>
    `一部のランにしかない指標・パラメーター・タグ ${count} 件は除いています。フィルターで絞ってください。`,
  selection: (count, of) => `${of} 件中 ${count} 件を選択`,
  indices: "グループの比較",
  indicesNote: (confidence, seeds) =>
    `小さいほど良い。括弧内はシード ${seeds} 個に対する ${confidence} 信頼区間。`,
  indicesAlone: "小さいほど良い。シードがないため信頼区間はありません。",
  indicesRegion: "平均が選択範囲に入る点を、その点のすべてのランとともに数えます。",
  shortCurves:
    "曲線の終わる位置が異なり、短い曲線の面積は質にかかわらず小さくなります。理想からの距離で比べてください。",
  cheaper: "面積が小さいことは結合が少なくて済むことを示し、正しさは示しません。",
  firstByDistance: (group) => `理想からの距離では ${group} が最良です。`,
  manyStudies: (count) => `同じ表のスタディ ${count} 件のランをまとめています。`,
  apart: (count) =>
    `表・課題・ネットワークの異なるスタディ ${count} 件です。それぞれ別に比較し、全体の判定は行いません。`,
  byStudy: "理想からの距離（0–1）、スタディ別",
  byStudyNote:
    "小さいほど良い。括弧内は各スタディのシードに対する信頼区間。太字：そのスタディの最小値と、それに並ぶ値。",
  study: "スタディ",
  order: "並べ替えの指標",
  area_marker: "面積（論文の指標）",
  area_axis: "軸までの面積",
  hypervolume_gap: "理想からの距離（0–1）",
  networks: "ラン数",
  settled: "最良との比較",
  worse: "劣る",
  level: "互角",
  isBest: "最良",
  floorUnknown: "疎にしない場合の最小誤差が記録されていないため、最も良い y で代用しています。",
  cornerUnknown: "重みがない場合の誤差が記録されていないため、最も悪い x と y で代用しています。",
  measuredOfRuns: "面積と距離は、これらのランの最も良い y と最も悪い x・y の間で測ります。",
  errorOn: "誤差の対象",
  rowsOf: (part) =>
    ({ "": "学習用の行", validation: "検証用の行", test: "テスト用の行" })[part] ?? part,
  logarithmic: (axes) => `${axes}対数目盛です。評価指標は線形目盛で計算します。`,
  xAxis: "x 軸は",
  yAxis: "y 軸は",
  bothAxes: "両軸とも",
  atEdge: (count) => `値が 0 のラン ${count} 件は端に描いています。`,
  loadingsAxis: "主成分あたりの負荷量",
  chosenNow: (name) => `比較の対象：${name}`,
  more: "軸・範囲・書き出し・ラン",
  rows: (count) => `${count.toLocaleString("en-US")} 行`,
  tableColumns: (count) => `${count} 列`,
  kind: (task, layers, columns) => {
    const ends = [layers[0] ?? 0, layers.at(-1) ?? 0] as const;
    const hidden = layers.slice(1, -1).join("-");
    const inputs = columns || ends[0];
    if (task === "sae")
      return `オートエンコーダー、${inputs} 列を ${layers[(layers.length - 1) / 2] ?? 0} 個のコードで表現`;
    if (task === "pca") return `${inputs} 列の主成分 ${layers[1] ?? 0} 個`;
    const through = hidden ? `（中間 ${hidden} ユニット）` : "";
    return task === "classifier"
      ? `${ends[1]} クラスの分類${through}`
      : `数値 ${ends[1]} 個の回帰${through}`;
  },
  grid: (groups, strengths, seeds) =>
    [
      `正則化 ${groups} 種`,
      ...(strengths > 0 ? [`強さ ${strengths} 段階`] : []),
      ...(seeds > 0 ? [`シード ${seeds} 個`] : []),
    ].join(" × "),
  recommended: "推奨",
  uses: (count, total, unit) =>
    unit === "loadings"
      ? `主成分あたり ${total} 個中 ${count} 個の負荷量`
      : `${total} 本中 ${count} 本の結合`,
  explains: (share, heldOut) =>
    `説明率 ${share}${heldOut ? `（学習に使わない行では ${heldOut}）` : ""}`,
  isRight: (share, heldOut) =>
    `正解率 ${share}${heldOut ? `（学習に使わない行では ${heldOut}）` : ""}`,
  answer: (measures, marker, seed, agreement) =>
    `${measures.join("、")}：${marker}、シード ${seed}${agreement && `、シード間の一致 ${agreement}`}`,
  recommendedHow: "選び方",
  recommendedRule:
    "各グループの曲線の膝のうち、シード間の一致が最も高いグループを選び、そのシードの中で他と最も一致するものを選んでいます。",
  recommendedFiltered: "推奨ネットワークは表示中のランに含まれていません。",
  runs: "選択したラン",
  name: "ラン",
  inside: "内部を見る",
  outside: "MLflow で開く",
  compareInMlflow: "選択を MLflow で比較",
  tooMany: (count) => `MLflow が一度に比較できるのは ${count} 件までです。`,
  page: (page, pages) => `${pages} ページ中 ${page} ページ`,
  previous: "前へ",
  next: "次へ",
  sortBy: (name) => `${name} で並べ替え`,
  takeAway: "書き出し",
  png: "図（PNG）",
  svg: "図（SVG）",
  csv: "ラン（CSV）",
  json: "表示内容すべて（JSON）",
  indicesCsv: "評価指標（CSV）",
  register: "モデルとして登録",
  registerName: "モデルの名前",
  registered: (name, version) => `${name} をバージョン ${version} として登録しました。`,
  cancel: "取り消し",
  close: "閉じる",
  address: "この表示のアドレスをコピー",
  copied: "コピーしました。",
  figure: "パレート曲線",
};

export const app = { en, ja };
