/** The thresholds of the slider: 0, then from the smallest to the largest |w| in equal ratios. */

import type { NetworkDetail } from "../data/types";
import { rangeOf } from "./reading";

/** Places of the slider after 0. */
export const PLACES = 240;

/** A range of more powers of ten than this would spend the slider on weights that are noise. */
const DECADES = 6;

export interface Ladder {
  smallest: number;
  largest: number;
}

export function ladderOf(detail: NetworkDetail): Ladder | null {
  const { smallest, largest } = rangeOf(detail);
  if (!(largest > 0)) return null;
  // Half the smallest where all weights are of one size, so that there is a range.
  const least = Math.min(smallest, largest / 2);
  return { smallest: Math.max(least, largest / 10 ** DECADES), largest };
}

/** The threshold at a place; beyond the last weight at the last, so that no connection is left. */
export function thresholdAt({ smallest, largest }: Ladder, place: number): number {
  if (place <= 0) return 0;
  if (place >= PLACES) return roundedUp(largest);
  const value = smallest * (largest / smallest) ** ((place - 1) / (PLACES - 1));
  return Number(value.toPrecision(3));
}

/** The place nearest to a threshold, not rounded. */
export function placeOf({ smallest, largest }: Ladder, threshold: number): number {
  if (!(threshold > 0)) return 0;
  const part = Math.log(threshold / smallest) / Math.log(largest / smallest);
  return Math.min(PLACES, Math.max(1, 1 + part * (PLACES - 1)));
}

function roundedUp(value: number): number {
  const near = Number(value.toPrecision(3));
  const step = 10 ** (Math.floor(Math.log10(value)) - 2);
  return near >= value ? near : Number((near + step).toPrecision(3));
}
