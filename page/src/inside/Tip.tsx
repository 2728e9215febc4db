import type { ZoomTransform } from "d3-zoom";
import type { NetworkDetail } from "../data/types";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { endsOf, type Hit } from "./hit";
import type { Layout } from "./layout";
import { Named } from "./Named";
import { unitName } from "./naming";
import type { Connection, Place, Structure } from "./reading";

/** Connections that the tip of a unit names in either direction. */
const STRONGEST = 4;
const WIDTH = 280;

interface TipProps {
  hit: NonNullable<Hit>;
  detail: NetworkDetail;
  structure: Structure;
  layout: Layout;
  transform: ZoomTransform;
  /** Where it points at a connection; its middle where none does. */
  pointer: [number, number] | null;
  room: number;
  height: number;
}

/** What is pointed at or focused, beside it. */
export function DiagramTip({ hit, detail, structure, layout, ...view }: TipProps) {
  const { transform, pointer, room, height } = view;
  const [x, y] = pointer ?? transform.apply(placeOf(hit, layout));
  const width = Math.min(WIDTH, room - 16);
  // Beside it, on the side where there is more room, so that it is not covered.
  const left = x < room / 2 ? Math.min(x + 22, room - width - 4) : Math.max(4, x - width - 22);
  const beside =
    y < height / 2
      ? { top: `${Math.max(0, y + 12)}px` }
      : { bottom: `${Math.max(0, height - y + 12)}px` };
  return (
    <div
      class="diagram-tip"
      aria-hidden="true"
      style={{ left: `${left}px`, width: `${width}px`, ...beside }}
    >
      {"unit" in hit ? (
        <UnitTip detail={detail} structure={structure} place={hit.unit} />
      ) : (
        <ConnectionTip detail={detail} one={hit.connection} />
      )}
    </div>
  );
}

function ConnectionTip({ detail, one }: { detail: NetworkDetail; one: Connection }) {
  const words = say.value.inside;
  const source = unitName(detail, { layer: one.layer, unit: one.source }, words);
  const target = unitName(detail, { layer: one.layer + 1, unit: one.target }, words);
  return (
    <>
      <strong>
        {words.weight} <Weight value={one.weight} />
      </strong>
      <span>
        <Named parts={source} length={80} /> → <Named parts={target} length={80} />
      </span>
      {!one.alive && <span class="soft">{words.dead}</span>}
    </>
  );
}

function UnitTip({
  detail,
  structure,
  place,
}: {
  detail: NetworkDetail;
  structure: Structure;
  place: Place;
}) {
  const words = say.value.inside;
  const { layer, unit } = place;
  const { incoming, outgoing } = endsOf(structure, place);
  const bias = layer > 0 ? detail.biases[layer - 1]?.[unit] : undefined;
  return (
    <>
      <strong>
        <Named parts={unitName(detail, place, words)} length={160} />
      </strong>
      {!structure.used[layer]?.[unit] ? (
        <span>{words.isDead}</span>
      ) : (
        !structure.fed[layer]?.[unit] && <span>{words.isConstant}</span>
      )}
      {bias !== undefined && (
        <span class="soft">
          {words.bias} {formatNumber(bias, 3)}
        </span>
      )}
      <Strongest detail={detail} arrow="←" connections={incoming} />
      <Strongest detail={detail} arrow="→" connections={outgoing} />
    </>
  );
}

function Strongest({
  detail,
  arrow,
  connections,
}: {
  detail: NetworkDetail;
  arrow: "←" | "→";
  connections: Connection[];
}) {
  const words = say.value.inside;
  if (!connections.length) return null;
  const rest = connections.length - STRONGEST;
  return (
    <>
      {connections.slice(0, STRONGEST).map((one) => (
        <span key={`${one.source}-${one.target}`}>
          {arrow} <Weight value={one.weight} />{" "}
          <Named parts={unitName(detail, otherEnd(one, arrow), words)} />
        </span>
      ))}
      {rest > 0 && (
        <span class="soft">
          {arrow} {words.more(rest)}
        </span>
      )}
    </>
  );
}

export function otherEnd(one: Connection, arrow: "←" | "→"): Place {
  return arrow === "←"
    ? { layer: one.layer, unit: one.source }
    : { layer: one.layer + 1, unit: one.target };
}

export function Weight({ value }: { value: number }) {
  return <span class={value > 0 ? "positive" : "negative"}>{formatNumber(value, 3)}</span>;
}

function placeOf(hit: NonNullable<Hit>, layout: Layout): [number, number] {
  const at = (layer: number, unit: number) =>
    [layout.xs[layer] ?? 0, layout.ys[layer]?.[unit] ?? 0] as [number, number];
  if ("unit" in hit) return at(hit.unit.layer, hit.unit.unit);
  const { layer, source, target } = hit.connection;
  const [[x0, y0], [x1, y1]] = [at(layer, source), at(layer + 1, target)];
  return [(x0 + x1) / 2, (y0 + y1) / 2];
}
