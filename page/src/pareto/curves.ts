/** From points to curves: the means over replicates, for every draw of them. */

import type { IndexName } from "../data/types";
import type { PointSet } from "./comparison";
import {
  areaOf,
  type Corner,
  closingArea,
  gapOf,
  type Scratch,
  scratchOf,
  sortCurve,
} from "./indices";
import type { Resampling } from "./resampling";

/**
 * The points of one group, added up by marker and replicate. The markers are in the order of the
 * curve: by x, of equal x the larger y first, smaller being better.
 */
export interface Curve {
  place: number;
  points: number[][];
  /** Ids of the markers. */
  ids: number[];
  /** Where the cells of each marker begin; one more than there are markers. */
  starts: Int32Array;
  /** Of each cell: its column in the counts of a resampling, its points, their sums. */
  columns: Int32Array;
  sizes: Float64Array;
  sumX: Float64Array;
  sumY: Float64Array;
  meanX: Float64Array;
  meanY: Float64Array;
  /** How many replicates have a point. */
  surviving: number;
  networks: number;
}

/**
 * The curves of all groups that have points, by their places among the groups.
 *
 * @param x mirrored where larger is better
 * @param columnOf the column of each replicate; a run without one stands in the column `replicates`
 */
export function curvesOf(
  points: PointSet,
  x: Float64Array,
  y: Float64Array,
  columnOf: Map<number, number>,
  replicates: number,
): Map<number, Curve> {
  const groups = new Map<number, Map<number, number[]>>();
  for (let place = 0; place < x.length; place += 1) {
    const group = points.group[place] as number;
    const markers = groups.get(group) ?? new Map<number, number[]>();
    groups.set(group, markers);
    const marker = points.marker[place] as number;
    const members = markers.get(marker);
    if (members) members.push(place);
    else markers.set(marker, [place]);
  }
  const columns = Int32Array.from(points.replicate, (id) => columnOf.get(id) ?? replicates);
  const sums = {
    sizes: new Float64Array(replicates + 1),
    x: new Float64Array(replicates + 1),
    y: new Float64Array(replicates + 1),
  };
  return new Map(
    [...groups.keys()]
      .sort((a, b) => a - b)
      .map((place) => [place, curveOf(place, groups.get(place) as Map<number, number[]>)]),
  );

  function curveOf(place: number, markers: Map<number, number[]>): Curve {
    const means = [...markers].map(([id, members]) => {
      let meanX = 0;
      let meanY = 0;
      for (const member of members) {
        meanX += x[member] as number;
        meanY += y[member] as number;
      }
      return { id, members, x: meanX / members.length, y: meanY / members.length };
    });
    means.sort((a, b) => a.x - b.x || b.y - a.y);
    const networks = means.reduce((sum, { members }) => sum + members.length, 0);
    const made: Curve = {
      place,
      points: means.map(({ members }) => members),
      ids: means.map(({ id }) => id),
      starts: new Int32Array(means.length + 1),
      columns: new Int32Array(networks),
      sizes: new Float64Array(networks),
      sumX: new Float64Array(networks),
      sumY: new Float64Array(networks),
      meanX: Float64Array.from(means, (mean) => mean.x),
      meanY: Float64Array.from(means, (mean) => mean.y),
      surviving: 0,
      networks,
    };
    const seen = new Uint8Array(replicates + 1);
    let cell = 0;
    means.forEach(({ members }, marker) => {
      const touched: number[] = [];
      for (const member of members) {
        const column = columns[member] as number;
        if (sums.sizes[column] === 0) touched.push(column);
        sums.sizes[column] = (sums.sizes[column] as number) + 1;
        sums.x[column] = (sums.x[column] as number) + (x[member] as number);
        sums.y[column] = (sums.y[column] as number) + (y[member] as number);
      }
      for (const column of touched.sort((a, b) => a - b)) {
        made.columns[cell] = column;
        made.sizes[cell] = sums.sizes[column] as number;
        made.sumX[cell] = sums.x[column] as number;
        made.sumY[cell] = sums.y[column] as number;
        sums.sizes[column] = sums.x[column] = sums.y[column] = 0;
        if (column < replicates) seen[column] = 1;
        cell += 1;
      }
      made.starts[marker + 1] = cell;
    });
    made.surviving = seen.reduce((sum, one) => sum + one, 0);
    return made;
  }
}

