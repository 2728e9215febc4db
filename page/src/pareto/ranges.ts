/** Whether curves can be compared by their areas. */

import type { IndexName } from "../data/types";
import type { Comparison } from "./comparison";

/** A curve over less than this share of the widest curve's range is short: its area is small. */
const NARROW = 0.5;

/** Whether the curves cover about the same range of x. */
export function sameRanges({ groups }: Comparison): boolean {
  const widths = groups
    .filter(({ markers }) => markers.length > 1)
    .map(({ markers }) => {
      const xs = markers.map(({ x }) => x.value);
      return Math.max(...xs) - Math.min(...xs);
    });
  return Math.min(...widths) >= NARROW * Math.max(...widths);
}

/**
 * The index that orders the groups where none is chosen: the one that is fair to curves of different
 * ranges, as soon as any group has it.
 */
export function usualIndex(comparison: Comparison, ofStudy: IndexName | undefined): IndexName {
  const fair = comparison.groups.some(
    ({ indices }) => !Number.isNaN(indices.hypervolume_gap.value),
  );
  return fair ? "hypervolume_gap" : (ofStudy ?? "area_marker");
}
