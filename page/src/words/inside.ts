/** The texts of a network looked into; the sentences are worded as sparse_lightning/interpret/sentences.py. */

import { joined, type Phrase, phrase } from "../inside/phrase";

const s = (count: number) => (count === 1 ? "" : "s");
const are = (count: number) => (count === 1 ? "is" : "are");

/** What the outputs of a network are that rebuilds no inputs. */
export type Output = "class" | "target";

const en = {
  network: (name: string) => `Network ${name}`,
  loading: "The network is being loaded…",
  close: "Close",
  register: "Register as a model",
  openRun: "Open in MLflow",
  png: "Picture (PNG)",
  svg: "Picture (SVG)",
  structure: "Structure",
  diagram: (layers: string, connections: number) =>
    `Structure of the network ${layers} with ${connections} connection${s(connections)}`,
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  zoomReset: "Whole diagram",
  hint: "Point at a connection or a unit. Drag to move, Ctrl+wheel to zoom. Keys: arrows from unit to unit, Enter lists its connections, + − 0 zoom.",
  legend: "Colour: sign of the weight; width: |w|, relative to the largest of the layer.",
  positive: "positive",
  negative: "negative",
  dead: "dead",
  inputs: "inputs",
  outputs: "outputs",
  codes: "codes",
  hidden: "hidden",
  count: (alive: number, width: number) => (alive === width ? `${width}` : `${alive}/${width}`),
  input: (name: Phrase) => phrase`input ${name}`,
  output: (name: Phrase) => phrase`output ${name}`,
  code: (place: number) => `code ${place}`,
  hiddenUnit: (place: number, layer: number) => `unit ${place} of hidden layer ${layer}`,
  noName: "(no name)",
  weight: "weight",
  bias: "bias",
  isDead: "dead: it reaches no output",
  isConstant: "constant: no input reaches it",
  incoming: (count: number) => `${count} incoming`,
  outgoing: (count: number) => `${count} outgoing`,
  connectionsOf: "Connections of",
  none: "none",
  more: (count: number) => `${count} more`,
  threshold: "Threshold of |w|",
  thresholdHint: "A connection counts when |w| exceeds the threshold.",
  thresholdExact: "Threshold, exactly",
  trained: (value: string) => `As counted (${value})`,
  counted: (count: number, total: number) => `${count} of ${total} connections`,
  loadings: (mean: string, inputs: number) => `${mean} of ${inputs} loadings a component`,
  deadCount: (count: number, total: number) => `${count} of ${total} units dead`,
  errorAt: (value: string, at: string) => `Squared error ${value}, tracked at |w| > ${at}`,
  accuracyAt: (value: string) => `accuracy on training rows ${value}`,
  untracked: "No error was tracked at or below this threshold.",
  noSweep: "The error over thresholds was not tracked.",
  inWords: "In words",
  atThreshold: (value: string) => `for |w| > ${value}`,
  losses: "Information loss",
  asTrained: (value: string) => `As trained (|w| > ${value})`,
  lossesHint: "0: kept, 1: lost (its mean would do as well), above 1: worse than its mean",
  lossOf: "loss",
  varianceOf: "variance",
  variable: "input",
  noVariance: "constant",
  showAll: (count: number) => `Show all ${count}`,
  showFewer: "Show fewer",
  history: "Training",
  noHistory: "No history was tracked.",
  settings: "Parameters and metrics",

  listed: (names: Phrase[], most: number): Phrase =>
    names.length <= most + 1
      ? joined(names, ", ", " and ")
      : phrase`${joined(names.slice(0, most), ", ")} and ${names.length - most} more`,
  size: (shape: string, live: number, idle: number, threshold: string) =>
    phrase`The network ${shape} has ${live} connection${s(live)} that count${live === 1 ? "s" : ""} (|w| > ${threshold})${idle ? `, and ${idle} more on no path from an input to an output` : ""}.`,
  loadingsOf: (components: number, mean: string, columns: number, threshold: string) =>
    phrase`The ${components} component${s(components)} ${components === 1 ? "has" : "have"} ${mean} of ${columns} loadings that count (|w| > ${threshold})${components === 1 ? "" : ", mean of a component"}.`,
  keptAlone: (name: Phrase, codes: Phrase, count: number) =>
    phrase`${name} is kept alone by code${s(count)} ${codes}.`,
  shares: (names: Phrase, code: number) => phrase`${names} share code ${code}.`,
  mixed: (
    names: Phrase,
    count: number,
    code: number,
    more: Phrase | null,
    others: Phrase | null,
  ) => {
    const fed = more ? phrase`, which is also fed by ${more}` : [];
    const also = others ? phrase`${more ? " and" : ", which"} also rebuilds ${others}` : [];
    return phrase`${names} ${count > 1 ? "share" : "is kept by"} code ${code}${fed}${also}.`;
  },
  transfers: (code: number, targets: Phrase, sources: Phrase) =>
    phrase`Code ${code} rebuilds ${targets} from ${sources}.`,
  lost: (names: Phrase, count: number) =>
    phrase`${names} feed${count === 1 ? "s" : ""} the code, but ${are(count)} not rebuilt.`,
  faint: (names: Phrase, count: number) =>
    phrase`${names} reach${count === 1 ? "es" : ""} the code only faintly.`,
  ignored: (names: Phrase, count: number, variance: string) =>
    phrase`${names} ${are(count)} ignored${variance && `; ${variance}`}.`,
  smallest: (count: number) =>
    count === 1 ? "its variance is the smallest" : `their variances are the ${count} smallest`,
  smallerThanAny: (count: number) =>
    `${count === 1 ? "its" : "their median"} variance is smaller than that of any other variable`,
  exceeds: (count: number, below: number, others: number) =>
    `${count === 1 ? "its" : "their median"} variance exceeds that of ${below} of the ${others} other variables`,
  guessed: (names: Phrase, count: number, codes: Phrase, codeCount: number) =>
    phrase`${names}: ${count === 1 ? "its output is" : "their outputs are"} guessed from other variables, by code${s(codeCount)} ${codes}.`,
  unitsAre: (
    kind: "dead" | "constant",
    numbers: Phrase | null,
    count: number,
    layer: number | null,
  ) => {
    const unit = layer === null ? "code" : "unit";
    const where = layer === null ? "" : ` of hidden layer ${layer}`;
    const one = count === 1 && numbers !== null;
    const what =
      kind === "dead"
        ? one
          ? "is dead: it reaches no output"
          : "are dead: they reach no output"
        : one
          ? "is constant: no input reaches it"
          : "are constant: no input reaches them";
    if (numbers === null) return phrase`All ${count} ${unit}s${where} ${what}.`;
    return phrase`${layer === null ? "Code" : "Unit"}${s(count)} ${numbers}${where} ${what}.`;
  },
  constantOutputs: (names: Phrase, count: number) =>
    phrase`The output${s(count)} of ${names} ${are(count)} constant.`,
  nothingKept: (least: string, beyond: boolean) =>
    phrase`Nothing is kept: no information loss is below ${least} (1 is lost${beyond ? "; above 1 worse than the mean, as a constant beside the mean is" : ""}).`,
  withLoss: (name: Phrase, loss: string) => phrase`${name} (${loss})`,
  leastLost: (best: Phrase, worst: Phrase | null, beyond: boolean) =>
    phrase`Least is lost of ${best}${worst ? phrase`; most of ${worst}` : []} (information loss: 0 kept, 1 lost${beyond ? "; above 1 worse than the mean, as a constant beside the mean is" : ""}).`,
  rankCorrelation: (value: string, meaning: "none" | "more" | "less") =>
    phrase`Rank correlation of variance and information loss: ${value} (${
      meaning === "none" ? "no clear relation" : `variables of small variance lose ${meaning}`
    }).`,
  measure: (share: string, goal: "code" | Output) =>
    phrase`A variable counts for a ${goal} from ${share} of the path strength of the variable that is the strongest there.`,
  reachedBy: (output: Output, outputs: Phrase, count: number, variables: Phrase | null) =>
    phrase`The ${output}${count === 1 ? "" : output === "class" ? "es" : "s"} ${outputs} ${are(count)} reached by ${
      variables ?? "no variable, so it is the same for every row"
    }.`,
  movesBy: (target: Phrase, effects: Phrase) => phrase`On average ${target} moves by ${effects}.`,
  forOneOf: (effect: string, variable: Phrase) => phrase`${effect} for +1 of ${variable}`,
  forLevel: (effect: string, variable: Phrase, level: Phrase, reference: Phrase) =>
    phrase`${effect} for ${variable} ${level} instead of ${reference}`,
  faintlyReach: (output: Output, names: Phrase, count: number, share: string) =>
    phrase`${names} reach${count === 1 ? "es" : ""} some ${output}, but none with ${share} of the strongest there.`,
  reachNone: (output: Output, names: Phrase, count: number) =>
    phrase`${names} reach${count === 1 ? "es" : ""} no ${output}.`,
};

