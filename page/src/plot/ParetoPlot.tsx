import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Direction } from "../data/types";
import type { Comparison, PointSet } from "../pareto/compare";
import { say } from "../words/words";
import { Axes, Measures } from "./Axes";
import { announcement } from "./announcement";
import { BrushFields } from "./BrushFields";
import { type Box, type Region, useBrush } from "./brush";
import { Curves } from "./Curves";
import { groupName } from "./Legend";
import type { Look } from "./looks";
import { OpenedRings, RecommendedMark } from "./Marks";
import { curvesOf, type Hit, isWithin, markerAt, runOf, step } from "./markers";
import { register } from "./picture";
import { frameOf, planOf } from "./plan";
import { dotsOf, isSeen, paint, treeOf } from "./points";
import type { Frame } from "./scales";
import { sameNumbers, sameTexts, useRatio, useStable, useWidth } from "./size";
import { MarkerText, Tooltip } from "./Tooltip";

export interface ParetoPlotProps {
  /** What is compared; the places in its markers are those of `points`. */
  comparison: Comparison | null;
  points: PointSet;
  ids: string[];
  looks: Map<string, Look>;
  xLabel: string;
  yLabel: string;
  xLog: boolean;
  yLog: boolean;
  xDirection: Direction;
  yDirection: Direction;
  hidden: Set<string>;
  brush: Region | null;
  /** The part that is seen; null: all. */
  zoom?: Region | null;
  onZoom?: (zoom: Region | null) => void;
  /** Points whose networks are open. */
  opened?: number[];
  /** The point of the network that is recommended. */
  recommended?: number | null;
  /** Which of the points of a marker is opened by it; null: the nearest to the mean. */
  choose?: (places: number[]) => number | null;
  /** Whether a press on this point opens anything. */
  opens?: (place: number) => boolean;
  /** Whether points are networks to look into, or runs that MLflow shows. */
  networks?: boolean;
  /** Without the fields of the region: they stand elsewhere, or there is nothing to select. */
  bare?: boolean;
  /** `moving`: the region is still being drawn. */
  onBrush: (region: Region | null, moving: boolean) => void;
  onHover?: (place: number | null) => void;
  onOpen: (place: number) => void;
  onVisit: (place: number) => void;
  tooltip: (place: number) => ComponentChildren;
  /** Whether runs have a page in MLflow; a report without a server has none. */
  visits?: boolean;
  /** Written over a saved picture. */
  title?: string;
}

/** How near the pointer must come, in pixels. */
const REACH = { marker: 9, point: 12 };

/**
 * The Pareto curves over all runs.
 *
 * The points lie on two canvases, faint and strong; a region that is drawn only moves the clip of
 * the strong one, so that its speed does not depend on the number of points. All else is SVG.
 */
