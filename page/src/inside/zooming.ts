/** Moving and zooming a drawing: by pointer and fingers through d3-zoom, and by calls. */

import { select } from "d3-selection";
import { type ZoomBehavior, type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

const MOST = 8;
const MARGIN = 60;

/** A smaller scale cannot be read; what does not fit is moved to. */
const LEAST = 0.75;

export interface Zooming {
  transform: ZoomTransform;
  by: (factor: number) => void;
  /** Show everything. */
  whole: () => void;
  /** Move, if need be, so that this point is seen. */
  show: (x: number, y: number) => void;
}

/** The content's size, and the window's through which it is seen. */
export interface Extent {
  width: number;
  height: number;
  room: number;
  window: number;
}

export function useZoom(node: RefObject<SVGSVGElement | null>, extent: Extent): Zooming {
  const { width, height, room, window } = extent;
  const start = useMemo(() => zoomIdentity.scale(firstScale(width, room)), [room, width]);
  const fit = Math.min(1, room / width, window / height);
  const [transform, setTransform] = useState(start);
  const behaviour = useRef<ZoomBehavior<SVGSVGElement, unknown> | null>(null);
  useEffect(() => {
    const svg = node.current;
    if (!svg) return;
    const made = zoom<SVGSVGElement, unknown>()
      // A plain wheel scrolls the page.
      .filter((event: MouseEvent | WheelEvent) =>
        event.type === "wheel"
          ? event.ctrlKey || event.metaKey
          : !event.button && !event.ctrlKey && event.type !== "dblclick",
      )
      .extent([
        [0, 0],
        [room, window],
      ])
      .scaleExtent([Math.min(fit, 0.5), MOST])
      .translateExtent([
        [-MARGIN, -MARGIN],
        [width + MARGIN, height + MARGIN],
      ])
      .wheelDelta(wheelDelta)
      .clickDistance(4)
      .on("zoom", (event: { transform: ZoomTransform }) => setTransform(event.transform));
    behaviour.current = made;
    select(svg).call(made).on("dblclick.zoom", null);
    made.transform(select(svg), start);
    return () => {
      select(svg).on(".zoom", null);
    };
  }, [node, width, height, room, window, start, fit]);
  return useMemo(() => {
    const drawing = () => (node.current ? select(node.current) : null);
    return {
      transform,
      by: (factor) => {
        const svg = drawing();
        if (svg) behaviour.current?.scaleBy(svg, factor);
      },
      whole: () => {
        const svg = drawing();
        const centered = zoomIdentity.translate((room - fit * width) / 2, 0).scale(fit);
        if (svg) behaviour.current?.transform(svg, centered);
      },
      show: (x, y) => {
        const svg = drawing();
        const [left, top] = transform.apply([x, y]);
        const seen = left > 8 && left < room - 8 && top > 8 && top < window - 8;
        if (svg && !seen) behaviour.current?.translateTo(svg, x, y);
      },
    };
  }, [transform, fit, width, room, window, node]);
}

/** The scale to begin with: everything side by side, as long as it can be read. */
export function firstScale(width: number, room: number): number {
  return Math.min(1, Math.max(LEAST, room / width));
}

/** Fingers on a touchpad send many small steps, the notches of a wheel few large ones. */
function wheelDelta({ deltaY, deltaMode }: WheelEvent): number {
  const pixels = deltaMode === 0 ? deltaY : 33 * deltaY;
  const step = -pixels * (Math.abs(pixels) < 30 ? 0.02 : 0.003);
  return Math.max(-0.6, Math.min(0.6, step));
}
