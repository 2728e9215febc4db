/** What is compared, and what comes of it. */

import type { Direction, IndexName } from "../data/types";

/** Runs that did not fail, with finite x and y. */
export interface PointSet {
  x: Float64Array;
  y: Float64Array;
  /** Places in `groups`. */
  group: Int32Array;
  /** Which points are averaged: those of a group that are equal here. */
  marker: Int32Array;
  /** What is resampled, in the order of the seeds; -1 where a run has none. */
  replicate: Int32Array;
  groups: string[];
  /** The names of the markers. */
  labels?: string[];
  /** All replicates there are, ascending, also those without a point; default: those of the points. */
  replicates?: number[];
}

export interface Interval {
  value: number;
  low: number;
  high: number;
}

export interface Marker {
  x: Interval;
  y: Interval;
  /** Places in the PointSet. */
  points: number[];
  label: string;
}

export interface GroupResult {
  group: string;
  /** Place in the groups of the PointSet. */
  place: number;
  /** Sorted by x. */
  markers: Marker[];
  /** Places of the markers that no other marker of the group beats in both x and y. */
  front: number[];
  /** Places of those that no marker of any group beats. */
  overall: number[];
  indices: Record<IndexName, Interval>;
  /** How many points it has. */
  networks: number;
}

export interface Pair {
  index: IndexName;
  first: string;
  second: string;
  /** First minus second. */
  difference: Interval;
  /** The interval leaves out 0, and they differ by more than rounding. */
  settled: boolean;
}

export interface Comparison {
  /** Best first by the index that was asked for. */
  groups: GroupResult[];
  pairs: Pair[];
  floor: number;
  corner: { x: number; y: number };
  floorKnown: boolean;
  cornerKnown: boolean;
  /** How many replicates were resampled. */
  seeds: number;
  /** Where `area_axis` ends: 0, or the greatest x where larger is better. */
  axis: number;
  /** The group that is drawn but not compared, if there is one. */
  apart: GroupResult | null;
}

export interface Options {
  index: IndexName;
  floor: number | null;
  nullError: number | null;
  connectionsTotal: number | null;
  /** The group that is not compared: the unregularized one. */
  floorGroup: string | null;
  confidence: number;
  /** How many resamples are drawn here; all of `draws` count where they are given. */
  resamples: number;
  /** Places among the replicates, one list a resample. */
  draws: number[][] | null;
  xDirection: Direction;
  yDirection: Direction;
  /**
   * Whether curves of one marker have no area and come last: they enclose nothing, which would be
   * the least area there is. Default: they have an area of 0, as in Python's frames.
   */
  singleApart?: boolean;
  /** Where `area_axis` ends, if larger x are better; default: the greatest x. */
  axis?: number | null;
}
