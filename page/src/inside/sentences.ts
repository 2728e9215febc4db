/** A network in sentences, as sparse_lightning/interpret/sentences.py tells it, in either language. */

import type { CodeReading, Effect, NetworkDetail, VariableReading } from "../data/types";
import type { InsideWords, Output } from "../words/inside";
import { formatNumber } from "../words/number";
import { classPathsAt, type Mappings, mappingsAt, SHARE } from "./mappings";
import type { Phrase } from "./phrase";
import { isAutoencoder, liveConnections, meanLoadings, type Structure } from "./reading";

/** Names a sentence spells out; the rest is counted. */
const MOST = 6;
const MOST_NUMBERS = 12;

/** A rank correlation of at least this size is put into words. */
const CLEAR = 0.5;

/** Where no information loss is smaller, nothing is kept. */
const NOTHING = 0.99;

/** A variable of a greater loss is rebuilt worse than by its mean; it is said what that means. */
const WORSE = 1.005;

type Losses = NonNullable<NetworkDetail["losses"]>;

export interface Sentences {
  /** At the structure's threshold, the most important first. */
  now: Phrase[];
  /** Of the network as it was trained, whatever threshold is chosen. */
  trained: Phrase[];
  /** How variables were counted. */
  measure: Phrase | null;
}

/** All sentences, as sparse_lightning/interpret/sentences.py has them. */
export function sentencesOf(
  detail: NetworkDetail,
  structure: Structure,
  words: InsideWords,
): Phrase[] {
  const { now, trained, measure } = sentencesByTime(detail, structure, words);
  return [...now, ...trained, ...(measure ? [measure] : [])];
}

/** What the network does, apart from what is known of it as it was trained alone. */
export function sentencesByTime(
  detail: NetworkDetail,
  structure: Structure,
  words: InsideWords,
): Sentences {
  const live = liveConnections(structure);
  const threshold = formatNumber(structure.threshold);
  // Of components the loadings of one are counted, as the axis of the comparison has them.
  const size =
    detail.task === "pca"
      ? words.loadingsOf(
          structure.widths[1] ?? 0,
          formatNumber(meanLoadings(structure), 3),
          structure.widths[0] ?? 0,
          threshold,
        )
      : words.size(
          structure.widths.join("-"),
          live,
          structure.connections.length - live,
          threshold,
        );
  const dead = deadSentences(detail, structure, words);
  const share = `${Math.round(100 * SHARE)}%`;
  if (!isAutoencoder(detail)) {
    const output = detail.task === "regressor" ? "target" : "class";
    const reached = outputSentences(detail, structure, share, output, words);
    return { now: [size, ...reached, ...dead], trained: [], measure: words.measure(share, output) };
  }
  const mappings = mappingsAt(detail, structure);
  const trained = detail.losses ? lossSentences(detail.losses, words) : [];
  if (!mappings) return { now: [size, ...dead], trained, measure: null };
  const kept = mappingSentences(mappings, words);
  const lost = notKept(mappings.variables, detail.losses, words);
  return { now: [size, ...kept, ...lost, ...dead], trained, measure: words.measure(share, "code") };
}

/** What a code keeps, alone or with others; null of a code that is dead or constant. */
export function codeSentence(code: CodeReading, words: InsideWords): Phrase | null {
  const sources = names(code.fed_by, words);
  if (code.kind === "identity") return words.keptAlone(sources, numbers([code.code], words), 1);
  if (code.kind === "pseudo-identity") return words.shares(sources, code.code);
  if (code.kind === "transfer")
    return words.transfers(code.code, names(code.rebuilds, words), sources);
  if (code.kind !== "mixed") return null;
  const common = code.fed_by.filter((name) => code.rebuilds.includes(name));
  const more = code.fed_by.filter((name) => !code.rebuilds.includes(name));
  const others = code.rebuilds.filter((name) => !code.fed_by.includes(name));
  return words.mixed(
    names(common, words),
    common.length,
    code.code,
    more.length ? names(more, words) : null,
    others.length ? names(others, words) : null,
  );
}

