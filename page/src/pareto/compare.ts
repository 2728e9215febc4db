/** The comparison of groups of runs: curves, indices, intervals, what the replicates settle. */

import type { IndexName } from "../data/types";
import type {
  Comparison,
  GroupResult,
  Interval,
  Marker,
  Options,
  Pair,
  PointSet,
} from "./comparison";
import { type Curve, curvesOf, frontOf, sampledIndices, sampledMarker } from "./curves";
import { differenceInterval, type LeftOut, leavingOut, leftOut } from "./jackknife";
import { Mirrored } from "./mirrored";
import { everyOnce, givenDraws, ownDraws, percentileInterval, type Resampling } from "./resampling";

export type * from "./comparison";

export const INDICES: IndexName[] = ["area_marker", "area_axis", "hypervolume_gap"];

/** With more groups only the pairs with the best one are worked out; all of them are too many. */
const MOST_PAIRED = 24;

/**
 * Compare the groups by all three indices: the numbers of sparse_lightning/comparison/comparison.py.
 *
 * Where larger is better, the coordinates are mirrored, since the indices want less of both:
 * x becomes `axis` − x with the greatest x there is as axis, y becomes −y. Floor, corner and markers
 * are given and returned in the units of the data all the same: the floor is then the greatest y
 * that unregularized runs reach, the corner the least x and y.
 *
 * What is not known is taken from the points: the floor from those of `floorGroup`, else from all,
 * the corner from the worst x and y. An interval needs two replicates.
 */
export function compare(points: PointSet, options: Options): Comparison {
  const apartPlace = options.floorGroup === null ? -1 : points.groups.indexOf(options.floorGroup);
  const view = new Mirrored(points, options, apartPlace);
  const ids = points.replicates ?? replicatesOf(points, apartPlace);
  const columnOf = new Map(ids.map((id, column) => [id, column]));
  const curves = curvesOf(points, view.x, view.y, columnOf, ids.length);
  const apart = curves.get(apartPlace);
  curves.delete(apartPlace);
  const ranked = [...curves.values()];

  const once = everyOnce(ids.length);
  const resampling =
    (options.draws && givenDraws(options.draws, ids.length)) ??
    ownDraws(ids.length, Math.max(1, options.resamples));
  const leaving = leavingOut(ids.length);
  const measured = ranked.map((curve): Measured => {
    const values = sampledIndices(curve, once, view.corner);
    const samples = curve.surviving >= 2 ? sampledIndices(curve, resampling, view.corner) : null;
    const indices = Object.fromEntries(
      INDICES.map((index) => [
        index,
        interval(values[index][0] as number, samples?.[index] ?? null, resampling, options),
      ]),
    ) as Record<IndexName, Interval>;
    if (options.singleApart && curve.ids.length < 2) {
      Object.assign(indices, { area_marker: NONE, area_axis: NONE });
    }
    const result = resultOf(points, curve, indices, view, resampling, options);
    return { result, without: leftOut(curve, leaving, view.corner) };
  });
  markOverall(
    measured.map(({ result }) => result),
    options,
  );
  const best = [...measured].sort((a, b) => byIndex(a.result, b.result, options));
  return {
    groups: best.map(({ result }) => result),
    pairs: pairsOf(measured, best[0] ?? null, options),
    floor: view.floor,
    corner: view.worst,
    floorKnown: view.floorKnown,
    cornerKnown: options.nullError !== null && options.connectionsTotal !== null,
    seeds: ids.length,
    axis: view.axis,
    apart: apart ? resultOf(points, apart, noIndices(), view, resampling, options) : null,
  };
}

interface Measured {
  result: GroupResult;
  without: LeftOut;
}

/** The replicates of the points that are compared, in order. */
function replicatesOf(points: PointSet, apart: number): number[] {
  const found = new Set<number>();
  for (let place = 0; place < points.replicate.length; place += 1) {
    const id = points.replicate[place] as number;
    if (id >= 0 && points.group[place] !== apart) found.add(id);
  }
  return [...found].sort((a, b) => a - b);
}

function resultOf(
  points: PointSet,
  curve: Curve,
  indices: Record<IndexName, Interval>,
  view: Mirrored,
  resampling: Resampling,
  options: Options,
): GroupResult {
  const [moreX, moreY] = [options.xDirection === "max", options.yDirection === "max"];
  const last = curve.ids.length - 1;
  const order = (place: number) => (moreX ? last - place : place);
  const intervalOf = (place: number, mean: number, sums: Float64Array, end: number | null) => {
    const value = end === null ? mean : end - mean;
    return new LazyInterval(value, () => {
      const replicates = (curve.starts[place + 1] as number) - (curve.starts[place] as number);
      if (replicates < 2) return [Number.NaN, Number.NaN];
      const samples = sampledMarker(curve, place, sums, resampling);
      const [low, high] = percentileInterval(samples, resampling.rows, options.confidence);
      return end === null ? [low, high] : [end - high, end - low];
    });
  };
  const endX = moreX ? view.axis : null;
  const endY = moreY ? 0 : null;
  const markers = curve.ids.map(
    (id, place): Marker => ({
      x: intervalOf(place, curve.meanX[place] as number, curve.sumX, endX),
      y: intervalOf(place, curve.meanY[place] as number, curve.sumY, endY),
      points: curve.points[place] as number[],
      label: points.labels?.[id] ?? "",
    }),
  );
  return {
    group: points.groups[curve.place] ?? "",
    place: curve.place,
    markers: moreX ? markers.reverse() : markers,
    front: frontOf(curve)
      .map(order)
      .sort((a, b) => a - b),
    overall: [],
    indices,
    networks: curve.networks,
  };
}

