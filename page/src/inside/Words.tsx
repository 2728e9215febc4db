import { useMemo } from "preact/hooks";
import type { NetworkDetail } from "../data/types";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { Named } from "./Named";
import type { Structure } from "./reading";
import { sentencesOf } from "./sentences";

/** What the network does at the threshold, in sentences. */
export function Words({ detail, structure }: { detail: NetworkDetail; structure: Structure }) {
  const words = say.value.inside;
  const sentences = useMemo(
    () => sentencesOf(detail, structure, words),
    [detail, structure, words],
  );
  return (
    <section class="in-words">
      <h3>
        {words.inWords}{" "}
        <span class="soft">{words.atThreshold(formatNumber(structure.threshold))}</span>
      </h3>
      <ul>
        {sentences.map((sentence, place) => (
          <li key={place}>
            <Named parts={sentence} />
          </li>
        ))}
      </ul>
    </section>
  );
}
