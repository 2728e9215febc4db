import type { IndexName } from "../data/types";
import type { Comparison } from "../pareto/compare";
import { change, choice } from "../state/choice";
import { formatInterval } from "../words/number";
import { say } from "../words/words";
import { Select } from "./ColumnsForm";
import { runs } from "./loading";
import { comparison, looks } from "./view";

export const INDICES: IndexName[] = ["area_marker", "area_axis", "hypervolume_gap"];

/** The three indices of each group of what is selected. */
export function IndexTable() {
  const words = say.value.app;
  const shown = comparison.value;
  const { index } = choice.value;
  if (!shown) return null;
  const confidence = runs.value.value?.runs.bootstrap?.confidence ?? 0.95;
  return (
    <section class="panel">
      <h2 id="indices">{words.indices}</h2>
      <p class="soft">
        {shown.seeds > 1
          ? words.indicesNote(`${Math.round(confidence * 100)} %`, shown.seeds)
          : words.indicesAlone}
        {choice.value.brush && ` ${words.indicesRegion}`}
      </p>
      <p class="soft">{words.shortCurves}</p>
      <label class="field inline">
        <span>{words.order}</span>
        <Select
          value={index}
          options={INDICES}
          names={{
            area_marker: words.area_marker,
            area_axis: words.area_axis,
            hypervolume_gap: words.hypervolume_gap,
          }}
          onChange={(name) => change({ index: name as IndexName }, "replace")}
        />
      </label>
      <section class="scroll" tabIndex={0} aria-labelledby="indices">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.group}</th>
              <th scope="col" class="number">
                {words.networks}
              </th>
              {INDICES.map((name) => (
                <th scope="col" class="number" key={name} aria-sort={sorted(name === index)}>
                  {words[name]}
                </th>
              ))}
              <th scope="col">{words.settled}</th>
            </tr>
          </thead>
          <tbody>
            {shown.groups.map((group, rank) => (
              <tr key={group.group}>
                <th scope="row">
                  <span
                    class="swatch"
                    style={{ background: looks.value.get(group.group)?.colour ?? "currentColor" }}
                  />
                  <bdi title={group.group}>{group.group || "–"}</bdi>
                </th>
                <td class="number">{group.networks}</td>
                {INDICES.map((name) => (
                  <td class="number" key={name}>
                    {formatInterval(group.indices[name])}
                  </td>
                ))}
                <td>{verdict(shown, rank)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function sorted(is: boolean): "ascending" | "none" {
  return is ? "ascending" : "none";
}

/** Whether the seeds settle that the best group is better than this one. */
function verdict(shown: Comparison, rank: number): string {
  const words = say.value.app;
  if (rank === 0) return words.isBest;
  if (shown.seeds < 2) return "–";
  const best = shown.groups[0]?.group;
  const mine = shown.groups[rank]?.group;
  const pair = shown.pairs.find(
    ({ index, first, second }) =>
      index === choice.value.index &&
      ((first === best && second === mine) || (first === mine && second === best)),
  );
  return pair ? (pair.settled ? words.isSettled : words.notSettled) : "–";
}
