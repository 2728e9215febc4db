import { useState } from "preact/hooks";
import type { NetworkDetail } from "../data/types";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { endsOf } from "./hit";
import { Named } from "./Named";
import { unitName } from "./naming";
import type { Connection, Place, Structure } from "./reading";
import { otherEnd, Weight } from "./Tip";

const FIRST = 10;

interface ConnectionsOfProps {
  detail: NetworkDetail;
  structure: Structure;
  place: Place;
  threshold: string;
  /** Stress a connection in the diagram. */
  onMark: (connection: Connection | null) => void;
  onGo: (place: Place) => void;
  onClose: () => void;
}

/** All connections of a unit with their weights; each leads on to its other end. */
export function ConnectionsOf({ detail, structure, place, threshold, ...on }: ConnectionsOfProps) {
  const words = say.value.inside;
  const { incoming, outgoing } = endsOf(structure, place);
  const bias = place.layer > 0 ? detail.biases[place.layer - 1]?.[place.unit] : undefined;
  return (
    <section class="connections-of" aria-label={words.connectionsOf}>
      <div class="connections-head">
        <h4>
          {words.connectionsOf} <Named parts={unitName(detail, place, words)} length={80} />
        </h4>
        <span class="soft">{words.atThreshold(threshold)}</span>
        {bias !== undefined && (
          <span class="soft">
            {words.bias} {formatNumber(bias, 3)}
          </span>
        )}
        <button type="button" onClick={on.onClose}>
          {words.close}
        </button>
      </div>
      <div class="connections-lists">
        {place.layer > 0 && <List arrow="←" connections={incoming} detail={detail} {...on} />}
        {place.layer < detail.layers.length - 1 && (
          <List arrow="→" connections={outgoing} detail={detail} {...on} />
        )}
      </div>
    </section>
  );
}

function List({
  arrow,
  connections,
  detail,
  onMark,
  onGo,
}: {
  arrow: "←" | "→";
  connections: Connection[];
  detail: NetworkDetail;
  onMark: (connection: Connection | null) => void;
  onGo: (place: Place) => void;
}) {
  const words = say.value.inside;
  const [all, setAll] = useState(false);
  const count = connections.length;
  const shown = all || count <= FIRST + 1 ? connections : connections.slice(0, FIRST);
  return (
    <div>
      <p class="soft">{arrow === "←" ? words.incoming(count) : words.outgoing(count)}</p>
      <ul>
        {shown.map((one) => (
          <li key={`${one.source}-${one.target}`}>
            <button
              type="button"
              class="connection"
              onFocus={() => onMark(one)}
              onBlur={() => onMark(null)}
              onPointerEnter={() => onMark(one)}
              onPointerLeave={() => onMark(null)}
              onClick={() => onGo(otherEnd(one, arrow))}
            >
              <Weight value={one.weight} />
              <span>
                {arrow} <Named parts={unitName(detail, otherEnd(one, arrow), words)} length={60} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      {shown.length < count && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          {words.more(count - shown.length)}
        </button>
      )}
    </div>
  );
}
