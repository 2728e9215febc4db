/**
 * What the replicates settle: Student's t on the jackknife, one replicate left out at a time, as in
 * sparse_lightning/comparison/jackknife.py.
 */

import type { IndexName } from "../data/types";
import { type Curve, type Samples, sampledIndices } from "./curves";
import type { Corner } from "./indices";
import type { Resampling } from "./resampling";
import { reach } from "./student";

/** Of more replicates several are left out at a time, every hundredth. */
const MOST_PARTS = 100;

/** The indices of a curve without each part of the replicates. */
export interface LeftOut {
  indices: Samples;
  /** Which parts have a point of it at all. */
  present: Uint8Array;
}

/** Draws that leave out one part of the replicates after the other. */
export function leavingOut(replicates: number): Resampling {
  const parts = Math.min(replicates, MOST_PARTS);
  const width = replicates + 1;
  const counts = new Uint16Array(parts * width).fill(1);
  for (let column = 0; column < replicates; column += 1) {
    counts[(column % parts) * width + column] = 0;
  }
  const rows = Int32Array.from({ length: parts }, (_, part) => part);
  return { replicates, width, counts, different: parts, rows };
}

export function leftOut(curve: Curve, leaving: Resampling, corner: Corner): LeftOut {
  const present = new Uint8Array(leaving.different);
  for (let cell = 0; cell < (curve.starts[curve.ids.length] as number); cell += 1) {
    const column = curve.columns[cell] as number;
    if (column < leaving.replicates) present[column % leaving.different] = 1;
  }
  return { indices: sampledIndices(curve, leaving, corner), present };
}

/** Both ends of the interval of a difference; NaN and NaN where it has none. */
export function differenceInterval(
  first: LeftOut,
  second: LeftOut,
  index: IndexName,
  difference: number,
  confidence: number,
): [number, number] {
  const count = ({ present }: LeftOut) => present.reduce((sum, one) => sum + one, 0);
  const freedom = Math.min(count(first), count(second)) - 1;
  if (freedom < 1) return [Number.NaN, Number.NaN];
  const without: number[] = [];
  first.present.forEach((one, part) => {
    if (!one && !second.present[part]) return;
    without.push((first.indices[index][part] as number) - (second.indices[index][part] as number));
  });
  const mean = without.reduce((sum, one) => sum + one, 0) / without.length;
  const squares = without.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const error = Math.sqrt(((without.length - 1) / without.length) * squares);
  const far = reach(confidence, freedom) * error;
  return [difference - far, difference + far];
}
