import { useMemo } from "preact/hooks";
import type { NetworkDetail } from "../data/types";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { Named } from "./Named";
import type { Phrase } from "./phrase";
import type { Structure } from "./reading";
import { sentencesByTime } from "./sentences";

/** What the network does at the threshold, in sentences, and what it lost as it was trained. */
export function Words({ detail, structure }: { detail: NetworkDetail; structure: Structure }) {
  const words = say.value.inside;
  const { now, trained, measure } = useMemo(
    () => sentencesByTime(detail, structure, words),
    [detail, structure, words],
  );
  const moved = structure.threshold !== detail.threshold;
  return (
    <section class="in-words">
      <h3>
        {words.inWords}{" "}
        <span class="soft">{words.atThreshold(formatNumber(structure.threshold))}</span>
      </h3>
      <List sentences={measure ? [...now, measure] : now} />
      {trained.length > 0 && (
        <div class={moved ? "stale" : undefined}>
          <h4>{words.asTrained(formatNumber(detail.threshold))}</h4>
          <List sentences={trained} />
        </div>
      )}
    </section>
  );
}

function List({ sentences }: { sentences: Phrase[] }) {
  return (
    <ul>
      {sentences.map((sentence, place) => (
        <li key={place}>
          <Named parts={sentence} />
        </li>
      ))}
    </ul>
  );
}
