import type { IndexName } from "../data/types";
import { against, type Comparison, type Interval } from "../pareto/compare";
import { sameRanges } from "../pareto/ranges";
import { groupName } from "../plot/Legend";
import { change } from "../state/choice";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { Select } from "./ColumnsForm";
import { runs } from "./loading";
import { comparison, looks, networks, order, whole } from "./view";

/** The fair one first: it compares curves of different ranges. */
export const INDICES: IndexName[] = ["hypervolume_gap", "area_marker", "area_axis"];

const DIGITS = 3;

/** The three indices of each group of what is selected. */
export function IndexTable() {
  const words = say.value.app;
  const shown = comparison.value;
  const index = order.value;
  if (!shown) return null;
  const confidence = runs.value.value?.runs.bootstrap?.confidence ?? 0.95;
  return (
    <section class="panel beside">
      <h2 id="indices">{words.indices}</h2>
      <p class="soft">
        {shown.seeds > 1
          ? words.indicesNote(`${Math.round(confidence * 100)} %`, shown.seeds)
          : words.indicesAlone}{" "}
        {networks.value && words.cheaper} {shown !== whole.value && words.indicesRegion}
      </p>
      <Fairness shown={shown} index={index} />
      <label class="field inline">
        <span>{words.order}</span>
        <Select
          value={index}
          options={INDICES}
          names={Object.fromEntries(INDICES.map((name) => [name, words[name]]))}
          onChange={(name) => change({ index: name as IndexName }, "replace")}
        />
      </label>
      <section class="scroll" tabIndex={0} aria-labelledby="indices">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.groupHead}</th>
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
                  <Group name={group.group} />
                </th>
                <td class="number">{group.networks}</td>
                {INDICES.map((name) => (
                  <td class="number" key={name}>
                    <Value {...group.indices[name]} />
                  </td>
                ))}
                <td>{verdict(shown, rank, index)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

/** A value, and below it the ends of its interval. */
export function Value({ value, low, high }: Interval) {
  const ends = [low, high].map((end) => formatNumber(end, DIGITS)).join(", ");
  return (
    <>
      {formatNumber(value, DIGITS)}
      {low <= high && <small class="ends">[{ends}]</small>}
    </>
  );
}

/** The name of a group with its colour. */
export function Group({ name }: { name: string }) {
  const colour = looks.value.get(name)?.colour ?? "currentColor";
  return (
    <>
      <span class="swatch" style={{ background: colour }} />
      <bdi title={name}>{groupName(name)}</bdi>
    </>
  );
}

/** Where areas mislead: which index is fair, and what it says. */
function Fairness({ shown, index }: { shown: Comparison; index: IndexName }) {
  const words = say.value.app;
  if (index === "hypervolume_gap") return null;
  const ranked = shown.groups
    .filter(({ markers, indices }) => markers.length > 1 && indices.hypervolume_gap.value >= 0)
    .sort((a, b) => a.indices.hypervolume_gap.value - b.indices.hypervolume_gap.value);
  const first = ranked[0];
  const other = first && first !== shown.groups[0];
  if (sameRanges(shown) && !other) return null;
  return (
    <p class="warning">
      {!sameRanges(shown) && words.shortCurves}{" "}
      {other && words.firstByDistance(groupName(first.group))}
    </p>
  );
}

function sorted(is: boolean): "ascending" | "none" {
  return is ? "ascending" : "none";
}

/** What the seeds settle of a group against the first one; that is the best where none is level. */
function verdict(shown: Comparison, rank: number, index: IndexName): string {
  const words = say.value.app;
  if (rank > 0) {
    const found = against(shown, rank, index);
    return found === null ? "–" : words[found];
  }
  const others = shown.groups.map((_, other) => against(shown, other, index)).slice(1);
  if (!others.some((one) => one !== null)) return "–";
  return others.includes("level") ? words.level : words.isBest;
}
