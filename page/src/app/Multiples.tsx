import { against } from "../pareto/compare";
import { Legend } from "../plot/Legend";
import { ParetoPlot } from "../plot/ParetoPlot";
import { change, choice } from "../state/choice";
import { say } from "../words/words";
import { axisName } from "./Figure";
import { Group, Value } from "./IndexTable";
import { runs } from "./loading";
import { isNetwork, lookInside, medoidOf } from "./opening";
import { columns, hidden, looks, type Multiple, multiples, points, studies } from "./view";

/** Studies of different tables, side by side: a plot each, and a table of group × study. */
export function Multiples() {
  const words = say.value.app;
  const shown = multiples.value;
  const all = points.value;
  if (!shown.length || !all) return null;
  return (
    <>
      <section class="panel" aria-labelledby="figure">
        <h2 id="figure">{words.figure}</h2>
        <p class="warning">{words.apart(studies.value.length)}</p>
        <Legend
          groups={all.groups}
          looks={looks.value}
          hidden={hidden.value}
          onToggle={(group) =>
            change({
              hidden: hidden.value.has(group)
                ? choice.value.hidden.filter((other) => other !== group)
                : [...choice.value.hidden, group],
            })
          }
        />
        <div class="multiples">
          {shown.map((one) => (
            <One key={one.study.run_id} {...one} />
          ))}
        </div>
      </section>
      <ByStudy shown={shown} groups={all.groups} />
    </>
  );
}

function One({ study, points: own, comparison, logs }: Multiple) {
  const chosen = columns.value;
  const all = points.value;
  if (!chosen || !all) return null;
  // The places among all points, by which a marker's medoid is chosen.
  const placeOf = new Map(Array.from(all.runs, (run, place) => [run, place]));
  const outer = (place: number) => placeOf.get(own.runs[place] ?? -1) ?? -1;
  const choose = (places: number[]) => {
    const found = medoidOf(places.map(outer));
    return found === null ? null : (places.find((place) => outer(place) === found) ?? null);
  };
  const idOf = (place: number) => idAt(own.runs[place] ?? -1);
  const best = [...own.runs.keys()].find((place) => idOf(place) === study.recommended);
  return (
    <figure class="multiple">
      <figcaption>
        <strong>
          <bdi>{study.name}</bdi>
        </strong>{" "}
        <span class="soft">
          <bdi>{study.dataset}</bdi>
        </span>
      </figcaption>
      <ParetoPlot
        bare
        comparison={comparison}
        points={own}
        ids={[]}
        looks={looks.value}
        xLabel={axisName(chosen.x)}
        yLabel={axisName(chosen.y)}
        xLog={logs.x}
        yLog={logs.y}
        xDirection={chosen.x_direction}
        yDirection={chosen.y_direction}
        hidden={hidden.value}
        visits={false}
        title={study.name}
        brush={null}
        onBrush={() => {}}
        opened={choice.value.open.flatMap((id) => {
          const place = [...own.runs.keys()].find((at) => idOf(at) === id);
          return place === undefined ? [] : [place];
        })}
        recommended={best ?? null}
        choose={choose}
        opens={(place) => isNetwork(own.runs[place] ?? -1)}
        onOpen={(place) => lookInside(idOf(place))}
        onVisit={() => {}}
        tooltip={(place) => <bdi>{nameAt(own.runs[place] ?? -1)}</bdi>}
      />
    </figure>
  );
}

const idAt = (run: number) => runs.value.value?.table.id(run) ?? "";
const nameAt = (run: number) => runs.value.value?.table.name(run) ?? "";

function ByStudy({ shown, groups }: { shown: Multiple[]; groups: string[] }) {
  const words = say.value.app;
  const compared = groups.filter((group) =>
    shown.some(({ comparison }) => comparison.groups.some((one) => one.group === group)),
  );
  return (
    <section class="panel">
      <h2 id="indices">{words.byStudy}</h2>
      <p class="soft">{words.byStudyNote}</p>
      <section class="scroll" tabIndex={0} aria-labelledby="indices">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.groupHead}</th>
              {shown.map(({ study }) => (
                <th scope="col" class="number" key={study.run_id}>
                  <bdi title={study.name}>{study.name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {compared.map((name) => (
              <tr key={name}>
                <th scope="row">
                  <Group name={name} />
                </th>
                {shown.map(({ study, comparison }) => {
                  const rank = comparison.groups.findIndex(({ group }) => group === name);
                  const group = comparison.groups[rank];
                  const least =
                    rank === 0 || against(comparison, rank, "hypervolume_gap") === "level";
                  return (
                    <td class={group && least ? "number least" : "number"} key={study.run_id}>
                      {group ? <Value {...group.indices.hypervolume_gap} /> : "–"}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}