/** Mark the markers that none of any group beats in both x and y. */
function markOverall(groups: GroupResult[], { xDirection, yDirection }: Options): void {
  const sign = { x: xDirection === "max" ? -1 : 1, y: yDirection === "max" ? -1 : 1 };
  const all = groups
    .flatMap(({ markers, front, overall }) =>
      front.map((place) => {
        const { x, y } = markers[place] as Marker;
        return { x: sign.x * x.value, y: sign.y * y.value, place, overall };
      }),
    )
    .sort((a, b) => a.x - b.x || a.y - b.y);
  let least = Number.POSITIVE_INFINITY;
  let reached = Number.NaN;
  for (const { x, y, place, overall } of all) {
    // Several may share a place on the front.
    if (y < least || (y === least && x === reached)) {
      overall.push(place);
      [least, reached] = [y, x];
    }
  }
  for (const { overall } of groups) overall.sort((a, b) => a - b);
}

/**
 * The interval of a marker, worked out when it is asked for: there may be thousands of markers.
 * JSON takes it as any other interval.
 */
class LazyInterval implements Interval {
  readonly value: number;
  readonly #ends: () => [number, number];
  #kept: [number, number] | null = null;

  constructor(value: number, ends: () => [number, number]) {
    this.value = value;
    this.#ends = ends;
  }

  get low(): number {
    this.#kept ??= this.#ends();
    return this.#kept[0];
  }

  get high(): number {
    this.#kept ??= this.#ends();
    return this.#kept[1];
  }

  toJSON(): Interval {
    return { value: this.value, low: this.low, high: this.high };
  }
}

function interval(
  value: number,
  samples: Float64Array | null,
  resampling: Resampling,
  { confidence }: Options,
): Interval {
  if (!samples) return { value, low: Number.NaN, high: Number.NaN };
  const [low, high] = percentileInterval(samples, resampling.rows, confidence);
  return { value, low, high };
}

const NONE: Interval = { value: Number.NaN, low: Number.NaN, high: Number.NaN };

function noIndices(): Record<IndexName, Interval> {
  return { area_marker: NONE, area_axis: NONE, hypervolume_gap: NONE };
}

/** Best first; groups without a value last, and those of one marker where they stand apart. */
function byIndex(a: GroupResult, b: GroupResult, { index, singleApart }: Options): number {
  const alone = Number(a.markers.length < 2) - Number(b.markers.length < 2);
  if (singleApart && alone) return alone;
  const [first, second] = [a.indices[index].value, b.indices[index].value];
  if (Number.isNaN(first) || Number.isNaN(second)) {
    return Number(Number.isNaN(first)) - Number(Number.isNaN(second));
  }
  return first - second;
}

function pairsOf(measured: Measured[], best: Measured | null, options: Options): Pair[] {
  const all = measured.length <= MOST_PAIRED;
  const pairs: Pair[] = [];
  for (const index of all ? INDICES : [options.index]) {
    measured.forEach((first, place) => {
      for (const second of measured.slice(place + 1)) {
        if (all || first === best || second === best) {
          pairs.push(pairOf(index, first, second, options.confidence));
        }
      }
    });
  }
  return pairs;
}

/** Indices that differ by no more than this part of the larger are level. */
const ROUNDING = 1e-4;

/**
 * Whether the seeds settle that a group is worse than the first one, `level` where they do not;
 * null where that is not known, and of curves of one marker.
 */
export function against(
  { groups, pairs, seeds }: Comparison,
  rank: number,
  index: IndexName,
): "worse" | "level" | null {
  const [best, mine] = [groups[0], groups[rank]];
  if (!best || !mine || best === mine || seeds < 2) return null;
  if (best.markers.length < 2 || mine.markers.length < 2) return null;
  const pair = pairs.find(
    ({ index: of, first, second }) =>
      of === index &&
      ((first === best.group && second === mine.group) ||
        (first === mine.group && second === best.group)),
  );
  return pair ? (pair.settled ? "worse" : "level") : null;
}

function pairOf(index: IndexName, first: Measured, second: Measured, confidence: number): Pair {
  const [one, another] = [first, second].map(({ result }) => result.indices[index].value) as [
    number,
    number,
  ];
  const value = one - another;
  const differ = Math.abs(value) > ROUNDING * Math.max(Math.abs(one), Math.abs(another));
  const [low, high] = differenceInterval(first.without, second.without, index, value, confidence);
  return {
    index,
    first: first.result.group,
    second: second.result.group,
    difference: { value, low, high },
    settled: differ && (low > 0 || high < 0),
  };
}
