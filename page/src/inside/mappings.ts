/**
 * Which variables each code keeps, and which reach each class, at a threshold: the same as
 * `sparse_lightning/interpret/{paths,mappings,class_paths}.py`, so that the words follow the slider.
 */

import type { CodeReading, NetworkDetail, VariableReading } from "../data/types";
import { isAutoencoder, type Structure } from "./reading";

/** Of the strength of a unit's strongest variable; weaker variables are left out. */
export const SHARE = 0.3;

const CODE_KINDS = ["identity", "pseudo-identity", "mixed", "transfer", "constant", "dead"];
const VARIABLE_KINDS = ["alone", "shared", "crossed", "lost", "faint", "ignored"];

export interface Mappings {
  codes: CodeReading[];
  variables: VariableReading[];
}

export interface ClassPaths {
  classes: { name: string; variables: string[] }[];
  /** In the order of their strength; `used` first. */
  variables: { variable: string; kind: "used" | "faint" | "ignored" }[];
}

/** Of an autoencoder with codes; null of another network. */
export function mappingsAt(detail: NetworkDetail, structure: Structure): Mappings | null {
  const code = detail.code_layer;
  const last = structure.widths.length - 1;
  if (code === null || code <= 0 || code >= last || !isAutoencoder(detail)) return null;
  // What the server read stands as it is.
  if (structure.threshold === detail.threshold && detail.codes && detail.variables_read)
    return { codes: detail.codes, variables: detail.variables_read };
  const feeding = reaching(detail, structure, code);
  const rebuilding = rebuildingOf(detail, structure, code);
  const fed = feeding.map(noticeable);
  const rebuilt = rebuilding.map(noticeable);
  const codes = feeding.map((row, place): CodeReading => {
    const sources = strongestFirst(row, fed[place] as boolean[]);
    const targets = strongestFirst(rebuilding[place] as number[], rebuilt[place] as boolean[]);
    return {
      code: place + 1,
      kind: kindOfCode(structure, code, place, sources, targets),
      fed_by: sources.map((one) => nameOf(detail, one)),
      rebuilds: targets.map((one) => nameOf(detail, one)),
    };
  });
  codes.sort((a, b) => CODE_KINDS.indexOf(a.kind) - CODE_KINDS.indexOf(b.kind) || a.code - b.code);
  const rows = detail.variables.map((_, place) =>
    variableRow(detail, place, { feeding, rebuilding, fed, rebuilt }),
  );
  rows.sort(
    (a, b) =>
      VARIABLE_KINDS.indexOf(a.row.kind) - VARIABLE_KINDS.indexOf(b.row.kind) ||
      b.strength - a.strength,
  );
  return { codes, variables: rows.map(({ row }) => row) };
}

/** What reaches the outputs of a network that is no autoencoder. */
export function classPathsAt(detail: NetworkDetail, structure: Structure): ClassPaths {
  const paths = reaching(detail, structure, structure.widths.length - 1);
  const reached = paths.map(noticeable);
  const rows = detail.variables.map(({ name }, place) => {
    const column = paths.map((row) => row[place] as number);
    const some = column.some((strength) => strength > 0) ? "faint" : "ignored";
    const kind = reached.some((row) => row[place]) ? "used" : some;
    return { variable: name, kind, strength: sum(column) } as const;
  });
  const kinds = ["used", "faint", "ignored"];
  rows.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || b.strength - a.strength);
  const outputs = detail.layers.at(-1)?.units ?? [];
  return {
    classes: outputs.map((name, place) => ({
      name,
      variables: strongestFirst(paths[place] as number[], reached[place] as boolean[]).map((one) =>
        nameOf(detail, one),
      ),
    })),
    variables: rows.map(({ variable, kind }) => ({ variable, kind })),
  };
}

interface Paths {
  /** All `[code][variable]`. */
  feeding: number[][];
  rebuilding: number[][];
  fed: boolean[][];
  rebuilt: boolean[][];
}

function variableRow(detail: NetworkDetail, place: number, paths: Paths) {
  const { feeding, rebuilding, fed, rebuilt } = paths;
  const column = <T>(table: T[][]): T[] => table.map((row) => row[place] as T);
  const feeds = column(fed);
  const back = column(rebuilt);
  const own = feeds.map((is, code) => is && !!back[code]);
  const identity = own.some((is, code) => is && single(fed[code]) && single(rebuilt[code]));
  const through = feeding.map((row, code) => row.map((s, v) => s * (rebuilding[code]?.[v] ?? 0)));
  const kind = identity
    ? "alone"
    : own.some(Boolean)
      ? "shared"
      : feeds.some(Boolean)
        ? back.some(Boolean)
          ? "crossed"
          : "lost"
        : column(feeding).some((strength) => strength > 0)
          ? "faint"
          : "ignored";
  const others = detail.variables.map(
    (_, other) =>
      other !== place &&
      own.some((is, code) => is && !!fed[code]?.[other] && !!rebuilt[code]?.[other]),
  );
  const shared = detail.variables.map((_, other) =>
    sum(through.map((row, code) => (own[code] ? (row[other] as number) : 0))),
  );
  const row: VariableReading = {
    variable: nameOf(detail, place),
    kind,
    feeds: strongestFirst(column(feeding), feeds).map((code) => code + 1),
    rebuilt_by: strongestFirst(column(rebuilding), back).map((code) => code + 1),
    partners: strongestFirst(shared, others).map((one) => nameOf(detail, one)),
  };
  return { row, strength: sum(column(through)) };
}

