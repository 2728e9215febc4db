import type { Comparison, Marker, PointSet } from "../pareto/compare";
import type { Look } from "./looks";
import type { Frame, Scale } from "./scales";

/** A marker as it is drawn. */
export interface Drawn {
  marker: Marker;
  group: string;
  look: Look;
  /** No marker of any group beats it. */
  front: boolean;
  x: number;
  y: number;
  /** Ends of its intervals in pixels; null where it is but a point. */
  bars: { x: [number, number] | null; y: [number, number] | null };
}

/** The curve of a group: its markers from left to right. */
export interface Curve {
  group: string;
  look: Look;
  markers: Drawn[];
}

/** A group with more markers than this shows those of its front alone. */
const MOST = 60;

const PLAIN: Look = { colour: "#808080", shape: "circle" };

/** The curves that are shown, in the order of the comparison. */
export function curvesOf(
  comparison: Comparison | null,
  looks: Map<string, Look>,
  hidden: Set<string>,
  x: Scale,
  y: Scale,
): Curve[] {
  if (!comparison) return [];
  return comparison.groups
    .filter(({ group }) => !hidden.has(group))
    .map(({ group, markers, front, overall }) => {
      const look = looks.get(group) ?? PLAIN;
      const [own, best] = [new Set(front), new Set(overall)];
      return {
        group,
        look,
        markers: markers
          .map((marker, place) => ({
            place,
            ...drawnOf(marker, group, look, best.has(place), x, y),
          }))
          .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
          .filter(({ place }) => markers.length <= MOST || own.has(place)),
      };
    })
    .filter((curve) => curve.markers.length > 0);
}

function drawnOf(
  marker: Marker,
  group: string,
  look: Look,
  front: boolean,
  x: Scale,
  y: Scale,
): Drawn {
  const bar = (low: number, high: number, scale: Scale): [number, number] | null => {
    if (!(low < high)) return null;
    // A logarithmic axis has no place for 0 and less: the bar then reaches the edge.
    const least = scale.log && low <= 0 ? scale.domain[0] : low;
    return [scale(least), scale(high)];
  };
  return {
    marker,
    group,
    look,
    front,
    x: x(marker.x.value),
    y: y(marker.y.value),
    bars: { x: bar(marker.x.low, marker.x.high, x), y: bar(marker.y.low, marker.y.high, y) },
  };
}

/** The markers that none of any group beats, from left to right. */
export function overallFront(curves: Curve[]): Drawn[] {
  return curves
    .flatMap(({ markers }) => markers.filter(({ front }) => front))
    .sort((a, b) => a.x - b.x || b.y - a.y);
}

/** What is pointed at: a marker (`run` is -1), one of its runs, or a run by itself. */
export type Hit =
  | { kind: "marker"; curve: number; marker: number; run: number }
  | { kind: "point"; place: number };

/** Where an arrow key leads from a marker; null where the key means nothing here. */
export function step(curves: Curve[], from: Hit | null, key: string): Hit | null {
  if (curves.length === 0) return null;
  const start: Hit = { kind: "marker", curve: 0, marker: 0, run: -1 };
  const known = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
  const runs = ["PageUp", "PageDown"];
  if (!known.includes(key) && !runs.includes(key)) return null;
  if (from?.kind !== "marker" || !curves[from.curve]?.markers[from.marker]) return start;
  const { markers } = curves[from.curve] as Curve;
  const last = markers.length - 1;
  const along = (marker: number): Hit => ({
    ...from,
    marker: Math.min(last, Math.max(0, marker)),
    run: -1,
  });
  if (key === "ArrowLeft") return along(from.marker - 1);
  if (key === "ArrowRight") return along(from.marker + 1);
  if (key === "Home") return along(0);
  if (key === "End") return along(last);
  if (runs.includes(key)) {
    const count = (markers[from.marker] as Drawn).marker.points.length;
    const run = from.run + (key === "PageDown" ? 1 : -1);
    return { ...from, run: Math.min(count - 1, Math.max(-1, run)) };
  }
  const curve = (from.curve + (key === "ArrowDown" ? 1 : curves.length - 1)) % curves.length;
  const here = (markers[from.marker] as Drawn).x;
  const others = (curves[curve] as Curve).markers;
  const distances = others.map(({ x }) => Math.abs(x - here));
  return {
    kind: "marker",
    curve,
    marker: distances.indexOf(Math.min(...distances)),
    run: -1,
  };
}

/**
 * The run that a hit stands for; for a marker, the one that is chosen among its runs, else the one
 * nearest to the mean, as it is seen.
 */
export function runOf(
  hit: Hit | null,
  curves: Curve[],
  points: PointSet,
  x: Scale,
  y: Scale,
  choose: (places: number[]) => number | null = () => null,
): number | null {
  if (!hit) return null;
  if (hit.kind === "point") return hit.place;
  const drawn = curves[hit.curve]?.markers[hit.marker];
  if (!drawn) return null;
  if (hit.run >= 0) return drawn.marker.points[hit.run] ?? null;
  const chosen = choose(drawn.marker.points);
  if (chosen !== null) return chosen;
  let nearest: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const place of drawn.marker.points) {
    const far = Math.hypot(
      x(points.x[place] as number) - drawn.x,
      y(points.y[place] as number) - drawn.y,
    );
    if (far < least) [least, nearest] = [far, place];
  }
  return nearest;
}

/** The marker under the pointer, if there is one; the nearest counts. */
export function markerAt(
  curves: Curve[],
  x: number,
  y: number,
  radius: number,
  frame?: Frame,
): Hit | null {
  let found: Hit | null = null;
  let least = radius;
  curves.forEach(({ markers }, curve) => {
    markers.forEach((drawn, marker) => {
      if (frame && !isWithin(drawn, frame)) return;
      const far = Math.hypot(drawn.x - x, drawn.y - y);
      if (far <= least) {
        least = far;
        found = { kind: "marker", curve, marker, run: -1 };
      }
    });
  });
  return found;
}

/** Whether a place lies in the part that is seen. */
export function isWithin({ x, y }: { x: number; y: number }, frame: Frame): boolean {
  const across = x >= frame.left - 1 && x <= frame.width - frame.right + 1;
  return across && y >= frame.top - 1 && y <= frame.height - frame.bottom + 1;
}
