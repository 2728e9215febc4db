import { say } from "../words/words";
import { type Curve, type Drawn, isWithin } from "./markers";
import type { Dots } from "./points";
import type { Frame } from "./scales";
import { widthOf } from "./text";

/** The marker that a point belongs to. */
function markerOf(curves: Curve[], place: number): Drawn | null {
  for (const { markers } of curves) {
    const found = markers.find(({ marker }) => marker.points.includes(place));
    if (found) return found;
  }
  return null;
}

interface RecommendedProps {
  curves: Curve[];
  place: number | null;
  frame: Frame;
}

/** The marker of the recommended network, with its name where nothing lies: beside the front. */
export function RecommendedMark({ curves, place, frame }: RecommendedProps) {
  const found = place === null ? null : markerOf(curves, place);
  if (!found || !isWithin(found, frame)) return null;
  const text = say.value.plot.recommended;
  // Down and to the left of a front lies nothing that it could cover.
  const left = Math.max(frame.left + 6, found.x - 12 - widthOf(text, 12.5));
  const low = found.y > frame.height - frame.bottom - 40;
  return (
    <g
      class="recommended-mark"
      transform={`translate(${found.x.toFixed(2)},${found.y.toFixed(2)})`}
    >
      <circle r="12.5" />
      <text x={left - found.x} y={low ? -16 : 26}>
        {text}
      </text>
    </g>
  );
}

interface OpenedProps {
  curves: Curve[];
  dots: Dots;
  opened: number[];
  frame: Frame;
}

/** Rings around the networks that are open, and around their markers. */
export function OpenedRings({ curves, dots, opened, frame }: OpenedProps) {
  return (
    <g class="opened">
      {opened.map((place) => {
        const drawn = markerOf(curves, place);
        const [x, y] = [dots.x[place] ?? Number.NaN, dots.y[place] ?? Number.NaN];
        return (
          <g key={place}>
            {drawn && isWithin(drawn, frame) && (
              <circle class="opened-ring" cx={drawn.x} cy={drawn.y} r="9.5" />
            )}
            {Number.isFinite(x) && Number.isFinite(y) && (
              <circle class="opened-ring" cx={x} cy={y} r="5" />
            )}
          </g>
        );
      })}
    </g>
  );
}
