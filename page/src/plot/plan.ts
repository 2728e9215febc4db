import type { PointSet } from "../pareto/compare";
import type { Region } from "./brush";
import { domainOf, type Frame, type Scale, scaleOf, type Ticks, ticksOf } from "./scales";
import { widthOf } from "./text";

/** Where everything of a plot lies. */
export interface Plan {
  frame: Frame;
  x: Scale;
  y: Scale;
  xTicks: Ticks;
  yTicks: Ticks;
}

/** The frame of a plot of this width; on large screens it stays low enough to be seen at once. */
export function frameOf(width: number): Frame {
  const height = Math.round(Math.min(Math.max(300, width * 0.54), 860));
  return { width, height, left: 40, right: 14, top: 28, bottom: 46 };
}

/**
 * Scales and ticks of the points that are shown and the floor, or of the part that is zoomed to.
 *
 * They do not depend on what is selected, so that nothing jumps while one looks.
 */
export function planOf(
  points: PointSet,
  floor: number,
  xLog: boolean,
  yLog: boolean,
  outer: Frame,
  zoom: Region | null = null,
  hidden: ReadonlySet<string> = new Set(),
): Plan {
  const gone = points.groups.map((group) => hidden.has(group));
  const shown = (values: Float64Array) =>
    gone.includes(true) && gone.includes(false)
      ? values.filter((_, place) => !gone[points.group[place] as number])
      : values;
  const part = (low: number, high: number, log: boolean, all: [number, number]) =>
    low < high && !(log && high <= 0)
      ? ([log ? Math.max(low, all[0]) : low, high] as [number, number])
      : all;
  const xAll = domainOf(shown(points.x), [], xLog);
  const xDomain = zoom ? part(zoom[0], zoom[2], xLog, xAll) : xAll;
  const inner = outer.height - outer.top - outer.bottom;
  // Below the floor there must be room for its name.
  const yAll = domainOf(shown(points.y), [floor], yLog, Math.max(0.05, 22 / inner));
  const yDomain = zoom ? part(zoom[1], zoom[3], yLog, yAll) : yAll;
  const yTicks = ticksOf(yDomain, yLog, inner, yLog ? 26 : inner < 300 ? 32 : 40);
  const widest = Math.max(...yTicks.labelled.map(({ text }) => widthOf(text, 12)), 8);
  const frame = { ...outer, left: Math.ceil(widest) + 14 };
  const across = frame.width - frame.left - frame.right;
  const xTicks = ticksOf(xDomain, xLog, across, Math.max(across < 400 ? 52 : 92, across / 16));
  return {
    frame,
    x: scaleOf(xDomain, [frame.left, frame.width - frame.right], xLog),
    y: scaleOf(yDomain, [frame.height - frame.bottom, frame.top], yLog),
    xTicks,
    yTicks,
  };
}
