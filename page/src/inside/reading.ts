/** What is connected to what at a threshold: the same as `sparse_lightning/interpret/structure.py`. */

import type { NetworkDetail } from "../data/types";

export interface Connection {
  /** Of the unit it leads from; the inputs are layer 0. */
  layer: number;
  source: number;
  /** Unit of the next layer. */
  target: number;
  weight: number;
  /** |weight| as a part of the largest of this layer, at least `THINNEST`. */
  width: number;
  /** It joins two units that are alive. */
  alive: boolean;
}

export interface Structure {
  threshold: number;
  widths: number[];
  /** Per layer and unit: a path of connections leads to it from an input. */
  fed: boolean[][];
  /** Per layer and unit: a path of connections leads from it to an output. */
  used: boolean[][];
  /** Fed and used. */
  alive: boolean[][];
  /** The strong ones last, so that they are drawn over the others; dead ones first. */
  connections: Connection[];
}

/** A unit by its layer and its place there. */
export interface Place {
  layer: number;
  unit: number;
}

/** Of the widest connection of a layer; thinner ones would not be seen. */
export const THINNEST = 0.08;

/** The structure at a threshold: a connection counts when |w| exceeds it. */
export function structureAt(detail: NetworkDetail, threshold: number): Structure {
  const widths = detail.layers.map((layer) => layer.units.length);
  const least = comparable(detail, threshold);
  const counts = detail.weights.map((rows) =>
    rows.map((row) => row.map((w) => Math.abs(w) > least)),
  );
  const fed = [filled(widths[0] ?? 0)];
  for (const [layer, rows] of counts.entries()) {
    const before = fed[layer] as boolean[];
    fed.push(rows.map((row) => row.some((counts, source) => counts && before[source])));
  }
  const used = [filled(widths.at(-1) ?? 0)];
  for (const [layer, rows] of [...counts.entries()].reverse()) {
    const after = used[0] as boolean[];
    used.unshift(
      Array.from({ length: widths[layer] as number }, (_, source) =>
        rows.some((row, target) => row[source] && after[target]),
      ),
    );
  }
  const alive = fed.map((layer, place) => layer.map((is, unit) => is && !!used[place]?.[unit]));
  const connections = detail.weights.flatMap((rows, layer) =>
    ofLayer(rows, counts[layer] as boolean[][], layer, alive),
  );
  connections.sort((a, b) => Number(a.alive) - Number(b.alive) || a.width - b.width);
  return { threshold, widths, fed, used, alive, connections };
}

/** The connections that count at a threshold. */
export function connectionsAt(detail: NetworkDetail, threshold: number): Connection[] {
  return structureAt(detail, threshold).connections;
}

/** How many connections lie on a path from an input to an output. */
export function liveConnections(structure: Structure): number {
  return structure.connections.filter(({ alive }) => alive).length;
}

/** Per layer and unit: no path of connections from an input to an output goes through it. */
export function deadUnitsAt(detail: NetworkDetail, threshold: number): boolean[][] {
  return structureAt(detail, threshold).alive.map((layer) => layer.map((is) => !is));
}

export interface Tracked {
  threshold: number;
  connections: number | null;
  squared_error: number | null;
  accuracy: number | null;
}

/** What was tracked at the nearest threshold at or below this one; null where there is none. */
export function sweepAt(detail: NetworkDetail, threshold: number): Tracked | null {
  const sweep = detail.sweep;
  if (!sweep) return null;
  let best = -1;
  for (const [place, tracked] of sweep.thresholds.entries()) {
    if (tracked <= threshold && (best < 0 || tracked > (sweep.thresholds[best] as number)))
      best = place;
  }
  if (best < 0) return null;
  return {
    threshold: sweep.thresholds[best] as number,
    connections: sweep.connections[best] ?? null,
    squared_error: sweep.squared_error[best] ?? null,
    accuracy: sweep.accuracy?.[best] ?? null,
  };
}

/** Of components, the mean number of loadings of one, as the report counts them: no way back. */
export function meanLoadings(structure: Structure): number {
  const loadings = structure.connections.filter(({ layer }) => layer === 0).length;
  return loadings / (structure.widths[1] ?? 1);
}

/** The connections on paths through a unit; of a living unit only those that are alive. */
export function pathsThrough(structure: Structure, { layer, unit }: Place): Set<Connection> {
  const found = new Set<Connection>();
  const alive = structure.alive[layer]?.[unit] ?? false;
  const steps = structure.widths.slice(1).map((): Connection[] => []);
  for (const one of structure.connections) if (one.alive || !alive) steps[one.layer]?.push(one);
  let reached = new Set([unit]);
  for (const step of steps.slice(layer)) {
    const next = step.filter((one) => reached.has(one.source));
    for (const one of next) found.add(one);
    reached = new Set(next.map((one) => one.target));
  }
  reached = new Set([unit]);
  for (const step of steps.slice(0, layer).reverse()) {
    const before = step.filter((one) => reached.has(one.target));
    for (const one of before) found.add(one);
    reached = new Set(before.map((one) => one.source));
  }
  return found;
}

/** The outputs stand for the inputs. */
export function isAutoencoder(detail: NetworkDetail): boolean {
  const inputs = detail.layers[0]?.units ?? [];
  const outputs = detail.layers.at(-1)?.units ?? [];
  return inputs.length === outputs.length && inputs.every((name, unit) => name === outputs[unit]);
}

/** The largest |w| and the smallest above 0. */
export function rangeOf(detail: NetworkDetail): { smallest: number; largest: number } {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, 0];
  for (const weight of detail.weights.flat(2)) {
    const size = Math.abs(weight);
    if (size > largest) largest = size;
    if (size > 0 && size < smallest) smallest = size;
  }
  return { smallest, largest };
}

/** Compared in the weights' own precision, as training counts: 0.1 in 32 bits is more than 0.1. */
function comparable(detail: NetworkDetail, threshold: number): number {
  const short = detail.weights.every((rows) =>
    rows.every((row) => row.every((weight) => Math.fround(weight) === weight)),
  );
  return short ? Math.fround(threshold) : threshold;
}

function filled(length: number): boolean[] {
  return Array.from({ length }, () => true);
}

function ofLayer(
  rows: number[][],
  counts: boolean[][],
  layer: number,
  alive: boolean[][],
): Connection[] {
  const found: Omit<Connection, "width">[] = [];
  let widest = 0;
  for (const [target, row] of rows.entries()) {
    for (const [source, weight] of row.entries()) {
      if (!counts[target]?.[source]) continue;
      widest = Math.max(widest, Math.abs(weight));
      const both = !!alive[layer]?.[source] && !!alive[layer + 1]?.[target];
      found.push({ layer, source, target, weight, alive: both });
    }
  }
  return found.map((one) => ({
    ...one,
    width: Math.max(THINNEST, Math.abs(one.weight) / widest),
  }));
}
