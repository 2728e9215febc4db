/** What is shown, computed from what is loaded and chosen. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Columns, StudyFacts } from "../data/types";
import { type Comparison, compare, type PointSet } from "../pareto/compare";
import { looksOf } from "../plot/looks";
import { type Choice, choice } from "../state/choice";
import { runs } from "./loading";

export interface Points extends PointSet {
  /** The place of each point among the runs. */
  runs: Int32Array;
  failed: number;
  /** The groups with runs that failed, each with how many of how many did. */
  lost: { group: string; failed: number; total: number }[];
  missing: number;
  nonpositive: number;
}

export const FLOOR_GROUP = "none";

/** While a region is being drawn, intervals of fewer resamples do. */
export const RESAMPLES = { still: 1000, moving: 60 };

export const moving = signal(false);

/** `light` or `dark`, as the document is dressed. */
export const shade = signal("light");

/** A part of what is chosen that changes only with its content, not with every step of a region. */
function part<T>(read: () => T): ReadonlySignal<T> {
  let last: { text: string; value: T } | null = null;
  return computed(() => {
    const value = read();
    const text = JSON.stringify(value);
    if (last?.text !== text) last = { text, value };
    return last.value;
  });
}

/** The columns that are compared: the chosen ones, else those that the server proposes. */
export const columns = part<Columns | null>(() => {
  const proposed = runs.value.value?.runs.defaults;
  if (choice.value.columns || !proposed) return choice.value.columns;
  return { ...proposed, x: proposed.x ?? "", y: proposed.y ?? "" };
});

const logs = part(() => ({ xLog: choice.value.xLog, yLog: choice.value.yLog }));
const index = part(() => choice.value.index);
const off = part(() => choice.value.hidden);

export const points = computed<Points | null>(() => {
  const loaded = runs.value.value;
  const chosen = columns.value;
  if (!loaded || !chosen) return null;
  const { table } = loaded;
  const { xLog, yLog } = logs.value;
  const xs = table.numbers(chosen.x);
  const ys = table.numbers(chosen.y);
  const group = chosen.group ? table.texts(chosen.group) : null;
  const markers = chosen.marker.map((name) => table.texts(name));
  const replicate = chosen.replicate ? table.texts(chosen.replicate) : null;
  const kept: number[] = [];
  let failed = 0;
  const lost = new Map<string, { group: string; failed: number; total: number }>();
  let missing = 0;
  let nonpositive = 0;
  for (let run = 0; run < table.length; run += 1) {
    const x = xs[run] as number;
    const y = ys[run] as number;
    const name = group ? (group.levels[group.codes[run] ?? -1] ?? "–") : "";
    const counts = lost.get(name) ?? { group: name, failed: 0, total: 0 };
    lost.set(name, counts);
    counts.total += 1;
    if (table.failed(run)) {
      failed += 1;
      counts.failed += 1;
    }
    if (table.failed(run)) continue;
    if (!Number.isFinite(x) || !Number.isFinite(y)) missing += 1;
    else if ((xLog && x <= 0) || (yLog && y <= 0)) nonpositive += 1;
    else kept.push(run);
  }
  const places = new Map<string, number>();
  const labels: string[] = [];
  const markerPlaces = new Map<string, number>();
  const count = kept.length;
  const made: Points = {
    x: new Float64Array(count),
    y: new Float64Array(count),
    group: new Int32Array(count),
    marker: new Int32Array(count),
    replicate: new Int32Array(count),
    runs: Int32Array.from(kept),
    groups: [],
    failed,
    lost: [...lost.values()].filter((counts) => counts.failed > 0),
    missing,
    nonpositive,
  };
  const placeOf = (map: Map<string, number>, key: string): number => {
    const known = map.get(key);
    if (known !== undefined) return known;
    map.set(key, map.size);
    return map.size - 1;
  };
  kept.forEach((run, place) => {
    made.x[place] = xs[run] as number;
    made.y[place] = ys[run] as number;
    const name = group ? (group.levels[group.codes[run] ?? -1] ?? "–") : "";
    made.group[place] = placeOf(places, name);
    // Without columns that say which runs belong together every run is a marker of its own.
    const key = markers.length
      ? markers.map((column) => column.codes[run] ?? -1).join(" ")
      : String(run);
    made.marker[place] = placeOf(markerPlaces, key);
    labels[made.marker[place] as number] ??= chosen.marker
      .map((column, at) => {
        const value = markers[at]?.levels[markers[at]?.codes[run] ?? -1] ?? "–";
        return `${column.replace(/^(params|tags)\./, "")} ${value}`;
      })
      .join(", ");
    made.replicate[place] = replicate ? (replicate.codes[run] ?? -1) : -1;
  });
  made.groups = [...places.keys()];
  made.labels = labels;
  if (replicate) {
    // Seeds whose runs all failed count as well: the server's draws are of all seeds there were.
    const all = new Set<number>();
    replicate.codes.forEach((code, run) => {
      const name = group?.levels[group.codes[run] ?? -1];
      if (code >= 0 && name !== FLOOR_GROUP) all.add(code);
    });
    made.replicates = [...all].sort((a, b) => a - b);
  }
  return made;
});