function mappingSentences({ codes }: Mappings, words: InsideWords): Phrase[] {
  const keepers = new Map<string, number[]>();
  for (const { kind, code, fed_by } of codes) {
    const [name = ""] = fed_by;
    if (kind === "identity") keepers.set(name, [...(keepers.get(name) ?? []), code]);
  }
  const alone = [...keepers].map(([name, places]) =>
    words.keptAlone(names([name], words), numbers(places, words), places.length),
  );
  const rest = (["pseudo-identity", "mixed", "transfer"] as const).flatMap((kind) =>
    codes.filter((code) => code.kind === kind).map((code) => codeSentence(code, words)),
  );
  return [...alone, ...rest.filter((sentence) => sentence !== null)];
}

function notKept(
  variables: VariableReading[],
  losses: Losses | null,
  words: InsideWords,
): Phrase[] {
  const of = (kind: VariableReading["kind"]) => variables.filter((row) => row.kind === kind);
  const called = (rows: VariableReading[]) =>
    names(
      rows.map((row) => row.variable),
      words,
    );
  const [lost, faint, ignored] = [of("lost"), of("faint"), of("ignored")];
  const told: Phrase[] = [];
  if (lost.length) told.push(words.lost(called(lost), lost.length));
  if (faint.length) told.push(words.faint(called(faint), faint.length));
  if (ignored.length) {
    const set = new Set(ignored.map((row) => row.variable));
    const variance = losses ? variancesOf(set, losses, words) : "";
    told.push(words.ignored(called(ignored), ignored.length, variance));
  }
  const guessed = [...faint, ...ignored].filter((row) => row.rebuilt_by.length);
  if (guessed.length) {
    const codes = [...new Set(guessed.flatMap((row) => row.rebuilt_by))].sort((a, b) => a - b);
    told.push(words.guessed(called(guessed), guessed.length, numbers(codes, words), codes.length));
  }
  return told;
}

/** Where the variances of the named variables stand among those of all. */
function variancesOf(chosen: Set<string>, losses: Losses, words: InsideWords): string {
  const of = (is: boolean) =>
    losses
      .filter((row) => chosen.has(row.variable) === is)
      .map((row) => row.variance ?? Number.NaN);
  const [own, others] = [of(true), of(false)];
  if (!others.length || [...own, ...others].some(Number.isNaN)) return "";
  if (Math.max(...own) < Math.min(...others)) return words.smallest(own.length);
  const middle = median(own);
  const below = others.filter((variance) => variance < middle).length;
  return below ? words.exceeds(own.length, below, others.length) : words.smallerThanAny(own.length);
}

function deadSentences(detail: NetworkDetail, structure: Structure, words: InsideWords): Phrase[] {
  const told: Phrase[] = [];
  const { widths, fed, used } = structure;
  for (let layer = 1; layer < widths.length - 1; layer += 1) {
    const units = [...Array(widths[layer]).keys()];
    const feds = fed[layer] as boolean[];
    const uses = used[layer] as boolean[];
    const kinds = {
      dead: units.filter((unit) => !uses[unit]),
      constant: units.filter((unit) => uses[unit] && !feds[unit]),
    };
    for (const kind of ["dead", "constant"] as const) {
      const places = kinds[kind].map((unit) => unit + 1);
      if (!places.length) continue;
      const all = places.length > 1 && places.length === units.length;
      const told_ = all ? null : numbers(places, words);
      const where = layer === detail.code_layer ? null : layer;
      told.push(words.unitsAre(kind, told_, places.length, where));
    }
  }
  if (isAutoencoder(detail)) {
    const ends = detail.variables.filter(
      ({ inputs }) => !inputs.some((unit) => fed.at(-1)?.[unit]),
    );
    const called = names(
      ends.map(({ name }) => name),
      words,
    );
    if (ends.length) told.push(words.constantOutputs(called, ends.length));
  }
  return told;
}

