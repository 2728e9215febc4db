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
import {
  type Curve,
  curvesOf,
  frontOf,
  type Samples,
  sampledIndices,
  sampledMarker,
} from "./curves";
import { Mirrored } from "./mirrored";
import { everyOnce, givenDraws, ownDraws, percentileInterval, type Resampling } from "./resampling";

export type * from "./comparison";

const INDICES: IndexName[] = ["area_marker", "area_axis", "hypervolume_gap"];

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
  const measured = ranked.map((curve): Measured => {
    const values = sampledIndices(curve, once, view.corner);
    const samples = curve.surviving >= 2 ? sampledIndices(curve, resampling, view.corner) : null;
    const indices = Object.fromEntries(
      INDICES.map((index) => [
        index,
        interval(values[index][0] as number, samples?.[index] ?? null, resampling, options),
      ]),
    ) as Record<IndexName, Interval>;
    return { result: resultOf(points, curve, indices, view, resampling, options), samples };
  });
  const best = [...measured].sort((a, b) => byIndex(a.result, b.result, options.index));
  return {
    groups: best.map(({ result }) => result),
    pairs: pairsOf(measured, best[0] ?? null, resampling, options),
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
  samples: Samples | null;
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
    indices,
    networks: curve.networks,
  };
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

function noIndices(): Record<IndexName, Interval> {
  const none = { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  return { area_marker: none, area_axis: none, hypervolume_gap: none };
}

/** Best first; groups without a value last. */
function byIndex(a: GroupResult, b: GroupResult, index: IndexName): number {
  const [first, second] = [a.indices[index].value, b.indices[index].value];
  if (Number.isNaN(first) || Number.isNaN(second)) {
    return Number(Number.isNaN(first)) - Number(Number.isNaN(second));
  }
  return first - second;
}

function pairsOf(
  measured: Measured[],
  best: Measured | null,
  resampling: Resampling,
  options: Options,
): Pair[] {
  const all = measured.length <= MOST_PAIRED;
  const pairs: Pair[] = [];
  for (const index of all ? INDICES : [options.index]) {
    measured.forEach((first, place) => {
      for (const second of measured.slice(place + 1)) {
        if (all || first === best || second === best) {
          pairs.push(pairOf(index, first, second, resampling, options));
        }
      }
    });
  }
  return pairs;
}

/** Indices that differ by no more than this part of the larger are level. */
const ROUNDING = 1e-4;

function pairOf(
  index: IndexName,
  first: Measured,
  second: Measured,
  resampling: Resampling,
  options: Options,
): Pair {
  const [mine, other] = [first.samples?.[index], second.samples?.[index]];
  const [one, another] = [first, second].map(({ result }) => result.indices[index].value) as [
    number,
    number,
  ];
  const differ = Math.abs(one - another) > ROUNDING * Math.max(Math.abs(one), Math.abs(another));
  const difference = interval(
    one - another,
    mine && other ? mine.map((value, draw) => value - (other[draw] as number)) : null,
    resampling,
    options,
  );
  return {
    index,
    first: first.result.group,
    second: second.result.group,
    difference,
    settled: differ && (difference.low > 0 || difference.high < 0),
  };
}
