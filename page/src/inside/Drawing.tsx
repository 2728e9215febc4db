/** The parts of a structure diagram; they know nothing of pointer and keyboard. */

import type { NetworkDetail } from "../data/types";
import type { InsideWords } from "../words/inside";
import { HEAD, type Layout, type Side } from "./layout";
import { isHidden, layerName } from "./naming";
import type { Connection, Structure } from "./reading";

/** Different widths of line; each is one path, so that thousands of connections are few elements. */
const WIDTHS = 8;
const WIDEST = 4.5;

/** Of many connections thin ones would cover what lies behind them. */
const MANY = 400;
const THIN = 1;

/** Layers nearer than this have no room for the word of each. */
const NARROW = 50;

export function Lines({ connections, layout }: { connections: Connection[]; layout: Layout }) {
  const bundles = new Map<string, { kind: string; width: number; path: string[] }>();
  for (const one of connections) {
    const level = Math.ceil(one.width * WIDTHS);
    const kind = one.alive ? (one.weight > 0 ? "positive" : "negative") : "dead";
    const key = `${kind} ${level}`;
    const width = Math.max(0.7, (WIDEST * level) / WIDTHS);
    const bundle = bundles.get(key) ?? { kind, width, path: [] };
    const [x0, y0] = [layout.xs[one.layer], layout.ys[one.layer]?.[one.source]] as number[];
    const [x1, y1] = [layout.xs[one.layer + 1], layout.ys[one.layer + 1]?.[one.target]] as number[];
    bundle.path.push(`M${tenth(x0)} ${tenth(y0)}L${tenth(x1)} ${tenth(y1)}`);
    bundles.set(key, bundle);
  }
  const many = connections.length > MANY;
  return (
    <>
      {[...bundles].map(([key, { kind, width, path }]) => (
        <path
          key={key}
          class={`line ${kind}`}
          stroke-width={width}
          stroke-opacity={many && width < THIN ? 0.45 : undefined}
          d={path.join("")}
        />
      ))}
    </>
  );
}

/** Above a layer: how many units it has, how many of them are alive, and what they are. */
export function Heads({
  detail,
  structure,
  layout,
  words,
}: {
  detail: NetworkDetail;
  structure: Structure;
  layout: Layout;
  words: InsideWords;
}) {
  const wide = (layout.xs[1] ?? 0) - (layout.xs[0] ?? 0) >= NARROW;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a group is not focusable; units bear all this
    <g class="heads" aria-hidden="true">
      {layout.xs.map((x, layer) => {
        const alive = structure.alive[layer]?.filter(Boolean).length ?? 0;
        const activation = detail.layers[layer]?.activation;
        return (
          <text key={layer} x={x} y={HEAD - 26} text-anchor="middle">
            {activation && <title>{activation}</title>}
            <tspan>{words.count(alive, structure.widths[layer] ?? 0)}</tspan>
            {(wide || !isHidden(detail, layer)) && (
              <tspan x={x} dy="14">
                {layerName(detail, layer, words)}
              </tspan>
            )}
          </text>
        );
      })}
    </g>
  );
}

/** The names of the inputs or of the outputs. */
export function Labels({
  side,
  outwards,
  x,
  layout,
  alive,
  faded,
}: {
  side: Side;
  outwards: 1 | -1;
  x: number;
  layout: Layout;
  alive: boolean[];
  /** Units that are not stressed while others are. */
  faded: (unit: number) => boolean;
}) {
  const anchor = outwards === 1 ? "start" : "end";
  const at = x + outwards * (layout.radius + 6);
  const edge = at + outwards * (side.room + 6);
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a group is not focusable; units bear the names
    <g class="labels" font-size={layout.text} text-anchor={anchor} aria-hidden="true">
      {side.labels.map(({ shown, full, y, unit }) => (
        <text
          key={unit}
          class={`${alive[unit] ? "" : "dead"} ${faded(unit) ? "faded" : ""}`}
          x={at}
          y={y}
          dy="0.35em"
        >
          <title>{full}</title>
          {shown}
        </text>
      ))}
      {side.blocks.map(({ shown, full, top, bottom, units }) => (
        <g key={units[0]} class={units.some((unit) => alive[unit]) ? "" : "dead"}>
          <path
            class="bracket"
            d={`M${edge - outwards * 4} ${top}H${edge}V${bottom}H${edge - outwards * 4}`}
          />
          <text x={edge + outwards * 5} y={(top + bottom) / 2} dy="0.35em">
            <title>{full}</title>
            {shown}
          </text>
        </g>
      ))}
    </g>
  );
}

export interface UnitProps {
  layer: number;
  unit: number;
  x: number;
  y: number;
  layout: Layout;
  code: boolean;
  alive: boolean;
  faded: boolean;
  stressed: boolean;
  pinned: boolean;
  label: string;
  tab: boolean;
  onFocus: (layer: number, unit: number) => void;
}

export function Unit({ layer, unit, x, y, layout, code, alive, label, ...how }: UnitProps) {
  const radius = code ? layout.codeRadius : layout.radius;
  const classes = ["unit", code && "code", !alive && "dead", how.faded && "faded"];
  classes.push(how.stressed && "stressed", how.pinned && "pinned");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button cannot be drawn in SVG
    <g
      class={classes.filter(Boolean).join(" ")}
      role="button"
      tabindex={how.tab ? 0 : -1}
      aria-label={label}
      aria-pressed={how.pinned}
      data-place={`${layer}-${unit}`}
      onFocus={() => how.onFocus(layer, unit)}
    >
      <circle class="halo" cx={x} cy={y} r={radius + 4} />
      <circle class="body" cx={x} cy={y} r={radius} />
      {code && (
        <text x={x} y={y} dy="0.35em" text-anchor="middle" font-size={Math.min(11, radius * 1.15)}>
          {unit + 1}
        </text>
      )}
    </g>
  );
}

function tenth(value: number | undefined): number {
  return Math.round(10 * (value ?? 0)) / 10;
}
