import { type Curve, type Drawn, type Hit, overallFront } from "./markers";
import { outline } from "./shapes";

interface CurvesProps {
  curves: Curve[];
  hit: Hit | null;
  radius: number;
}

/**
 * The curves: lines through the markers in the order of x, and over them the front of all groups
 * together; its markers are filled, those that any other one beats are hollow and pale; intervals
 * are bars in both directions.
 */
export function Curves({ curves, hit, radius }: CurvesProps) {
  const pointed = hit?.kind === "marker" ? hit.curve : null;
  const mood = (place: number) => (pointed !== null && pointed !== place ? "curve quiet" : "curve");
  // The best group comes first in the comparison and is drawn last, over the others.
  const turns = curves.map((curve, place) => ({ curve, place })).reverse();
  return (
    <g class="curves">
      {turns.map(({ curve: { group, look, markers }, place }) => (
        <g key={group} class={mood(place)} stroke={look.colour}>
          <path class="bars" fill="none" d={markers.map(barsOf).join("")} />
          <path class="halo" fill="none" d={lineOf(markers)} />
          <path class="line" fill="none" d={lineOf(markers)} />
        </g>
      ))}
      <path class="overall" fill="none" d={lineOf(overallFront(curves))} />
      {turns.map(({ curve: { group, look, markers }, place }) => (
        <g key={group} class={mood(place)} stroke={look.colour} fill={look.colour}>
          {markers.map((drawn, marker) => (
            <path
              // Markers have no name of their own; their order is what they are.
              key={marker}
              class={drawn.front ? "marker" : "marker dominated"}
              transform={`translate(${drawn.x.toFixed(2)},${drawn.y.toFixed(2)})`}
              d={outline(look.shape, drawn.front ? radius : radius * 0.82)}
            />
          ))}
        </g>
      ))}
    </g>
  );
}

/** The line through markers. */
export function lineOf(markers: Drawn[]): string {
  return markers.length < 2 ? "" : `M${markers.map(({ x, y }) => `${at(x)},${at(y)}`).join("L")}`;
}

function barsOf({ x, y, bars }: Drawn): string {
  const across = bars.x ? `M${at(bars.x[0])},${at(y)}H${at(bars.x[1])}` : "";
  const along = bars.y ? `M${at(x)},${at(bars.y[0])}V${at(bars.y[1])}` : "";
  return across + along;
}

function at(pixel: number): string {
  return pixel.toFixed(2);
}
