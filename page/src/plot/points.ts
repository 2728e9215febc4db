import { type Quadtree, quadtree } from "d3-quadtree";
import type { PointSet } from "../pareto/compare";
import type { Frame, Scale } from "./scales";

/** Points as they are drawn: pixels of the plot, a colour for each group. */
export interface Dots {
  x: Float32Array;
  y: Float32Array;
  group: Int32Array;
  colours: string[];
  /** The groups that are shown. */
  shown: boolean[];
  radius: number;
  /** Opacity of a point: all of them, and those that are selected. */
  faint: number;
  strong: number;
}

/** What lies on a canvas, so that a saved picture can draw it as shapes. */
export const painted = new WeakMap<HTMLCanvasElement, { dots: Dots; opacity: number }>();

/** Many points are small and fainter, so that their density can be seen. */
export function dotsOf(
  points: PointSet,
  x: Scale,
  y: Scale,
  colours: string[],
  shown: boolean[],
): Dots {
  const count = points.x.length;
  // What lies outside of the part that is seen is drawn nowhere.
  const within = (scale: Scale) => (value: number) => {
    const seen =
      value <= scale.domain[1] && (value >= scale.domain[0] || (scale.log && value <= 0));
    return seen ? scale(value) : Number.NaN;
  };
  const crowd = Math.min(1, Math.max(0, Math.log10(Math.max(count, 1) / 100) / 2));
  return {
    x: Float32Array.from(points.x, within(x)),
    y: Float32Array.from(points.y, within(y)),
    group: points.group,
    colours,
    shown,
    radius: 3 - 1.1 * crowd,
    faint: 0.36 - 0.16 * crowd,
    strong: 0.78 - 0.18 * crowd,
  };
}

/** Draw the points once; while a region is drawn, nothing here is drawn again. */
export function paint(
  canvas: HTMLCanvasElement,
  dots: Dots,
  opacity: number,
  frame: Frame,
  ratio: number,
): void {
  painted.set(canvas, { dots, opacity });
  const width = Math.round(frame.width * ratio);
  const height = Math.round(frame.height * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, width, height);
  context.globalAlpha = opacity;
  const radius = dots.radius * ratio;
  const stamps = dots.colours.map((colour) => stamp(colour, radius));
  for (const place of mixedOrder(dots.x.length)) {
    const group = dots.group[place] as number;
    const image = stamps[group];
    if (!dots.shown[group] || !image || !isSeen(dots, place)) continue;
    const half = image.width / 2;
    context.drawImage(
      image,
      Math.round((dots.x[place] as number) * ratio - half),
      Math.round((dots.y[place] as number) * ratio - half),
    );
  }
}

/** Whether a point lies in the part that is seen. */
export function isSeen(dots: Dots, place: number): boolean {
  return !Number.isNaN(dots.x[place]) && !Number.isNaN(dots.y[place]);
}

/** One point drawn beforehand: copying an image is faster than filling an arc. */
function stamp(colour: string, radius: number): HTMLCanvasElement {
  const image = document.createElement("canvas");
  image.width = image.height = 2 * Math.ceil(radius + 1);
  const context = image.getContext("2d");
  if (context) {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(image.width / 2, image.height / 2, radius, 0, 2 * Math.PI);
    context.fill();
  }
  return image;
}

/** All places, far apart in turn: runs come group by group, and none should cover the others. */
export function* mixedOrder(count: number): Generator<number> {
  let stride = Math.max(1, Math.round(count * 0.618));
  while (greatestDivisor(stride, count) !== 1) stride += 1;
  for (let turn = 0, place = 0; turn < count; turn += 1, place = (place + stride) % count) {
    yield place;
  }
}

function greatestDivisor(a: number, b: number): number {
  return b ? greatestDivisor(b, a % b) : a;
}

/** The shown points by where they lie, to find the one under the pointer. */
export function treeOf(dots: Dots): Quadtree<number> {
  const places = Array.from(dots.x.keys()).filter(
    (place) => dots.shown[dots.group[place] as number] && isSeen(dots, place),
  );
  return quadtree<number>(
    places,
    (place) => dots.x[place] as number,
    (place) => dots.y[place] as number,
  );
}