export type Samples = Record<IndexName, Float64Array>;

/** All indices of a curve for each different draw; NaN where no drawn replicate has a point. */
export function sampledIndices(curve: Curve, resampling: Resampling, corner: Corner): Samples {
  const { different } = resampling;
  const xs = new Float64Array(curve.ids.length);
  const ys = new Float64Array(curve.ids.length);
  const scratch: Scratch = scratchOf(curve.ids.length);
  const made: Samples = {
    area_marker: new Float64Array(different),
    area_axis: new Float64Array(different),
    hypervolume_gap: new Float64Array(different),
  };
  // As floats once a draw, because they are multiplied with floats many times.
  const times = new Float64Array(resampling.width);
  for (let draw = 0; draw < different; draw += 1) {
    const row = draw * resampling.width;
    times.set(resampling.counts.subarray(row, row + resampling.width));
    const count = meansOf(curve, times, xs, ys);
    sortCurve(xs, ys, count, scratch);
    const area = areaOf(xs, ys, count, corner.floor);
    made.area_marker[draw] = area;
    made.area_axis[draw] = area + closingArea(xs, ys, corner.floor);
    made.hypervolume_gap[draw] = gapOf(xs, ys, count, corner);
  }
  return made;
}

/**
 * The markers of one draw, without those of which no replicate is drawn; returns how many.
 *
 * @param times how often each replicate is drawn
 */
function meansOf(
  { starts, columns, sizes, sumX, sumY }: Curve,
  times: Float64Array,
  xs: Float64Array,
  ys: Float64Array,
): number {
  const markers = starts.length - 1;
  let count = 0;
  let cell = 0;
  for (let marker = 0; marker < markers; marker += 1) {
    const end = starts[marker + 1] as number;
    let size = 0;
    let x = 0;
    let y = 0;
    for (; cell < end; cell += 1) {
      const drawn = times[columns[cell] as number] as number;
      size += drawn * (sizes[cell] as number);
      x += drawn * (sumX[cell] as number);
      y += drawn * (sumY[cell] as number);
    }
    if (size > 0) {
      xs[count] = x / size;
      ys[count] = y / size;
      count += 1;
    }
  }
  return count;
}

/** One coordinate of one marker for each different draw; NaN where none of its replicates is drawn. */
export function sampledMarker(
  curve: Curve,
  marker: number,
  sums: Float64Array,
  resampling: Resampling,
): Float64Array {
  const [start, end] = [curve.starts[marker] as number, curve.starts[marker + 1] as number];
  const made = new Float64Array(resampling.different);
  for (let draw = 0; draw < resampling.different; draw += 1) {
    let size = 0;
    let sum = 0;
    for (let cell = start; cell < end; cell += 1) {
      const place = draw * resampling.width + (curve.columns[cell] as number);
      const times = resampling.counts[place] as number;
      size += times * (curve.sizes[cell] as number);
      sum += times * (sums[cell] as number);
    }
    made[draw] = size > 0 ? sum / size : Number.NaN;
  }
  return made;
}

/** The markers that no other one beats in x and y, as places on the curve. */
export function frontOf({ meanX, meanY }: Curve): number[] {
  const front: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let place = 0;
  while (place < meanX.length) {
    // Of equal x the least y comes last; several may share it.
    let end = place;
    while (end < meanX.length && meanX[end] === meanX[place]) end += 1;
    const lowest = meanY[end - 1] as number;
    if (lowest < least) {
      least = lowest;
      for (let marker = place; marker < end; marker += 1) {
        if (meanY[marker] === lowest) front.push(marker);
      }
    }
    place = end;
  }
  return front;
}
