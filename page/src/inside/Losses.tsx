import { useState } from "preact/hooks";
import type { NetworkDetail } from "../data/types";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { Named } from "./Named";

const FIRST = 14;

/** Bars end here; a loss above it, which is worse than the mean, is marked as longer. */
const LONGEST = 1.5;

type Row = NonNullable<NetworkDetail["losses"]>[number];

interface LossesProps {
  losses: Row[];
  /** The threshold that they were measured at. */
  threshold: number;
  /** Whether another one is chosen: then they are not those of what is shown. */
  moved: boolean;
}

/** The information loss of each input as a bar and a number, what is kept best first. */
export function Losses({ losses, threshold, moved }: LossesProps) {
  const words = say.value.inside;
  const [all, setAll] = useState(false);
  const sorted = [...losses].sort((a, b) => lossOf(a) - lossOf(b));
  const few = sorted.length <= FIRST + 2;
  const shown = few || all ? sorted : sorted.slice(0, FIRST);
  const end = Math.min(LONGEST, Math.max(1, ...losses.map(({ loss }) => loss ?? 0)));
  return (
    <section class={moved ? "losses stale" : "losses"}>
      <h3>
        {words.losses} <span class="soft">{words.asTrained(formatNumber(threshold))}</span>
      </h3>
      <p class="soft small">{words.lossesHint}</p>
      <table>
        <colgroup>
          <col class="names" />
          <col />
          <col class="numbers" />
          <col class="numbers" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">{words.variable}</th>
            <th scope="col" colSpan={2}>
              {words.lossOf}
            </th>
            <th scope="col" class="number">
              {words.varianceOf}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.variable}>
              <th scope="row">
                <span class="clipped" title={row.variable}>
                  <Named parts={[{ name: row.variable }]} length={60} />
                </span>
              </th>
              <td class="loss-cell">
                <Bar loss={row.loss} end={end} />
              </td>
              <td class="number">
                {row.loss === null ? words.noVariance : formatNumber(row.loss, 3)}
              </td>
              <td class="number soft">{formatNumber(row.variance ?? Number.NaN, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {!few && (
        <button type="button" class="more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? words.showFewer : words.showAll(sorted.length)}
        </button>
      )}
    </section>
  );
}

function Bar({ loss, end }: { loss: number | null; end: number }) {
  const length = (value: number) => (100 * Math.min(value, end)) / end;
  return (
    <svg class="loss-bar" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">
      {loss !== null && (
        <rect class={loss > end ? "longer" : ""} width={length(loss)} height="10" />
      )}
      <line x1={length(1)} x2={length(1)} y1="0" y2="10" />
    </svg>
  );
}

function lossOf({ loss }: Row): number {
  return loss ?? Number.MAX_VALUE;
}
