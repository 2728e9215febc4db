import { useId, useMemo, useRef, useState } from "preact/hooks";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { domainOf, type Frame, scaleOf, ticksOf } from "./scales";
import { useWidth } from "./size";
import { fitted, widthOf } from "./text";

export interface Series {
  name: string;
  steps: number[];
  values: (number | null)[];
}

interface LineChartProps {
  series: Series[];
  label: string;
  height?: number;
}

/** Values over more than this factor are drawn on a logarithmic axis. */
const LOG_FACTOR = 30;

const COLOURS = ["var(--accent)", "var(--negative)", "var(--good)", "var(--ink-soft)"];

/** The course of one or a few metrics over the steps of a training. */
export function LineChart({ series, label, height = 170 }: LineChartProps) {
  const words = say.value.plot;
  const root = useRef<HTMLDivElement>(null);
  const width = Math.max(useWidth(root), 160);
  const [at, setAt] = useState<number | null>(null);
  const hint = useId();
  const lines = useMemo(() => series.map(finite), [series]);
  const steps = useMemo(
    () => [...new Set(lines.flatMap(({ points }) => points.map(([step]) => step)))].sort(ascending),
    [lines],
  );
  if (steps.length === 0) return <p class="line-chart-empty">{words.nothing}</p>;

  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const least = values.reduce((a, b) => Math.min(a, b));
  const log = least > 0 && values.reduce((a, b) => Math.max(a, b)) > LOG_FACTOR * least;
  const yDomain = domainOf(values, [], log);
  const yTicks = ticksOf(yDomain, log, height - 44, 26);
  const left = Math.ceil(Math.max(...yTicks.labelled.map(({ text }) => widthOf(text, 11)))) + 12;
  const frame: Frame = { width, height, left, right: 12, top: 10, bottom: 34 };
  const right = width - frame.right;
  const bottom = height - frame.bottom;
  const xDomain = tight(steps);
  const xTicks = ticksOf(xDomain, false, right - left, 70);
  const x = scaleOf(xDomain, [left, right], false);
  const y = scaleOf(yDomain, [bottom, frame.top], log);
  const shown = at === null ? null : (steps[Math.min(at, steps.length - 1)] as number);

  const follow = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const step = x.invert(event.clientX - box.left);
    setAt(nearest(steps, step));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = steps.length - 1;
    const from = at ?? 0;
    const pace = Math.max(1, Math.round(steps.length / 50));
    const next = {
      ArrowLeft: Math.max(0, from - pace),
      ArrowRight: at === null ? 0 : Math.min(last, from + pace),
      Home: 0,
      End: last,
      Escape: null,
    }[event.key];
    if (next === undefined) return;
    setAt(next);
    event.preventDefault();
  };
  const courses = lines
    .filter(({ points }) => points.length > 0)
    .map(({ name, points }) => {
      const ends = [points[0], points[points.length - 1]] as [[number, number], [number, number]];
      return words.course(
        name.slice(0, 80),
        ...(ends.map(([, v]) => formatNumber(v)) as [string, string]),
      );
    });
  const readout =
    shown === null
      ? ""
      : lines
          .map(({ points }) => points.find(([step]) => step === shown)?.[1])
          .map((value) => formatNumber(value ?? Number.NaN))
          .join(" / ");
  return (
    <div class="line-chart" ref={root}>
      <ul class="line-chart-names" aria-hidden="true">
        {lines.map(({ name }, place) => (
          <li key={name}>
            <svg class="symbol" width="14" height="8" aria-hidden="true">
              <line x1="0" x2="14" y1="4" y2="4" style={{ stroke: colourOf(place) }} />
            </svg>
            <bdi title={name}>{name}</bdi>
          </li>
        ))}
        {shown !== null && (
          <li class="readout">
            {words.step} {shown}: {readout}
          </li>
        )}
      </ul>
      <div
        class="line-chart-stage"
        role="slider"
        tabIndex={0}
        aria-label={words.chart(label, courses.join("; "))}
        aria-valuemin={steps[0] as number}
        aria-valuemax={steps[steps.length - 1] as number}
        aria-valuenow={shown ?? (steps[0] as number)}
        aria-valuetext={shown === null ? label : `${words.step} ${shown}: ${readout}`}
        id={hint}
        onPointerMove={follow}
        onPointerDown={follow}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onKeyDown={onKeyDown}
      >
        <svg width={width} height={height} aria-hidden="true">
          <g class="grid">
            {yTicks.labelled.map(({ value }) => (
              <line key={value} x1={left} x2={right} y1={y(value)} y2={y(value)} />
            ))}
          </g>
          <path class="edge" d={`M${left},${frame.top}V${bottom}H${right}`} />
          <g class="ticks small">
            {yTicks.labelled.map(({ value, text }) => (
              <text key={value} x={left - 6} y={y(value)} dy="0.34em" text-anchor="end">
                {text}
              </text>
            ))}
            {xTicks.labelled.map(({ value, text }) => (
              <text key={value} x={x(value)} y={bottom + 14} text-anchor="middle">
                {text}
              </text>
            ))}
            <text class="axis-step" x={right} y={bottom + 28} text-anchor="end">
              {fitted(words.step, 120, 11)}
            </text>
          </g>
          {lines.map(({ name, points }, place) => (
            <path
              key={name}
              class="course"
              fill="none"
              style={{ stroke: colourOf(place) }}
              d={`M${points.map(([s, v]) => `${x(s).toFixed(1)},${y(v).toFixed(1)}`).join("L")}`}
            />
          ))}
          {shown !== null && (
            <g class="unsaved">
              <line class="cross-hair" x1={x(shown)} x2={x(shown)} y1={frame.top} y2={bottom} />
              {lines.map(({ name, points }, place) => {
                const value = points.find(([step]) => step === shown)?.[1];
                return value === undefined ? null : (
                  <circle
                    key={name}
                    cx={x(shown)}
                    cy={y(value)}
                    r="3.5"
                    style={{ fill: colourOf(place) }}
                  />
                );
              })}
            </g>
          )}
        </svg>
      </div>
    </div>
  );
}

function finite({ name, steps, values }: Series): { name: string; points: [number, number][] } {
  const points = steps
    .map((step, place): [number, number] => [step, values[place] ?? Number.NaN])
    .filter(([step, value]) => Number.isFinite(step) && Number.isFinite(value))
    .sort(([a], [b]) => a - b);
  return { name, points };
}

function tight(steps: number[]): [number, number] {
  const [first, last] = [steps[0] as number, steps[steps.length - 1] as number];
  return first === last ? [first - 1, last + 1] : [first, last];
}

function nearest(sorted: number[], value: number): number {
  const far = sorted.map((one) => Math.abs(one - value));
  return far.indexOf(far.reduce((a, b) => Math.min(a, b)));
}

function ascending(a: number, b: number): number {
  return a - b;
}

function colourOf(place: number): string {
  return COLOURS[place % COLOURS.length] as string;
}
