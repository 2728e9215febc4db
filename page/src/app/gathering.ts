/** From runs as columns to the points of a comparison. */

import type { RunTable } from "../data/table";
import type { Columns } from "../data/types";
import type { PointSet } from "../pareto/compare";

export interface Points extends PointSet {
  /** The place of each point among the runs. */
  runs: Int32Array;
  labels: string[];
  failed: number;
  /** The groups with runs that failed, each with how many of how many did. */
  lost: { group: string; failed: number; total: number }[];
  missing: number;
}

export const FLOOR_GROUP = "none";

/**
 * The points of the runs that did not fail and have both measures.
 *
 * @param among which runs are meant; default: all
 */
export function gather(
  table: RunTable,
  chosen: Columns,
  among: (run: number) => boolean = () => true,
): Points {
  const [xs, ys] = [table.numbers(chosen.x), table.numbers(chosen.y)];
  const group = chosen.group ? table.texts(chosen.group) : null;
  const markers = chosen.marker.map((name) => ({ name, ...table.texts(name) }));
  const replicate = chosen.replicate ? table.texts(chosen.replicate) : null;
  const nameOf = (run: number) => (group ? (group.levels[group.codes[run] ?? -1] ?? "–") : "");
  const kept: number[] = [];
  const lost = new Map<string, { group: string; failed: number; total: number }>();
  let missing = 0;
  for (let run = 0; run < table.length; run += 1) {
    if (!among(run)) continue;
    const name = nameOf(run);
    const counts = lost.get(name) ?? { group: name, failed: 0, total: 0 };
    lost.set(name, counts);
    counts.total += 1;
    if (table.failed(run)) counts.failed += 1;
    else if (!Number.isFinite(xs[run]) || !Number.isFinite(ys[run])) missing += 1;
    else kept.push(run);
  }
  const groups = places<string>();
  const settings = places<string>();
  const labels: string[] = [];
  const count = kept.length;
  const made: Points = {
    x: Float64Array.from(kept, (run) => xs[run] as number),
    y: Float64Array.from(kept, (run) => ys[run] as number),
    group: new Int32Array(count),
    marker: new Int32Array(count),
    replicate: Int32Array.from(kept, (run) => replicate?.codes[run] ?? -1),
    runs: Int32Array.from(kept),
    groups: [],
    labels,
    failed: [...lost.values()].reduce((sum, { failed }) => sum + failed, 0),
    lost: [...lost.values()].filter(({ failed }) => failed > 0),
    missing,
  };
  const varies = varying(kept, markers, nameOf);
  kept.forEach((run, place) => {
    made.group[place] = groups.of(nameOf(run));
    // Without columns that say which runs belong together every run is a marker of its own.
    const key = markers.length
      ? markers.map(({ codes }) => codes[run] ?? -1).join(" ")
      : String(run);
    const marker = settings.of(key);
    made.marker[place] = marker;
    labels[marker] ??= markers
      .flatMap(({ name, levels, codes }) => {
        const value = levels[codes[run] ?? -1];
        // What all runs of a group have, or none, says nothing.
        const told = value !== undefined && varies(nameOf(run), name);
        return told ? [`${bare(name)} ${value}`] : [];
      })
      .join(", ");
  });
  made.groups = groups.all();
  if (replicate) made.replicates = replicates(table.length, replicate.codes, nameOf, among);
  return made;
}

/** Whether a column differs among the runs of a group. */
function varying(
  kept: number[],
  columns: { name: string; codes: number[] }[],
  nameOf: (run: number) => string,
): (group: string, name: string) => boolean {
  const first = new Map<string, number[]>();
  const found = new Map<string, Set<string>>();
  for (const run of kept) {
    const group = nameOf(run);
    const codes = first.get(group);
    if (!codes) {
      first.set(
        group,
        columns.map((column) => column.codes[run] ?? -1),
      );
      found.set(group, new Set());
      continue;
    }
    columns.forEach((column, place) => {
      if ((column.codes[run] ?? -1) !== codes[place]) found.get(group)?.add(column.name);
    });
  }
  return (group, name) => found.get(group)?.has(name) ?? false;
}

/** Seeds whose runs all failed count as well: the server's draws are of all seeds there were. */
function replicates(
  length: number,
  codes: number[],
  nameOf: (run: number) => string,
  among: (run: number) => boolean,
): number[] {
  const all = new Set<number>();
  for (let run = 0; run < length; run += 1) {
    const code = codes[run] ?? -1;
    if (code >= 0 && nameOf(run) !== FLOOR_GROUP && among(run)) all.add(code);
  }
  return [...all].sort((a, b) => a - b);
}

/** The name of a column without where it comes from. */
export function bare(column: string): string {
  return column.replace(/^(params|tags)\./, "");
}

function places<Key>() {
  const known = new Map<Key, number>();
  return {
    of(key: Key): number {
      const place = known.get(key) ?? known.size;
      known.set(key, place);
      return place;
    },
    all: () => [...known.keys()],
  };
}

/**
 * The points of each group that no other one of it beats in both x and y.
 *
 * Where no columns say which runs belong together, a curve through all runs would mean nothing.
 */
export function fronts(all: PointSet, chosen: Columns): number[] {
  const x = (place: number) => (all.x[place] as number) * (chosen.x_direction === "max" ? -1 : 1);
  const y = (place: number) => (all.y[place] as number) * (chosen.y_direction === "max" ? -1 : 1);
  const least = new Map<number, number>();
  return [...all.x.keys()]
    .sort((a, b) => x(a) - x(b) || y(a) - y(b) || a - b)
    .filter((place) => {
      const group = all.group[place] as number;
      if (y(place) >= (least.get(group) ?? Number.POSITIVE_INFINITY)) return false;
      least.set(group, y(place));
      return true;
    })
    .sort((a, b) => a - b);
}
