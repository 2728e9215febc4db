import { type BrushBehavior, brush, type D3BrushEvent } from "d3-brush";
import { select } from "d3-selection";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Frame, Scale } from "./scales";

/** A region in data units: least x and y, greatest x and y. */
export type Region = [number, number, number, number];

/** The same in pixels: left, top, right, bottom. */
export type Box = [number, number, number, number];

export interface BrushOptions {
  frame: Frame;
  x: Scale;
  y: Scale;
  region: Region | null;
  /** Called at once, at most once a frame: what must follow the pointer. */
  onBox: (box: Box | null) => void;
  onRegion: (region: Region | null, moving: boolean) => void;
  /** A press without a movement; true if it hit something, so that the region stays. */
  onClick: (event: MouseEvent | TouchEvent) => boolean;
  onStart: () => void;
}

/** While the region moves the page computes at most so often, in milliseconds, and never half the time. */
const LEAST_PAUSE = 50;

/** The region drawn with the pointer, by d3's brush; the given region is shown when it changes. */
export function useBrush(node: RefObject<SVGGElement | null>, options: BrushOptions): void {
  const now = useRef(options);
  now.current = options;
  const behaviour = useRef<BrushBehavior<unknown> | null>(null);
  const dragging = useRef(false);
  const { frame, x, y, region } = options;

  useEffect(() => {
    const group = node.current;
    if (!group) return;
    const made = brush<unknown>().extent([
      [frame.left, frame.top],
      [frame.width - frame.right, frame.height - frame.bottom],
    ]);
    let frameRequest = 0;
    let told = 0;
    let pause = LEAST_PAUSE;
    let pressed: { x: number; y: number } | null = null;

    const tell = (box: Box | null) => {
      const start = performance.now();
      now.current.onRegion(box && regionOf(box, now.current.x, now.current.y), true);
      // What the page computes in the meantime must leave room for drawing.
      told = performance.now();
      pause = Math.max(LEAST_PAUSE, 2 * (told - start));
    };

    made.on("start brush end", (event: D3BrushEvent<unknown>) => {
      if (!event.sourceEvent) return;
      const box = event.selection ? (event.selection.flat() as Box) : null;
      const at = positionOf(event.sourceEvent);
      if (event.type === "start") {
        dragging.current = true;
        pressed = at;
        now.current.onStart();
        return;
      }
      const still =
        pressed !== null && at !== null && Math.hypot(at.x - pressed.x, at.y - pressed.y) < 4;
      cancelAnimationFrame(frameRequest);
      if (event.type === "brush") {
        if (still) return;
        frameRequest = requestAnimationFrame((time) => {
          now.current.onBox(box);
          if (time - told > pause) tell(box);
        });
        return;
      }
      dragging.current = false;
      if (still) {
        const former = now.current.region;
        const kept = now.current.onClick(event.sourceEvent) || box !== null;
        const shown = kept && former ? boxOf(former, now.current.x, now.current.y, frame) : null;
        select(group).call(made.move, shown && pairs(shown));
        now.current.onBox(shown);
        if (!kept && former) now.current.onRegion(null, false);
        return;
      }
      now.current.onBox(box);
      now.current.onRegion(box && regionOf(box, now.current.x, now.current.y), false);
    });
    select(group).call(made);
    // A finger that moves up or down scrolls the page; sideways it draws a region.
    group.querySelector<SVGElement>(".overlay")?.style.setProperty("touch-action", "pan-y");
    behaviour.current = made;
    return () => {
      cancelAnimationFrame(frameRequest);
      made.on("start brush end", null);
      dragging.current = false;
    };
  }, [node, frame]);

  const key = region?.join(" ") ?? "";
  useEffect(() => {
    if (dragging.current || !node.current || !behaviour.current) return;
    const box = region && boxOf(region, x, y, frame);
    select(node.current).call(behaviour.current.move, box && pairs(box));
    now.current.onBox(box);
  }, [key, x, y, frame]);
}

/** The region of a box; its numbers have no more digits than the pixels tell. */
export function regionOf(box: Box, x: Scale, y: Scale): Region {
  const [x0, x1] = sorted(x.invert(box[0]), x.invert(box[2]));
  const [y0, y1] = sorted(y.invert(box[1]), y.invert(box[3]));
  return [x0, y0, x1, y1].map((value) => Number(value.toPrecision(6))) as Region;
}

/** The box of a region within the frame; null if it lies outside. */
export function boxOf(region: Region, x: Scale, y: Scale, frame: Frame): Box | null {
  const at = (scale: Scale, value: number) =>
    scale(scale.log && value <= 0 ? scale.domain[0] : value);
  const [left, right] = sorted(at(x, region[0]), at(x, region[2]));
  const [top, bottom] = sorted(at(y, region[1]), at(y, region[3]));
  const box: Box = [
    Math.max(left, frame.left),
    Math.max(top, frame.top),
    Math.min(right, frame.width - frame.right),
    Math.min(bottom, frame.height - frame.bottom),
  ];
  return box[0] < box[2] && box[1] < box[3] ? box : null;
}

function pairs(box: Box): [[number, number], [number, number]] {
  return [
    [box[0], box[1]],
    [box[2], box[3]],
  ];
}

function sorted(a: number, b: number): [number, number] {
  return a <= b ? [a, b] : [b, a];
}

function positionOf(event: MouseEvent | TouchEvent): { x: number; y: number } | null {
  const at = "changedTouches" in event ? event.changedTouches[0] : event;
  return at ? { x: at.clientX, y: at.clientY } : null;
}