/** The ids of the runs of the points. */
export const ids = computed<string[]>(() => {
  const table = runs.value.value?.table;
  return Array.from(points.value?.runs ?? [], (run) => table?.id(run) ?? "");
});

const palette = part(() => choice.value.palette);

/** How each group is drawn. */
export const looks = computed(() =>
  looksOf(points.value?.groups ?? [], palette.value, shade.value === "dark"),
);

/** The one study that everything shown belongs to, if it is one. */
export const study = computed<StudyFacts | null>(() => {
  const studies = runs.value.value?.runs.studies ?? [];
  return studies.length === 1 ? (studies[0] ?? null) : null;
});

const ours = computed(() => {
  const defaults = runs.value.value?.runs.defaults;
  const chosen = columns.value;
  return (
    defaults?.x === chosen?.x &&
    defaults?.y === chosen?.y &&
    defaults?.x_direction === chosen?.x_direction &&
    defaults?.y_direction === chosen?.y_direction
  );
});

export const hidden = computed(() => new Set(off.value));

/** Which points lie in the region, if one is drawn, and are of groups that are switched on. */
export const selected = computed<Uint8Array | null>(() => {
  const all = points.value;
  if (!all) return null;
  const { brush } = choice.value;
  const gone = all.groups.map((group) => hidden.value.has(group));
  return Uint8Array.from(all.x, (x, place) =>
    within(brush, x, all.y[place] as number) && !gone[all.group[place] as number] ? 1 : 0,
  );
});

function within(brush: Choice["brush"], x: number, y: number): boolean {
  return !brush || (x >= brush[0] && x <= brush[2] && y >= brush[1] && y <= brush[3]);
}

function compared(all: PointSet, floor: Comparison | null): Comparison {
  const facts = ours.value ? study.value : null;
  const bootstrap = runs.value.value?.runs.bootstrap;
  const chosen = columns.value as Columns;
  return compare(all, {
    index: index.value,
    floor: floor?.floor ?? facts?.floor ?? null,
    nullError: floor?.corner.y ?? facts?.null_error ?? null,
    connectionsTotal: floor?.corner.x ?? facts?.connections_total ?? null,
    floorGroup: all.groups.includes(FLOOR_GROUP) ? FLOOR_GROUP : null,
    confidence: bootstrap?.confidence ?? 0.95,
    resamples: floor && moving.value ? RESAMPLES.moving : RESAMPLES.still,
    draws: facts ? (bootstrap?.draws ?? null) : null,
    xDirection: chosen.x_direction,
    yDirection: chosen.y_direction,
    ...(floor ? { axis: floor.axis } : {}),
  });
}

/** The comparison of some of the points; places in it are places among all of them. */
function comparedOf(all: PointSet, kept: number[], floor: Comparison | null): Comparison {
  const some: PointSet = {
    ...all,
    x: Float64Array.from(kept, (place) => all.x[place] as number),
    y: Float64Array.from(kept, (place) => all.y[place] as number),
    group: Int32Array.from(kept, (place) => all.group[place] as number),
    marker: Int32Array.from(kept, (place) => all.marker[place] as number),
    replicate: Int32Array.from(kept, (place) => all.replicate[place] as number),
  };
  const made = compared(some, floor);
  for (const { markers } of [...made.groups, ...(made.apart ? [made.apart] : [])]) {
    for (const marker of markers) marker.points = marker.points.map((at) => kept[at] as number);
  }
  return made;
}

/**
 * The points of each group that no other one of it beats in both x and y.
 *
 * Where no columns say which runs belong together, a curve through all runs would mean nothing.
 */
function fronts(all: PointSet, chosen: Columns): number[] {
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

/** The whole picture: all groups, all points. */
export const whole = computed<Comparison | null>(() => {
  const all = points.value;
  const chosen = columns.value;
  if (!all?.x.length || !chosen) return null;
  if (chosen.marker.length) return compared(all, null);
  // The corner is that of all runs, also of those that no curve passes through.
  const made = compared(all, null);
  const front = comparedOf(all, fronts(all, chosen), made);
  return { ...front, floorKnown: made.floorKnown, cornerKnown: made.cornerKnown };
});

/**
 * The same of what is selected; it follows the region while it is drawn.
 *
 * A marker counts, with all of its runs, where its mean lies in the region: were runs chosen one
 * by one, by what came of them, their means and intervals would be of a biased choice. The floor
 * and the corner stay those of the whole, so that a part is judged by the same measure.
 */
export const comparison = computed<Comparison | null>(() => {
  const all = points.value;
  const facts = whole.value;
  if (!all || !facts) return null;
  const { brush } = choice.value;
  if (!brush && hidden.value.size === 0) return facts;
  const shown = [...facts.groups, ...(facts.apart ? [facts.apart] : [])];
  const kept = shown
    .filter(({ group }) => !hidden.value.has(group))
    .flatMap(({ markers }) => markers)
    .filter(({ x, y }) => within(brush, x.value, y.value))
    .flatMap((marker) => marker.points)
    .sort((a, b) => a - b);
  if (kept.length === 0) return null;
  const made = comparedOf(all, kept, facts);
  return { ...made, floorKnown: facts.floorKnown, cornerKnown: facts.cornerKnown };
});