function kindOfCode(
  structure: Structure,
  layer: number,
  code: number,
  sources: number[],
  targets: number[],
): CodeReading["kind"] {
  if (!structure.used[layer]?.[code]) return "dead";
  if (!structure.fed[layer]?.[code]) return "constant";
  const common = sources.filter((one) => targets.includes(one)).length;
  const either = sources.length + targets.length - common;
  if (common === either) return either === 1 ? "identity" : "pseudo-identity";
  return common ? "mixed" : "transfer";
}

/** How strongly each variable reaches the units of a layer: the root mean square of its paths
 * together and of independent ones, weighed by what varies over the rows. */
function reaching(detail: NetworkDetail, structure: Structure, end: number): number[][] {
  const weights = liveWeights(structure).slice(0, end);
  const [first = [], ...others] = weights;
  const together = variances(detail, others.reduce(after, first));
  const independent = others.map(squared).reduce(after, variances(detail, first));
  return rootMean(together, independent);
}

/** How strongly each code acts on a variable's outputs, which are one vector. */
function rebuildingOf(detail: NetworkDetail, structure: Structure, code: number): number[][] {
  const [first = [], ...others] = liveWeights(structure).slice(code);
  const together = squared(others.reduce(after, first));
  const independent = others.map(squared).reduce(after, squared(first));
  const sums = (rows: number[][]) =>
    (rows[0] ?? []).map((_, unit) =>
      detail.variables.map(({ inputs }) => sum(inputs.map((k) => rows[k]?.[unit] as number))),
    );
  return rootMean(sums(together), sums(independent));
}

/** The variance of what each variable sends through weights, over the rows. */
function variances(detail: NetworkDetail, weights: number[][]): number[][] {
  const moments = detail.moments;
  return weights.map((row) =>
    detail.variables.map(({ inputs }) => {
      const squares = sum(inputs.map((k) => (row[k] as number) ** 2 * (moments?.squares[k] ?? 1)));
      const mean = sum(inputs.map((k) => (row[k] as number) * (moments?.means[k] ?? 0)));
      // Levels that are all weighed alike send a constant; what is left of it is rounding.
      const variance = squares - mean ** 2;
      return variance > 1e-12 * squares ? variance : 0;
    }),
  );
}

/** The weights of live connections behind each layer, `[unit of the next][unit]`. */
function liveWeights(structure: Structure): number[][][] {
  const found = structure.widths
    .slice(1)
    .map((units, layer) =>
      Array.from({ length: units }, () =>
        Array.from({ length: structure.widths[layer] as number }, () => 0),
      ),
    );
  for (const { layer, source, target, weight, alive } of structure.connections)
    if (alive) (found[layer]?.[target] as number[])[source] = weight;
  return found;
}

/** What weights make of what arrives before them: their product. */
function after(before: number[][], weights: number[][]): number[][] {
  return weights.map((row) =>
    (before[0] ?? []).map((_, column) =>
      sum(row.map((weight, unit) => weight * (before[unit]?.[column] as number))),
    ),
  );
}

function squared(rows: number[][]): number[][] {
  return rows.map((row) => row.map((value) => value ** 2));
}

function rootMean(one: number[][], other: number[][]): number[][] {
  return one.map((row, y) =>
    row.map((value, x) => Math.sqrt((value + (other[y]?.[x] as number)) / 2)),
  );
}

function noticeable(row: number[]): boolean[] {
  const strongest = Math.max(0, ...row);
  return row.map((strength) => strength > 0 && strength >= SHARE * strongest);
}

function strongestFirst(row: number[], chosen: boolean[]): number[] {
  return [...row.keys()]
    .filter((place) => chosen[place])
    .sort((a, b) => (row[b] as number) - (row[a] as number));
}

function nameOf(detail: NetworkDetail, variable: number): string {
  return detail.variables[variable]?.name ?? "";
}

function single(row: boolean[] | undefined): boolean {
  return row?.filter(Boolean).length === 1;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
