/** What is shown, computed from what is loaded and chosen. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Columns, IndexName, StudyFacts } from "../data/types";
import { type Comparison, compare, type PointSet } from "../pareto/compare";
import { usualIndex } from "../pareto/ranges";
import { areCounts, crowded } from "../plot/logarithm";
import { looksOf } from "../plot/looks";
import { choice, type Region } from "../state/choice";
import { FLOOR_GROUP, fronts, gather, type Points } from "./gathering";
import { runs } from "./loading";
import { alike, measureOf, runsOf } from "./studies";

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
  if (choice.value.columns || !runs.value.value) return choice.value.columns;
  return proposed();
});

const wanted = part(() => choice.value.index);
const off = part(() => choice.value.hidden);

export const points = computed<Points | null>(() => {
  const table = runs.value.value?.table;
  const chosen = columns.value;
  return table && chosen ? gather(table, chosen) : null;
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
export const study = computed<StudyFacts | null>(() =>
  studies.value.length === 1 ? (studies.value[0] ?? null) : null,
);

/** The studies of what is shown, and whether one comparison can hold them. */
export const studies = computed<StudyFacts[]>(() => runs.value.value?.runs.studies ?? []);
export const joined = computed(
  () => alike(studies.value) || !runs.value.value?.runs.parents || studies.value.length < 2,
);

export const hidden = computed(() => new Set(off.value));

/** Whether what is compared are networks of this package. */
export const networks = computed(
  () => runs.value.value?.table.texts("params.regularizer").levels.some(Boolean) ?? false,
);

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

function within(brush: Region | null, x: number, y: number): boolean {
  return !brush || (x >= brush[0] && x <= brush[2] && y >= brush[1] && y <= brush[3]);
}

/** The columns that the server proposes, as they are named in the choice. */
function proposed(): Columns {
  const defaults = runs.value.value?.runs.defaults;
  return { ...(defaults as Columns), x: defaults?.x ?? "", y: defaults?.y ?? "" };
}

function compared(
  all: PointSet,
  of: StudyFacts[],
  index: IndexName,
  former: Comparison | null = null,
): Comparison {
  const chosen = columns.value as Columns;
  const bootstrap = runs.value.value?.runs.bootstrap;
  const measure = measureOf(of, chosen, proposed());
  const known = measure.connectionsTotal !== null;
  return compare(all, {
    index,
    singleApart: true,
    floor: former?.floor ?? measure.floor,
    nullError: former?.corner.y ?? measure.nullError,
    connectionsTotal: former?.corner.x ?? measure.connectionsTotal,
    floorGroup: all.groups.includes(FLOOR_GROUP) ? FLOOR_GROUP : null,
    confidence: bootstrap?.confidence ?? 0.95,
    resamples: former && moving.value ? RESAMPLES.moving : RESAMPLES.still,
    draws: known && of.length === 1 ? (bootstrap?.draws ?? null) : null,
    xDirection: chosen.x_direction,
    yDirection: chosen.y_direction,
    ...(former ? { axis: former.axis } : {}),
  });
}

/** The comparison of some of the points; places in it are places among all of them. */
function comparedOf(
  all: PointSet,
  kept: number[],
  of: StudyFacts[],
  index: IndexName,
  former: Comparison | null,
): Comparison {
  const some: PointSet = {
    ...all,
    x: Float64Array.from(kept, (place) => all.x[place] as number),
    y: Float64Array.from(kept, (place) => all.y[place] as number),
    group: Int32Array.from(kept, (place) => all.group[place] as number),
    marker: Int32Array.from(kept, (place) => all.marker[place] as number),
    replicate: Int32Array.from(kept, (place) => all.replicate[place] as number),
  };
  const made = compared(some, of, index, former);
  for (const { markers } of [...made.groups, ...(made.apart ? [made.apart] : [])]) {
    for (const marker of markers) marker.points = marker.points.map((at) => kept[at] as number);
  }
  return made;
}

function wholeBy(all: Points, of: StudyFacts[], chosen: Columns, index: IndexName): Comparison {
  const made = compared(all, of, index);
  if (chosen.marker.length) return made;
  // The corner is that of all runs, also of those that no curve passes through.
  const front = comparedOf(all, fronts(all, chosen), of, index, made);
  return { ...front, floorKnown: made.floorKnown, cornerKnown: made.cornerKnown };
}

function wholeOf(all: Points, of: StudyFacts[], chosen: Columns, index: IndexName | null) {
  if (index) return { index, comparison: wholeBy(all, of, chosen, index) };
  const comparison = wholeBy(all, of, chosen, "hypervolume_gap");
  const usual = usualIndex(comparison, of.length === 1 ? of[0]?.index : undefined);
  if (usual === "hypervolume_gap") return { index: usual, comparison };
  return { index: usual, comparison: wholeBy(all, of, chosen, usual) };
}

const ranked = computed(() => {
  const all = points.value;
  const chosen = columns.value;
  if (!all?.x.length || !chosen || !joined.value) return null;
  return wholeOf(all, studies.value, chosen, wanted.value);
});

/** The whole picture: all groups, all points. */
export const whole = computed<Comparison | null>(() => ranked.value?.comparison ?? null);

/** The index that orders the groups: the chosen one, else the one that is fair to these curves. */
export const order = computed<IndexName>(() => ranked.value?.index ?? "hypervolume_gap");

export interface Multiple {
  study: StudyFacts;
  points: Points;
  comparison: Comparison;
  logs: { x: boolean; y: boolean };
}

/** Studies of different tables or tasks, each compared by itself: there is no joint verdict. */
export const multiples = computed<Multiple[]>(() => {
  const loaded = runs.value.value;
  const chosen = columns.value;
  if (!loaded || !chosen || joined.value) return [];
  return studies.value.flatMap((study) => {
    const among = runsOf(loaded.runs, study);
    const all = gather(loaded.table, chosen, among ?? undefined);
    if (!all.x.length) return [];
    const { comparison } = wholeOf(all, [study], chosen, "hypervolume_gap");
    return [{ study, points: all, comparison, logs: logsOf(all, comparison) }];
  });
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
  const made = comparedOf(all, kept, studies.value, order.value, facts);
  return { ...made, floorKnown: facts.floorKnown, cornerKnown: facts.cornerKnown };
});

const scales = part(() => ({ x: choice.value.xLog, y: choice.value.yLog }));

/** Which axes are logarithmic: as chosen, else where the markers crowd at the low end. */
export const logs = computed(() => logsOf(points.value, whole.value));

function logsOf(all: Points | null, shown: Comparison | null): { x: boolean; y: boolean } {
  const groups = (shown?.groups ?? []).filter(({ group }) => !hidden.value.has(group));
  const markers = groups.flatMap((group) => group.markers);
  const asks = (axis: "x" | "y") =>
    crowded(
      markers.map((marker) => marker[axis].value),
      all !== null && areCounts(all[axis]),
    );
  const { x, y } = scales.value;
  return { x: x ?? asks("x"), y: y ?? asks("y") };
}
