/**
 * The indices of one Pareto curve, as in sparse_lightning/comparison/indices.py: two areas above the
 * floor, and the hypervolume that is missing. Smaller is better for all three, and for x and y.
 */

export type Closure = "marker" | "axis";

export interface Corner {
  floor: number;
  nullError: number;
  connectionsTotal: number;
}

/**
 * The signed area between a curve and the floor, with the markers sorted by x (of equal x the
 * larger y first):
 *
 *     marker:  Σᵢ (xᵢ₊₁ − xᵢ) ((yᵢ + yᵢ₊₁) / 2 − floor)
 *     axis:    the same + x₁ (y₁ − floor)
 *
 * A single marker has area 0 under `marker`; NaN without markers.
 */
export function areaIndex(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  floor: number,
  closure: Closure = "marker",
): number {
  const [xs, ys] = sorted(x, y);
  const area = areaOf(xs, ys, xs.length, floor);
  return closure === "axis" ? area + closingArea(xs, ys, floor) : area;
}

/**
 * The share of the ideal hypervolume that the markers leave uncovered, 1 − HV / (n (e − floor)),
 * HV dominated by the markers up to the corner (n, e). Markers that do not lie before the corner in
 * both x and y do not count. NaN without markers, or where the corner is not above the floor.
 */
export function hypervolumeGap(x: ArrayLike<number>, y: ArrayLike<number>, corner: Corner): number {
  const [xs, ys] = sorted(x, y);
  return gapOf(xs, ys, xs.length, corner);
}

/** `areaIndex` closed at the leftmost marker, of the first `count` markers of a sorted curve. */
export function areaOf(xs: Float64Array, ys: Float64Array, count: number, floor: number): number {
  if (count === 0) return Number.NaN;
  let area = 0;
  let x = xs[0] as number;
  let height = (ys[0] as number) - floor;
  for (let marker = 1; marker < count; marker += 1) {
    const nextX = xs[marker] as number;
    const nextHeight = (ys[marker] as number) - floor;
    area += ((nextX - x) * (height + nextHeight)) / 2;
    x = nextX;
    height = nextHeight;
  }
  return area;
}

/** What the closure `axis` adds to a sorted curve. */
export function closingArea(xs: Float64Array, ys: Float64Array, floor: number): number {
  return (xs[0] as number) * ((ys[0] as number) - floor);
}

/** `hypervolumeGap` of the first `count` markers of a sorted curve. */
export function gapOf(xs: Float64Array, ys: Float64Array, count: number, corner: Corner): number {
  const { floor, nullError, connectionsTotal } = corner;
  if (count === 0 || !(nullError > floor) || !(connectionsTotal > 0)) return Number.NaN;
  let covered = 0;
  let least = nullError;
  for (let marker = 0; marker < count; marker += 1) {
    const x = xs[marker] as number;
    const y = ys[marker] as number;
    if (x >= connectionsTotal) break;
    if (y < least) {
      covered += (connectionsTotal - x) * (least - y);
      least = y;
    }
  }
  return 1 - covered / (connectionsTotal * (nullError - floor));
}

function sorted(x: ArrayLike<number>, y: ArrayLike<number>): [Float64Array, Float64Array] {
  const xs = Float64Array.from(x);
  const ys = Float64Array.from(y);
  sortCurve(xs, ys, xs.length, scratchOf(xs.length));
  return [xs, ys];
}

export interface Scratch {
  x: Float64Array;
  y: Float64Array;
}

export function scratchOf(length: number): Scratch {
  return { x: new Float64Array(length), y: new Float64Array(length) };
}

const CHUNK = 16;

/**
 * Sort the first `count` markers by x, of equal x the larger y first, in place.
 *
 * A merge sort of both arrays at once, because resampled curves are sorted by the thousand and
 * are nearly in order already; parts in order are left as they are.
 */
export function sortCurve(
  xs: Float64Array,
  ys: Float64Array,
  count: number,
  scratch: Scratch,
): void {
  for (let start = 0; start < count; start += CHUNK) {
    insertionSort(xs, ys, start, Math.min(start + CHUNK, count));
  }
  for (let width = CHUNK; width < count; width *= 2) {
    for (let start = 0; start + width < count; start += 2 * width) {
      merge(xs, ys, start, start + width, Math.min(start + 2 * width, count), scratch);
    }
  }
}

function insertionSort(xs: Float64Array, ys: Float64Array, start: number, end: number): void {
  for (let next = start + 1; next < end; next += 1) {
    const x = xs[next] as number;
    const y = ys[next] as number;
    let place = next;
    while (place > start && after(xs[place - 1] as number, ys[place - 1] as number, x, y)) {
      xs[place] = xs[place - 1] as number;
      ys[place] = ys[place - 1] as number;
      place -= 1;
    }
    xs[place] = x;
    ys[place] = y;
  }
}

function merge(
  xs: Float64Array,
  ys: Float64Array,
  start: number,
  middle: number,
  end: number,
  scratch: Scratch,
): void {
  const last = middle - 1;
  if (!after(xs[last] as number, ys[last] as number, xs[middle] as number, ys[middle] as number)) {
    return;
  }
  const length = middle - start;
  for (let place = 0; place < length; place += 1) {
    scratch.x[place] = xs[start + place] as number;
    scratch.y[place] = ys[start + place] as number;
  }
  let left = 0;
  let right = middle;
  let place = start;
  while (left < length) {
    const x = scratch.x[left] as number;
    const y = scratch.y[left] as number;
    if (right < end && after(x, y, xs[right] as number, ys[right] as number)) {
      xs[place] = xs[right] as number;
      ys[place] = ys[right] as number;
      right += 1;
    } else {
      xs[place] = x;
      ys[place] = y;
      left += 1;
    }
    place += 1;
  }
}

function after(x: number, y: number, otherX: number, otherY: number): boolean {
  return x > otherX || (x === otherX && y < otherY);
}