function outputSentences(
  detail: NetworkDetail,
  structure: Structure,
  share: string,
  output: Output,
  words: InsideWords,
): Phrase[] {
  const paths = classPathsAt(detail, structure);
  const reached = new Map<string, { classes: string[]; variables: string[] }>();
  for (const { name, variables } of paths.classes) {
    const key = JSON.stringify(variables);
    const row = reached.get(key) ?? { classes: [], variables };
    row.classes.push(name);
    reached.set(key, row);
  }
  const told = [...reached.values()].map(({ classes, variables }) =>
    words.reachedBy(
      output,
      names(classes, words),
      classes.length,
      variables.length ? names(variables, words) : null,
    ),
  );
  for (const { name, variables } of paths.classes) {
    const moved = largestEffects(detail.effects ?? [], name, variables);
    if (moved.length)
      told.push(
        words.movesBy(
          [{ name }],
          words.listed(
            moved.map((one) => effectPhrase(one, words)),
            MOST,
          ),
        ),
      );
  }
  const of = (kind: string) =>
    paths.variables.filter((row) => row.kind === kind).map((row) => row.variable);
  const [faint, ignored] = [of("faint"), of("ignored")];
  if (faint.length) told.push(words.faintlyReach(output, names(faint, words), faint.length, share));
  if (ignored.length) told.push(words.reachNone(output, names(ignored, words), ignored.length));
  return told;
}

type Known = Effect & { effect: number };

/** What the variables do to a target; of many levels the one that moves it most. */
function largestEffects(effects: Effect[], target: string, variables: string[]): Known[] {
  return variables.flatMap((variable) => {
    const own = effects.filter(
      (one): one is Known =>
        one.target === target && one.variable === variable && one.effect !== null,
    );
    const [first, ...others] = own;
    if (!first) return [];
    return others.reduce(
      (most, one) => (Math.abs(one.effect) > Math.abs(most.effect) ? one : most),
      first,
    );
  });
}

function effectPhrase({ variable, level, reference, effect }: Known, words: InsideWords): Phrase {
  const size = `${effect < 0 ? "" : "+"}${formatNumber(effect, 3)}`;
  if (level === null) return words.forOneOf(size, [{ name: variable }]);
  return words.forLevel(size, [{ name: variable }], [{ name: level }], [{ name: reference ?? "" }]);
}

function lossSentences(losses: Losses, words: InsideWords): Phrase[] {
  const known = losses.flatMap(({ variable, loss }) => (loss === null ? [] : [{ variable, loss }]));
  known.sort((a, b) => a.loss - b.loss);
  const [first] = known;
  if (!first) return [];
  const beyond = (known.at(-1)?.loss ?? 0) > WORSE;
  if (first.loss > NOTHING) return [words.nothingKept(formatNumber(NOTHING), beyond)];
  const half = Math.min(3, Math.ceil(known.length / 2));
  const rest = Math.min(3, known.length - half);
  const worst = known.slice(known.length - rest).reverse();
  const listed = (rows: typeof known) =>
    words.listed(
      rows.map(({ variable, loss }) => words.withLoss([{ name: variable }], formatNumber(loss, 2))),
      MOST,
    );
  const told = [words.leastLost(listed(known.slice(0, half)), rest ? listed(worst) : null, beyond)];
  const pairs = losses.filter((row) => row.variance !== null && row.loss !== null);
  const variances = losses.flatMap((row) => row.variance ?? []);
  const correlation = rankCorrelation(
    pairs.map((row) => row.variance as number),
    pairs.map((row) => row.loss as number),
  );
  // Standardised columns differ in their variances by rounding alone.
  const largest = Math.max(...variances);
  const vary = largest - Math.min(...variances) > 1e-5 * largest;
  if (vary && !Number.isNaN(correlation)) {
    const meaning = Math.abs(correlation) < CLEAR ? "none" : correlation < 0 ? "more" : "less";
    told.push(words.rankCorrelation(correlation.toFixed(2).replace("-", "−"), meaning));
  }
  return told;
}

/** Spearman's rank correlation, equals sharing their mean rank; NaN where it does not exist. */
export function rankCorrelation(one: number[], other: number[]): number {
  if (one.length < 2 || new Set(one).size < 2 || new Set(other).size < 2) return Number.NaN;
  const [a, b] = [ranks(one), ranks(other)];
  const mean = (one.length + 1) / 2;
  const product = (x: number[], y: number[]) =>
    x.reduce((total, value, place) => total + (value - mean) * ((y[place] as number) - mean), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

function ranks(values: number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

function names(list: string[], words: InsideWords): Phrase {
  return words.listed(
    list.map((name) => [{ name }]),
    MOST,
  );
}

function numbers(list: number[], words: InsideWords): Phrase {
  return words.listed(
    list.map((number) => [String(number)]),
    MOST_NUMBERS,
  );
}
