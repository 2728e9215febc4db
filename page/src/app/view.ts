/** What is shown, computed from what is loaded and chosen. */

import { computed, signal } from "@preact/signals";
import type { Columns, StudyFacts } from "../data/types";
import { type Comparison, compare, type PointSet } from "../pareto/compare";
import { choice } from "../state/choice";
import { runs } from "./loading";

export interface Points extends PointSet {
  /** The place of each point among the runs. */
  runs: Int32Array;
  failed: number;
  missing: number;
  nonpositive: number;
}

export const FLOOR_GROUP = "none";

/** While a region is being drawn, intervals of fewer resamples do. */
export const RESAMPLES = { still: 1000, moving: 60 };

export const moving = signal(false);

/** The columns that are compared: the chosen ones, else those that the server proposes. */
export const columns = computed<Columns | null>(
  () => choice.value.columns ?? runs.value.value?.runs.defaults ?? null,
);

export const points = computed<Points | null>(() => {
  const loaded = runs.value.value;
  const chosen = columns.value;
  if (!loaded || !chosen) return null;
  const { table } = loaded;
  const { xLog, yLog } = choice.value;
  const xs = table.numbers(chosen.x);
  const ys = table.numbers(chosen.y);
  const group = chosen.group ? table.texts(chosen.group) : null;
  const markers = chosen.marker.map((name) => table.texts(name));
  const replicate = chosen.replicate ? table.texts(chosen.replicate) : null;
  const kept: number[] = [];
  let failed = 0;
  let missing = 0;
  let nonpositive = 0;
  for (let run = 0; run < table.length; run += 1) {
    const x = xs[run] as number;
    const y = ys[run] as number;
    if (table.failed(run)) failed += 1;
    else if (!Number.isFinite(x) || !Number.isFinite(y)) missing += 1;
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

export const hidden = computed(() => new Set(choice.value.hidden));

/** Which points count: those of groups that are switched on, within the region if one is drawn. */
export const selected = computed<Uint8Array | null>(() => {
  const all = points.value;
  if (!all) return null;
  const { brush } = choice.value;
  const off = all.groups.map((group) => hidden.value.has(group));
  return Uint8Array.from(all.x, (x, place) => {
    const y = all.y[place] as number;
    const inside = !brush || (x >= brush[0] && x <= brush[2] && y >= brush[1] && y <= brush[3]);
    return inside && !off[all.group[place] as number] ? 1 : 0;
  });
});

function comparisonOf(all: PointSet, whole: boolean, resamples: number): Comparison {
  const facts = ours.value ? study.value : null;
  const bootstrap = runs.value.value?.runs.bootstrap;
  const chosen = columns.value as Columns;
  return compare(all, {
    index: choice.value.index,
    floor: facts?.floor ?? null,
    nullError: facts?.null_error ?? null,
    connectionsTotal: facts?.connections_total ?? null,
    floorGroup: all.groups.includes(FLOOR_GROUP) ? FLOOR_GROUP : null,
    confidence: bootstrap?.confidence ?? 0.95,
    resamples,
    draws: whole && facts ? (bootstrap?.draws ?? null) : null,
    xDirection: chosen.x_direction,
    yDirection: chosen.y_direction,
  });
}

/** The whole picture: all groups, all points. */
export const whole = computed<Comparison | null>(() => {
  const all = points.value;
  return all?.x.length ? comparisonOf(all, true, RESAMPLES.still) : null;
});

/** The same of what is selected; it follows the region while it is drawn. */
export const comparison = computed<Comparison | null>(() => {
  const all = points.value;
  const counts = selected.value;
  if (!all || !counts || !whole.value) return whole.value;
  const kept = [...counts.keys()].filter((place) => counts[place]);
  if (kept.length === counts.length) return whole.value;
  if (kept.length === 0) return null;
  const part = <T extends Float64Array | Int32Array>(values: T): T =>
    (values.constructor as unknown as { from(values: number[]): T }).from(
      kept.map((place) => values[place] as number),
    );
  const some: PointSet = {
    x: part(all.x),
    y: part(all.y),
    group: part(all.group),
    marker: part(all.marker),
    replicate: part(all.replicate),
    groups: all.groups,
    ...(all.labels ? { labels: all.labels } : {}),
    ...(all.replicates ? { replicates: all.replicates } : {}),
  };
  // The floor and the corner stay those of the whole: a part is judged by the same measure.
  const facts = whole.value;
  const made = compare(some, {
    index: choice.value.index,
    floor: facts.floor,
    nullError: facts.corner.y,
    connectionsTotal: facts.corner.x,
    floorGroup: all.groups.includes(FLOOR_GROUP) ? FLOOR_GROUP : null,
    confidence: runs.value.value?.runs.bootstrap?.confidence ?? 0.95,
    resamples: moving.value ? RESAMPLES.moving : RESAMPLES.still,
    axis: facts.axis,
    draws: choice.value.brush ? null : (runs.value.value?.runs.bootstrap?.draws ?? null),
    xDirection: (columns.value as Columns).x_direction,
    yDirection: (columns.value as Columns).y_direction,
  });
  return { ...made, floorKnown: facts.floorKnown, cornerKnown: facts.cornerKnown };
});