export type InsideWords = typeof en;

const OUTPUTS = { class: "クラス", target: "目的変数" };

const ja: InsideWords = {
  network: (name) => `ネットワーク ${name}`,
  loading: "ネットワークを読み込み中…",
  close: "閉じる",
  register: "モデルとして登録",
  openRun: "MLflow で開く",
  png: "図（PNG）",
  svg: "図（SVG）",
  structure: "構造",
  diagram: (layers, connections) => `ネットワーク ${layers} の構造、結合 ${connections} 本`,
  zoomIn: "拡大",
  zoomOut: "縮小",
  zoomReset: "全体を表示",
  hint: "結合やユニットを指すと詳細を表示します。ドラッグで移動、Ctrl+ホイールで拡大縮小。キー操作：矢印でユニット間を移動、Enter で結合の一覧、+ − 0 で拡大縮小。",
  legend: "色：重みの符号、太さ：|w|（その層の最大値に対する比）。",
  positive: "正",
  negative: "負",
  dead: "無効",
  inputs: "入力",
  outputs: "出力",
  codes: "コード",
  hidden: "隠れ層",
  count: (alive, width) => (alive === width ? `${width}` : `${alive}/${width}`),
  input: (name) => phrase`入力 ${name}`,
  output: (name) => phrase`出力 ${name}`,
  code: (place) => `コード ${place}`,
  hiddenUnit: (place, layer) => `隠れ層 ${layer} のユニット ${place}`,
  noName: "（名前なし）",
  weight: "重み",
  bias: "バイアス",
  isDead: "無効：どの出力にも届きません",
  isConstant: "定数：どの入力も届きません",
  incoming: (count) => `入る結合 ${count} 本`,
  outgoing: (count) => `出る結合 ${count} 本`,
  connectionsOf: "結合：",
  none: "なし",
  more: (count) => `ほか ${count} 本`,
  threshold: "|w| のしきい値",
  thresholdHint: "|w| がしきい値を超える結合を数えます。",
  thresholdExact: "しきい値（数値で指定）",
  trained: (value) => `集計時の値（${value}）`,
  counted: (count, total) => `${total} 本中 ${count} 本の結合`,
  loadings: (mean, inputs) => `主成分あたり ${inputs} 個中 ${mean} 個の負荷量`,
  deadCount: (count, total) => `${total} 個中 ${count} 個のユニットが無効`,
  errorAt: (value, at) => `二乗誤差 ${value}（|w| > ${at} での記録値）`,
  accuracyAt: (value) => `訓練データでの正解率 ${value}`,
  untracked: "このしきい値以下での誤差は記録されていません。",
  noSweep: "しきい値ごとの誤差は記録されていません。",
  inWords: "文章で読む",
  atThreshold: (value) => `|w| > ${value} の場合`,
  losses: "情報損失",
  asTrained: (value: string) => `学習時（|w| > ${value}）`,
  lossesHint: "0：保持、1：喪失（平均値で代用しても同じ）、1 を超える値：平均値より悪い",
  lossOf: "損失",
  varianceOf: "分散",
  variable: "入力",
  noVariance: "定数",
  showAll: (count) => `${count} 件すべてを表示`,
  showFewer: "減らす",
  history: "学習の経過",
  noHistory: "経過は記録されていません。",
  settings: "パラメーターと指標",

  listed: (names, most) =>
    names.length <= most + 1
      ? joined(names, "、")
      : phrase`${joined(names.slice(0, most), "、")}、ほか ${names.length - most} 件`,
  size: (shape, live, idle, threshold) =>
    phrase`ネットワーク ${shape} の有効な結合は ${live} 本です（|w| > ${threshold}）。${idle ? `ほかに、入力から出力への経路上にない結合が ${idle} 本あります。` : ""}`,
  loadingsOf: (components, mean, columns, threshold) =>
    phrase`主成分 ${components} 個の有効な負荷量は、主成分あたり平均 ${columns} 個中 ${mean} 個です（|w| > ${threshold}）。`,
  keptAlone: (name, codes) => phrase`${name} はコード ${codes} が単独で保持します。`,
  shares: (names, code) => phrase`${names} はコード ${code} を共有します。`,
  mixed: (names, count, code, more, others) => {
    const first =
      count > 1
        ? phrase`${names} はコード ${code} を共有します。`
        : phrase`${names} はコード ${code} が保持します。`;
    if (more && others)
      return phrase`${first}このコードには ${more} も入り、${others} も復元されます。`;
    if (more) return phrase`${first}このコードには ${more} も入ります。`;
    return others ? phrase`${first}このコードからは ${others} も復元されます。` : first;
  },
  transfers: (code, targets, sources) =>
    phrase`コード ${code} は ${sources} から ${targets} を復元します。`,
  lost: (names) => phrase`${names} はコードに入りますが、復元されません。`,
  faint: (names) => phrase`${names} はコードにわずかしか届きません。`,
  ignored: (names, _, variance) =>
    phrase`${names} は使われていません${variance && `（${variance}）`}。`,
  smallest: (count) => (count === 1 ? "分散が最も小さい変数" : `分散が最も小さい ${count} 変数`),
  smallerThanAny: (count) => `分散${count === 1 ? "" : "の中央値"}は他のどの変数の分散よりも小さい`,
  exceeds: (count, below, others) =>
    `分散${count === 1 ? "" : "の中央値"}は他の ${others} 変数のうち ${below} 変数の分散を上回る`,
  guessed: (names, _, codes) =>
    phrase`${names} の出力は、コード ${codes} が他の変数から推測したものです。`,
  unitsAre: (kind, numbers, count, layer) => {
    const what =
      kind === "dead" ? "無効です（どの出力にも届きません）" : "定数です（どの入力も届きません）";
    if (numbers === null) {
      const all =
        layer === null ? `${count} 個のコード` : `隠れ層 ${layer} の ${count} 個のユニット`;
      return phrase`${all}はすべて${what}。`;
    }
    const unit = layer === null ? "コード" : `隠れ層 ${layer} のユニット`;
    return phrase`${unit} ${numbers} は${what}。`;
  },
  constantOutputs: (names) => phrase`${names} の出力は定数です。`,
  nothingKept: (least, beyond) =>
    phrase`何も保持されていません：情報損失が ${least} を下回る変数はありません（1 は喪失${beyond ? "、1 を超える値：平均値より悪い（平均値から外れた定数など）" : ""}）。`,
  withLoss: (name, loss) => phrase`${name}（${loss}）`,
  leastLost: (best, worst, beyond) =>
    phrase`情報損失が小さいのは ${best}${worst ? phrase`、大きいのは ${worst}` : []} です（0：保持、1：喪失${beyond ? "、1 を超える値：平均値より悪い（平均値から外れた定数など）" : ""}）。`,
  rankCorrelation: (value, meaning) => {
    const text = {
      none: "はっきりした関係なし",
      more: "分散の小さい変数ほど損失が大きい",
      less: "分散の小さい変数ほど損失が小さい",
    }[meaning];
    return phrase`分散と情報損失の順位相関：${value}（${text}）。`;
  },
  measure: (share, goal) => {
    const where = goal === "code" ? "コード" : OUTPUTS[goal];
    return phrase`各${where}について、経路の強さが最も強い変数の ${share} 以上である変数を数えています。`;
  },
  reachedBy: (output, outputs, _, variables) =>
    variables
      ? phrase`${OUTPUTS[output]} ${outputs} には ${variables} が届きます。`
      : phrase`${OUTPUTS[output]} ${outputs} にはどの変数も届かないため、どの行でも同じ値になります。`,
  movesBy: (target, effects) => phrase`${target} の平均的な変化：${effects}。`,
  forOneOf: (effect, variable) => phrase`${variable} が 1 増えると ${effect}`,
  forLevel: (effect, variable, level, reference) =>
    phrase`${variable} が ${reference} でなく ${level} なら ${effect}`,
  faintlyReach: (output, names, _, share) =>
    phrase`${names} は${OUTPUTS[output]}に届きますが、どの${OUTPUTS[output]}でも最も強い変数の ${share} に達しません。`,
  reachNone: (output, names) => phrase`${names} はどの${OUTPUTS[output]}にも届きません。`,
};

export const inside = { en, ja };