export function ParetoPlot(props: ParetoPlotProps) {
  const { comparison, looks, xLog, yLog, xLabel, yLabel, onBrush, onHover, visits = true } = props;
  const { choose, opens = () => true, networks = true, onZoom } = props;
  const words = say.value.plot;
  const root = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const faint = useRef<HTMLCanvasElement>(null);
  const strong = useRef<HTMLCanvasElement>(null);
  const brushed = useRef<SVGGElement>(null);
  const fingered = useRef<string>("");
  const [hit, setHit] = useState<Hit | null>(null);
  const [hints, clip] = [useId(), useId()];
  const width = useWidth(root);
  const ratio = useRatio();

  const points = useStable(props.points, samePoints);
  const off = useStable([...props.hidden].sort(), sameTexts);
  const hidden = useMemo(() => new Set(off), [off]);
  // Where nothing is selected there is no comparison, but the axes must not move for that.
  const lastFloor = useRef(Number.NaN);
  if (comparison) lastFloor.current = comparison.floor;
  const floor = lastFloor.current;
  const zoom = useStable(props.zoom ?? null, (a, b) => a?.join() === b?.join());
  const plan = useMemo(
    () => planOf(points, floor, xLog, yLog, frameOf(Math.max(width, 240)), zoom, hidden),
    [points, String(floor), xLog, yLog, width, zoom, hidden],
  );
  const { frame, x, y } = plan;
  const colours = useStable(
    points.groups.map((group) => looks.get(group)?.colour ?? "#808080"),
    sameTexts,
  );
  const dots = useMemo(
    () =>
      dotsOf(
        points,
        x,
        y,
        colours,
        points.groups.map((group) => !hidden.has(group)),
      ),
    [points, x, y, colours, hidden],
  );
  const tree = useMemo(() => treeOf(dots), [dots]);
  const curves = useMemo(
    () => curvesOf(comparison, looks, hidden, x, y),
    [comparison, looks, hidden, x, y],
  );

  useLayoutEffect(() => {
    if (!width || !faint.current || !strong.current) return;
    paint(faint.current, dots, dots.faint, frame, ratio);
    paint(strong.current, dots, dots.strong, frame, ratio);
  }, [dots, frame, ratio, width]);

  useEffect(() => {
    if (!root.current) return;
    register(root.current, {
      title: props.title ?? "",
      entries: points.groups
        .filter((group) => !hidden.has(group) && looks.has(group))
        .map((group) => ({ group: groupName(group), look: looks.get(group) as Look })),
    });
  }, [points, hidden, looks, props.title, words]);

  // The region shows by the clip of the strong points; no point is drawn again.
  const showBox = (box: Box | null) => {
    if (!stage.current || !strong.current) return;
    stage.current.classList.toggle("brushed", box !== null);
    strong.current.style.clipPath = box
      ? `inset(${box[1]}px ${frame.width - box[2]}px ${frame.height - box[3]}px ${box[0]}px)`
      : "";
  };

  // What was pointed at may be gone when the curves are others.
  const current = hit?.kind === "marker" && !curves[hit.curve]?.markers[hit.marker] ? null : hit;
  const runAt = (of: Hit | null) => runOf(of, curves, points, x, y, choose);
  const point = (next: Hit | null) => {
    if (JSON.stringify(next) === JSON.stringify(current)) return;
    setHit(next);
    onHover?.(runAt(next));
  };
  const act = (from: Hit | null, visit: boolean): boolean => {
    const place = runAt(from);
    if (place === null || (!visit && !opens(place))) return false;
    (visit ? props.onVisit : props.onOpen)(place);
    return true;
  };
  const hitAt = (event: MouseEvent | TouchEvent): Hit | null => {
    const at = "changedTouches" in event ? event.changedTouches[0] : event;
    const box = stage.current?.getBoundingClientRect();
    if (!at || !box) return null;
    const [px, py] = [at.clientX - box.left, at.clientY - box.top];
    const marker = markerAt(curves, px, py, REACH.marker, frame);
    if (marker) return marker;
    const place = tree.find(px, py, REACH.point);
    return place === undefined ? null : { kind: "point", place };
  };
  const dragged = useRef(false);

  useBrush(brushed, {
    frame,
    x,
    y,
    region: props.brush,
    onBox: showBox,
    onRegion: (region, moving) => {
      dragged.current = moving;
      onBrush(region, moving);
    },
    onStart: () => {
      dragged.current = true;
      point(null);
    },
    onClick: (event) => {
      dragged.current = false;
      const found = hitAt(event);
      // A finger cannot hover: its first touch shows what is there, the second opens it.
      const name = JSON.stringify(found);
      const first = "changedTouches" in event && name !== fingered.current;
      fingered.current = name;
      point(found);
      if (first) return found !== null;
      return act(found, event.metaKey || event.ctrlKey);
    },
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = step(curves, current, event.key);
    if (next) point(next);
    else if (event.key === "Enter" || event.key === " ") act(current, false);
    else if (event.key === "v" || event.key === "V") act(current, true);
    else if (event.key === "Escape" && current) point(null);
    else return;
    event.preventDefault();
  };

  const promised = (of: number | null, told: typeof words) => {
    if (of === null || !opens(of)) return "";
    return networks ? told.opensNetwork : visits ? told.opensRun : "";
  };
  const at = hitPosition(current, curves, dots, frame);
  const drawn =
    current?.kind === "marker" ? (curves[current.curve]?.markers[current.marker] ?? null) : null;
  const alone =
    current?.kind === "marker" && (current.run >= 0 || drawn?.marker.points.length === 1);
  const place = runAt(current);
  const told = announcement(current, curves, xLabel, yLabel);
  const whole: Region = [x.domain[0], y.domain[0], x.domain[1], y.domain[1]];
  const size = { width: frame.width, height: frame.height };

  const back = useMemo(
    () => (
      <svg class="pareto-back" {...size} aria-hidden="true">
        <Axes
          {...plan}
          xLabel={xLabel}
          yLabel={yLabel}
          xDirection={props.xDirection}
          yDirection={props.yDirection}
        />
      </svg>
    ),
    [plan, xLabel, yLabel, props.xDirection, props.yDirection, words],
  );
  return (
    <div class="pareto" ref={root}>
      <div
        ref={stage}
        class="pareto-stage"
        role="application"
        tabIndex={0}
        aria-label={`${words.name}: ${xLabel}, ${yLabel}`}
        aria-describedby={hints}
        style={{ height: `${frame.height}px` }}
        onKeyDown={onKeyDown}
        onBlur={() => point(null)}
        onPointerMove={(event: PointerEvent) => {
          if (event.pointerType !== "touch" && !dragged.current) point(hitAt(event));
        }}
        onPointerUp={() => {
          dragged.current = false;
        }}
        onPointerLeave={(event: PointerEvent) => {
          if (event.pointerType !== "touch") point(null);
        }}
        onClick={(event: MouseEvent) => {
          // d3's brush leaves presses with Ctrl alone.
          if (event.ctrlKey) act(hitAt(event), true);
        }}
      >
        {back}
        <canvas ref={faint} class="pareto-points" style={css(size)} />
        <canvas ref={strong} class="pareto-points strong" style={css(size)} />
        <svg class={current ? "pareto-front hit" : "pareto-front"} {...size} aria-hidden="true">
          {zoom && (
            <clipPath id={clip}>
              <rect
                x={frame.left}
                y={frame.top}
                width={frame.width - frame.left - frame.right}
                height={frame.height - frame.top - frame.bottom}
              />
            </clipPath>
          )}
          {comparison && (
            <Measures
              {...plan}
              floor={comparison.floor}
              floorKnown={comparison.floorKnown}
              corner={comparison.corner}
              cornerKnown={comparison.cornerKnown}
              networks={networks}
            />
          )}
          <g clip-path={zoom ? `url(#${clip})` : undefined}>
            <Curves curves={curves} hit={current} radius={frame.width < 480 ? 4.6 : 5.6} />
            <RecommendedMark curves={curves} place={props.recommended ?? null} frame={frame} />
            <OpenedRings curves={curves} dots={dots} opened={props.opened ?? []} frame={frame} />
          </g>
          {at && <circle class="ring" cx={at.x} cy={at.y} r={alone || !drawn ? 6.5 : 10} />}
          <g ref={brushed} class="brush-layer" />
        </svg>
        {at && (
          <Tooltip at={at} frame={frame}>
            {drawn && !alone ? (
              <MarkerText
                drawn={drawn}
                xLabel={xLabel}
                yLabel={yLabel}
                promise={promised(place, words)}
              />
            ) : (
              place !== null && props.tooltip(place)
            )}
          </Tooltip>
        )}
      </div>
      <p class="plot-hint" id={hints}>
        {!props.bare && words.hint} {networks ? words.hintOpen : visits && words.hintRun}{" "}
        {networks && visits && words.hintVisit}{" "}
        <span class="plot-keys">
          {words.keys} {networks && words.keyOpen} {visits && words.keyVisit}
        </span>
      </p>
      <div class="plot-unseen" aria-live="polite">
        {told}
      </div>
      {!props.bare && (
        <BrushFields
          region={props.brush}
          whole={whole}
          zoomed={zoom !== null}
          xLabel={xLabel}
          yLabel={yLabel}
          onRegion={(region) => onBrush(region, false)}
          onZoom={onZoom}
        />
      )}
    </div>
  );
}

function hitPosition(
  hit: Hit | null,
  curves: ReturnType<typeof curvesOf>,
  dots: ReturnType<typeof dotsOf>,
  frame: Frame,
): { x: number; y: number } | null {
  if (!hit) return null;
  const of = (place: number | undefined) =>
    place === undefined || place >= dots.x.length || !isSeen(dots, place)
      ? null
      : { x: dots.x[place] as number, y: dots.y[place] as number };
  if (hit.kind === "point") return of(hit.place);
  const drawn = curves[hit.curve]?.markers[hit.marker];
  if (!drawn || !isWithin(drawn, frame)) return null;
  return hit.run >= 0 ? of(drawn.marker.points[hit.run]) : { x: drawn.x, y: drawn.y };
}

function samePoints(a: PointSet, b: PointSet): boolean {
  return (
    sameTexts(a.groups, b.groups) &&
    sameNumbers(a.x, b.x) &&
    sameNumbers(a.y, b.y) &&
    sameNumbers(a.group, b.group)
  );
}

function css({ width, height }: { width: number; height: number }) {
  return { width: `${width}px`, height: `${height}px` };
}
