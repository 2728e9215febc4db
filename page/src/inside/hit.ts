/** What lies under a point of the diagram, and where the arrow keys lead. */

import type { Layout } from "./layout";
import type { Connection, Place, Structure } from "./reading";

export type Hit = { unit: Place } | { connection: Connection } | null;

/** Pixels of the screen. */
const NEAR = 7;

/** The unit or, where there is none, the connection at a point; `scale` is that of the zoom. */
export function hitAt(
  layout: Layout,
  connections: Connection[],
  [x, y]: [number, number],
  scale: number,
): Hit {
  const unit = unitAt(layout, x, y, NEAR / scale);
  if (unit) return { unit };
  const layer = layout.xs.findIndex((left, place) => {
    const right = layout.xs[place + 1];
    return right !== undefined && x >= left && x <= right;
  });
  if (layer < 0) return null;
  const [left, right] = [layout.xs[layer], layout.xs[layer + 1]] as [number, number];
  const part = (x - left) / (right - left);
  let best: Connection | null = null;
  let nearest = NEAR / scale;
  for (const one of connections) {
    if (one.layer !== layer) continue;
    const start = layout.ys[layer]?.[one.source] ?? 0;
    const rise = (layout.ys[layer + 1]?.[one.target] ?? 0) - start;
    const across = Math.abs(y - start - part * rise) / Math.hypot(1, rise / (right - left));
    // The later one is drawn above; of equals it is what is seen.
    if (across <= nearest) [best, nearest] = [one, across];
  }
  return best && { connection: best };
}

function unitAt(layout: Layout, x: number, y: number, near: number): Place | null {
  const last = layout.xs.length - 1;
  for (const [layer, center] of layout.xs.entries()) {
    const reach = layout.radius + near / 2;
    // The names belong to their units.
    const within =
      Math.abs(x - center) <= reach ||
      (layer === 0 && x < center) ||
      (layer === last && x > center);
    if (!within) continue;
    const end = layer === 0 || layer === last;
    const high = end ? layout.row / 2 : Math.max(layout.codeRadius, reach);
    const unit = (layout.ys[layer] ?? []).findIndex((at) => Math.abs(at - y) <= high);
    if (unit >= 0) return { layer, unit };
  }
  return null;
}

/** Where an arrow key leads from a unit: within its layer as drawn, or to the next layer. */
export function neighbour(layout: Layout, { layer, unit }: Place, key: string): Place | null {
  const own = layout.ys[layer] ?? [];
  const at = own[unit] ?? 0;
  const order = [...own.keys()].sort((a, b) => (own[a] as number) - (own[b] as number));
  const place = order.indexOf(unit);
  const within = (next: number | undefined) =>
    next === undefined || next === unit ? null : { layer, unit: next };
  if (key === "ArrowDown") return within(order[place + 1]);
  if (key === "ArrowUp") return within(order[place - 1]);
  if (key === "Home") return within(order[0]);
  if (key === "End") return within(order.at(-1));
  const beside = layer + (key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0);
  const there = layout.ys[beside];
  if (beside === layer || !there?.length) return null;
  const distances = there.map((y) => Math.abs(y - at));
  return { layer: beside, unit: distances.indexOf(Math.min(...distances)) };
}

export interface Ends {
  /** The strongest first. */
  incoming: Connection[];
  outgoing: Connection[];
}

/** The connections of a unit. */
export function endsOf(structure: Structure, { layer, unit }: Place): Ends {
  const strongest = (a: Connection, b: Connection) => Math.abs(b.weight) - Math.abs(a.weight);
  const all = structure.connections;
  return {
    incoming: all.filter((one) => one.layer === layer - 1 && one.target === unit).sort(strongest),
    outgoing: all.filter((one) => one.layer === layer && one.source === unit).sort(strongest),
  };
}
