import type { ComponentChildren } from "preact";
import { useId, useMemo, useRef, useState } from "preact/hooks";
import type { NetworkDetail } from "../data/types";
import { useWidth } from "../plot/size";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { ConnectionsOf } from "./ConnectionsOf";
import { Heads, Labels, Lines, Unit } from "./Drawing";
import { type Hit, hitAt, neighbour } from "./hit";
import { layoutOf } from "./layout";
import { isCode } from "./naming";
import { liveConnections, type Place, type Structure, structureAt } from "./reading";
import { current, key, labelsOf, same, stressedBy } from "./stress";
import { DiagramTip } from "./Tip";
import { firstScale, useZoom } from "./zooming";

/** Higher diagrams are seen through a window of this height. */
const HIGHEST = 1150;
const ZOOM = 1.4;

interface DiagramProps {
  detail: NetworkDetail;
  /** At the threshold that is chosen. */
  structure: Structure;
  title: string;
  tools?: ComponentChildren;
}

/** The structure of a network: layers from left to right, and only the connections that count. */
export function Diagram({ detail, structure, title, tools }: DiagramProps) {
  const words = say.value.inside;
  const root = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const room = Math.max(useWidth(root), 260);
  const pressed = useRef(false);
  const [hint, clip] = [useId(), useId()];
  const [hovered, setHovered] = useState<Hit>(null);
  const [pointer, setPointer] = useState<[number, number] | null>(null);
  const [focused, setFocused] = useState<Hit>(null);
  const [pinned, setPinned] = useState<Place | null>(null);
  const [tab, setTab] = useState<Place>({ layer: 0, unit: 0 });
  // Placed once for a network: units that moved with the threshold could not be followed.
  const settled = useMemo(() => structureAt(detail, detail.threshold), [detail]);
  const layout = useMemo(() => layoutOf(detail, settled, room), [detail, settled, room]);
  const scale = firstScale(layout.width, room);
  const high = Math.min(layout.height * scale, HIGHEST);
  const zooming = useZoom(svg, { ...layout, room, window: high });
  const { transform } = zooming;

  const shown = current(hovered ?? focused, structure);
  const stressed = useMemo(
    () => stressedBy(shown ?? (pinned && { unit: pinned }), structure),
    [shown, pinned, structure],
  );
  const lines = useMemo(
    () => <Lines connections={structure.connections} layout={layout} />,
    [structure, layout],
  );
  const strong = useMemo(
    () => stressed && <Lines connections={[...stressed.connections]} layout={layout} />,
    [stressed, layout],
  );
  const labels = useMemo(() => labelsOf(detail, structure, words), [detail, structure, words]);
  const faded = (layer: number, unit: number) =>
    !!stressed && !stressed.units.has(key(layer, unit));

  const under = (event: PointerEvent | MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const seen: [number, number] = [event.clientX - box.left, event.clientY - box.top];
    const at = transform.invert(seen);
    const hit = hitAt(layout, structure.connections, at, transform.k);
    if (hit && "connection" in hit) setPointer(seen);
    return hit;
  };
  const goTo = (place: Place) => {
    setTab(place);
    const { layer, unit } = place;
    zooming.show(layout.xs[layer] ?? 0, layout.ys[layer]?.[unit] ?? 0);
    const selector = `[data-place="${layer}-${unit}"]`;
    svg.current?.querySelector<SVGGElement>(selector)?.focus({ preventScroll: false });
  };
  const pin = (place: Place) => {
    setTab(place);
    setPinned((old) => (old && same(old, place) ? null : place));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = neighbour(layout, tab, event.key);
    if (next) goTo(next);
    else if (event.key === "Enter" || event.key === " ") pin(tab);
    else if (event.key === "+" || event.key === "=") zooming.by(ZOOM);
    else if (event.key === "-") zooming.by(1 / ZOOM);
    else if (event.key === "0") zooming.whole();
    else if (event.key === "Escape" && (shown || pinned)) {
      setPinned(null);
      setHovered(null);
      setFocused(null);
    } else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
  };

  const first = layout.xs[0] ?? 0;
  const last = layout.xs.length - 1;

  return (
    <div class="diagram" ref={root}>
      <div class="diagram-tools">
        <button type="button" onClick={() => zooming.by(1 / ZOOM)} aria-label={words.zoomOut}>
          −
        </button>
        <button type="button" onClick={() => zooming.by(ZOOM)} aria-label={words.zoomIn}>
          +
        </button>
        <button type="button" onClick={zooming.whole}>
          {words.zoomReset}
        </button>
        <span class="spring" />
        {tools}
      </div>
      <figure class="diagram-figure">
        <figcaption class="hidden">{title}</figcaption>
        <div class="diagram-stage">
          {/* biome-ignore lint/a11y/useSemanticElements: an SVG groups its units */}
          <svg
            ref={svg}
            role="group"
            width={room}
            height={high}
            aria-label={words.diagram(structure.widths.join("-"), liveConnections(structure))}
            aria-describedby={hint}
            style={{
              touchAction: transform.k > scale ? "none" : "pan-y",
            }}
            onPointerMove={(event) => event.pointerType !== "touch" && setHovered(under(event))}
            onPointerLeave={() => setHovered(null)}
            onPointerDown={() => {
              pressed.current = true;
            }}
            onPointerUp={() => {
              pressed.current = false;
            }}
            onClick={(event) => {
              const hit = under(event);
              if (hit && "unit" in hit) pin(hit.unit);
              else setHovered(hit);
              if (!hit) setPinned(null);
            }}
            onKeyDown={onKeyDown}
            onBlur={() => {
              pressed.current = false;
              setFocused(null);
            }}
          >
            <clipPath id={clip}>
              <rect width={room} height={high} />
            </clipPath>
            <g clip-path={`url(#${clip})`}>
              <g transform={transform.toString()}>
                <g class={stressed ? "lines quiet" : "lines"}>{lines}</g>
                <g class="lines">{strong}</g>
                <Heads detail={detail} structure={structure} layout={layout} words={words} />
                {layout.sides.map((side, place) => (
                  <Labels
                    key={place === 0 ? "inputs" : "outputs"}
                    side={side}
                    outwards={place === 0 ? -1 : 1}
                    x={place === 0 ? first : (layout.xs[last] ?? 0)}
                    layout={layout}
                    alive={structure.alive.at(-place) ?? []}
                    faded={(unit) => faded(place === 0 ? 0 : last, unit)}
                  />
                ))}
                {layout.ys.map((ys, layer) =>
                  ys.map((y, unit) => (
                    <Unit
                      key={key(layer, unit)}
                      layer={layer}
                      unit={unit}
                      x={layout.xs[layer] ?? 0}
                      y={y}
                      layout={layout}
                      code={isCode(detail, layer)}
                      alive={!!structure.alive[layer]?.[unit]}
                      faded={faded(layer, unit)}
                      stressed={!!shown && "unit" in shown && same(shown.unit, { layer, unit })}
                      pinned={!!pinned && same(pinned, { layer, unit })}
                      label={labels[layer]?.[unit] ?? ""}
                      tab={same(tab, { layer, unit })}
                      onFocus={(layer, unit) => {
                        setTab({ layer, unit });
                        // A click says by itself what it does; a tip that stays would cover it.
                        if (!pressed.current) setFocused({ unit: { layer, unit } });
                      }}
                    />
                  )),
                )}
              </g>
            </g>
          </svg>
          {/* The list of connections says itself what it stresses. */}
          {shown && (hovered || "unit" in shown) && (
            <DiagramTip
              hit={shown}
              pointer={"connection" in shown ? pointer : null}
              detail={detail}
              structure={structure}
              layout={layout}
              transform={transform}
              room={room}
              height={high}
            />
          )}
        </div>
      </figure>
      <p class="diagram-legend">
        <span class="key positive">{words.positive}</span>
        <span class="key negative">{words.negative}</span>
        <span class="key dead">{words.dead}</span>
        <span>{words.legend}</span>
      </p>
      <p class="soft diagram-hint" id={hint}>
        {words.hint}
      </p>
      {pinned && (
        <ConnectionsOf
          detail={detail}
          structure={structure}
          place={pinned}
          threshold={formatNumber(structure.threshold)}
          onMark={(connection) => setFocused(connection && { connection })}
          onGo={(place) => {
            setPinned(place);
            setTab(place);
          }}
          onClose={() => {
            setPinned(null);
            goTo(pinned);
          }}
        />
      )}
    </div>
  );
}
