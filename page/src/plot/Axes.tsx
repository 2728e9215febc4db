import type { Direction } from "../data/types";
import { say } from "../words/words";
import { type Frame, type Scale, type Ticks, valueText } from "./scales";
import { fitted, widthOf } from "./text";

interface AxesProps {
  frame: Frame;
  x: Scale;
  y: Scale;
  xTicks: Ticks;
  yTicks: Ticks;
  xLabel: string;
  yLabel: string;
  xDirection: Direction;
  yDirection: Direction;
}

/** Lines behind everything, texts at the edges; the y axis is named above it, to be read at once. */
export function Axes(props: AxesProps) {
  const { frame, x, y, xTicks, yTicks } = props;
  const words = say.value.plot;
  const right = frame.width - frame.right;
  const bottom = frame.height - frame.bottom;
  const inner = right - frame.left;
  const better = (arrow: string) => `${arrow} ${words.better}`;
  const room = (suffix: string, width: number) => width - widthOf(suffix, 12) - 12;
  const ySuffix = better(props.yDirection === "min" ? "↓" : "↑");
  const xSuffix = better(props.xDirection === "min" ? "←" : "→");
  return (
    <g class="axes">
      <g class="grid">
        {xTicks.minor.map((value) => (
          <line key={value} class="minor" x1={x(value)} x2={x(value)} y1={frame.top} y2={bottom} />
        ))}
        {yTicks.minor.map((value) => (
          <line key={value} class="minor" x1={frame.left} x2={right} y1={y(value)} y2={y(value)} />
        ))}
        {xTicks.labelled.map(({ value }) => (
          <line key={value} x1={x(value)} x2={x(value)} y1={frame.top} y2={bottom} />
        ))}
        {yTicks.labelled.map(({ value }) => (
          <line key={value} x1={frame.left} x2={right} y1={y(value)} y2={y(value)} />
        ))}
      </g>
      <path class="edge" d={`M${frame.left},${frame.top}V${bottom}H${right}`} />
      <g class="ticks">
        {xTicks.labelled.map(({ value, text }) => (
          <text key={value} x={x(value)} y={bottom + 17} text-anchor="middle">
            {text}
          </text>
        ))}
        {yTicks.labelled.map(({ value, text }) => (
          <text key={value} x={frame.left - 7} y={y(value)} dy="0.34em" text-anchor="end">
            {text}
          </text>
        ))}
      </g>
      <text class="axis-name" x={0} y={14}>
        <title>{props.yLabel}</title>
        <tspan>{fitted(props.yLabel, room(ySuffix, frame.width - 8), 13, 600)}</tspan>
        <tspan class="better" dx="8">
          {ySuffix}
        </tspan>
      </text>
      <text class="axis-name" x={right} y={bottom + 38} text-anchor="end">
        <title>{props.xLabel}</title>
        <tspan>{fitted(props.xLabel, room(xSuffix, inner), 13, 600)}</tspan>
        <tspan class="better" dx="8">
          {xSuffix}
        </tspan>
      </text>
    </g>
  );
}

interface MeasureProps {
  frame: Frame;
  x: Scale;
  y: Scale;
  xTicks: Ticks;
  yTicks: Ticks;
  floor: number;
  floorKnown: boolean;
  corner: { x: number; y: number };
  cornerKnown: boolean;
  /** Whether the points are networks, whose corner has no weights. */
  networks: boolean;
}

/** What the indices are measured from: the floor, and the corner where nothing is gained. */
export function Measures(props: MeasureProps) {
  const { frame, x, y, xTicks, yTicks, floor, floorKnown, corner, cornerKnown } = props;
  const words = say.value.plot;
  const right = frame.width - frame.right;
  const bottom = frame.height - frame.bottom;
  const level = y(floor);
  const named = props.networks && floorKnown;
  const floorText = (named ? words.floor : words.floorUnknown)(valueText(floor, yTicks));
  // A corner far away would squeeze the curves; its place at the edge tells where it lies.
  const at = {
    x: clamp(x(corner.x), frame.left, right),
    y: clamp(y(corner.y), frame.top, bottom),
  };
  const away = Math.hypot(at.x - x(corner.x), at.y - y(corner.y)) > 1;
  const cornerText = (props.networks && cornerKnown ? words.corner : words.cornerUnknown)(
    valueText(corner.x, xTicks),
    valueText(corner.y, yTicks),
  );
  const toRight = at.x < (frame.left + right) / 2;
  const angle = (Math.atan2(y(corner.y) - at.y, x(corner.x) - at.x) * 180) / Math.PI;
  const lifted = level + 14 > bottom - 2 ? -6 : 14;
  return (
    <g class="measures">
      {Number.isFinite(level) && level >= frame.top && level <= bottom && (
        <g class="floor">
          <line x1={frame.left} x2={right} y1={level} y2={level} />
          <text x={frame.left + 6} y={level + lifted}>
            {floorText}
          </text>
        </g>
      )}
      {Number.isFinite(at.x) && Number.isFinite(at.y) && (
        <g class="corner">
          <title>{cornerText}</title>
          {away ? (
            <path
              transform={`translate(${at.x},${at.y}) rotate(${angle})`}
              d="M-10,0H-1M-5,-4L-1,0L-5,4"
            />
          ) : (
            <path transform={`translate(${at.x},${at.y})`} d="M-6,0H6M0,-6V6" />
          )}
          <text
            x={at.x + (toRight ? 12 : -14)}
            y={clamp(at.y, frame.top + 10, bottom - 8)}
            dy="0.34em"
            text-anchor={toRight ? "start" : "end"}
          >
            {cornerText}
          </text>
        </g>
      )}
    </g>
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
