import type { ComponentChildren } from "preact";
import type { Interval } from "../pareto/compare";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { GroupSymbol, groupName } from "./Legend";
import type { Drawn } from "./markers";
import type { Frame } from "./scales";

interface TooltipProps {
  at: { x: number; y: number };
  frame: Frame;
  children: ComponentChildren;
}

/** Below this width of the plot there is no room for a box beside a point. */
const NARROW = 520;

/** A box beside what is pointed at, on the side where there is more room. */
export function Tooltip({ at, frame, children }: TooltipProps) {
  const left = at.x < frame.width / 2;
  const above = at.y > frame.height / 2;
  // Where there is no room beside it, the box takes the whole width above or below.
  const style =
    frame.width < NARROW
      ? {
          left: "2px",
          right: "auto",
          top: above ? "auto" : `${at.y + 16}px`,
          bottom: above ? `${frame.height - at.y + 16}px` : "auto",
          maxWidth: `${frame.width - 4}px`,
        }
      : {
          left: left ? `${at.x + 14}px` : "auto",
          right: left ? "auto" : `${frame.width - at.x + 14}px`,
          top: above ? "auto" : `${Math.max(0, at.y - 12)}px`,
          bottom: above ? `${Math.max(0, frame.height - at.y - 12)}px` : "auto",
          maxWidth: `${Math.min(460, (left ? frame.width - at.x : at.x) - 18)}px`,
        };
  return (
    <div class="plot-tooltip" aria-hidden="true" style={style}>
      {children}
    </div>
  );
}

interface MarkerTextProps {
  drawn: Drawn;
  xLabel: string;
  yLabel: string;
  /** What a press does; empty: nothing. */
  promise: string;
}

/** What a marker stands for: its means with their intervals. */
export function MarkerText({ drawn, xLabel, yLabel, promise }: MarkerTextProps) {
  const words = say.value.plot;
  const { marker, group, look, front } = drawn;
  return (
    <>
      <strong>
        <GroupSymbol look={look} /> <bdi>{groupName(group)}</bdi>
      </strong>
      {marker.label !== "" && (
        <div class="soft">
          <bdi>{marker.label.slice(0, 200)}</bdi>
        </div>
      )}
      <dl>
        <Value name={xLabel} interval={marker.x} />
        <Value name={yLabel} interval={marker.y} />
      </dl>
      <div class="soft">
        {words.meanOf(marker.points.length)}, {front ? words.onFront : words.dominated}
      </div>
      {promise && <div class="soft">{promise}</div>}
    </>
  );
}

function Value({ name, interval }: { name: string; interval: Interval }) {
  return (
    <div>
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>{intervalText(interval)}</dd>
    </div>
  );
}

/** A mean with its interval, if it has one. */
export function intervalText({ value, low, high }: Interval): string {
  const mean = formatNumber(value);
  return low < high ? `${mean} [${formatNumber(low)}, ${formatNumber(high)}]` : mean;
}
