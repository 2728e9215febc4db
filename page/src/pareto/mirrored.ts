/** Axes on which larger is better, turned so that less is better. */

import type { Options, PointSet } from "./comparison";
import type { Corner } from "./indices";

/** The points, the floor and the corner so that less is better; and back. */
export class Mirrored {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly axis: number;
  readonly corner: Corner;
  readonly worst: { x: number; y: number };
  readonly floor: number;
  readonly floorKnown: boolean;

  constructor(points: PointSet, options: Options, apart: number) {
    const more = { x: options.xDirection === "max", y: options.yDirection === "max" };
    this.axis = more.x ? (options.axis ?? extreme(points.x, true)) : 0;
    this.x = more.x ? points.x.map((x) => this.axis - x) : points.x;
    this.y = more.y ? points.y.map((y) => -y) : points.y;
    const reached = this.y.filter((_, place) => points.group[place] === apart);
    this.floorKnown = options.floor !== null || reached.length > 0;
    this.floor =
      options.floor ?? this.dataY(extreme(reached.length ? reached : this.y, false), more.y);
    this.worst = {
      x: options.connectionsTotal ?? extreme(points.x, !more.x),
      y: options.nullError ?? extreme(points.y, !more.y),
    };
    this.corner = {
      floor: this.dataY(this.floor, more.y),
      nullError: this.dataY(this.worst.y, more.y),
      connectionsTotal: more.x ? this.axis - this.worst.x : this.worst.x,
    };
  }

  private dataY(y: number, mirrored: boolean): number {
    return mirrored ? -y : y;
  }
}

function extreme(values: Float64Array, greatest: boolean): number {
  let found = greatest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (const value of values) {
    if (greatest ? value > found : value < found) found = value;
  }
  return Number.isFinite(found) ? found : Number.NaN;
}
