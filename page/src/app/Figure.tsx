import { useRef } from "preact/hooks";
import { Legend } from "../plot/Legend";
import { ParetoPlot } from "../plot/ParetoPlot";
import { change, choice } from "../state/choice";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { from, overview, runs } from "./loading";
import { isNetwork, lookInside, runAddress } from "./opening";
import { TakeAway } from "./TakeAway";
import {
  columns,
  comparison,
  hidden,
  ids,
  looks,
  moving,
  points,
  selected,
  study,
  whole,
} from "./view";

/** The curves with their legend, and what can be taken away of them. */
export function Figure() {
  const words = say.value.app;
  const figure = useRef<HTMLElement>(null);
  const all = points.value;
  const chosen = columns.value;
  const shown = whole.value;
  const { brush, xLog, yLog } = choice.value;
  if (!all || !chosen || !shown) return null;
  const counted = selected.value?.reduce((sum, one) => sum + one, 0) ?? 0;
  const onBrush = (region: typeof brush, drawing: boolean) => {
    // While the region is drawn, quick intervals follow it; the full ones come when it rests.
    moving.value = drawing;
    change({ brush: region }, "replace");
  };
  return (
    <section class="panel">
      <h2>{words.figure}</h2>
      <Legend
        groups={all.groups}
        looks={looks.value}
        hidden={hidden.value}
        onToggle={(group) =>
          change(
            {
              hidden: hidden.value.has(group)
                ? choice.value.hidden.filter((other) => other !== group)
                : [...choice.value.hidden, group],
            },
            "replace",
          )
        }
      />
      <figure ref={figure} class="figure">
        <ParetoPlot
          comparison={comparison.value}
          points={all}
          ids={ids.value}
          looks={looks.value}
          xLabel={named(chosen.x)}
          yLabel={named(chosen.y)}
          xLog={xLog}
          yLog={yLog}
          xDirection={chosen.x_direction}
          yDirection={chosen.y_direction}
          hidden={hidden.value}
          visits={overview.value.value?.mlflow != null}
          title={study.value?.name ?? words.title}
          brush={brush}
          onBrush={onBrush}
          onOpen={(place) => {
            const run = all.runs[place] ?? 0;
            if (isNetwork(run)) lookInside(ids.value[place] ?? "");
            else visit(run);
          }}
          onVisit={(place) => visit(all.runs[place] ?? 0)}
          tooltip={(place) => <Tooltip run={all.runs[place] ?? 0} />}
        />
      </figure>
      <p class="soft" aria-live="polite">
        {words.selection(counted, all.x.length)}
      </p>
      <Notes />
      <TakeAway figure={figure} live={from.live} />
    </section>
  );
}

/** Open a run in MLflow. */
function visit(run: number): void {
  const address = runAddress(run);
  if (address) window.open(address, "_blank", "noopener");
}

/** What is left out, and what stands for something else. */
function Notes() {
  const words = say.value.app;
  const all = points.value;
  const shown = whole.value;
  const studies = runs.value.value?.runs.studies.length ?? 0;
  const left = runs.value.value?.runs.left_out;
  const told = ({ group, failed, total }: { group: string; failed: number; total: number }) =>
    failed === total
      ? words.noneLeft(group || words.runs, total)
      : words.ofGroup(group || words.runs, failed, total);
  const notes = [
    all?.failed ? words.failed(all.failed, all.lost.map(told).join(", ")) : "",
    left?.failed ? words.endedBadly(left.failed) : "",
    left?.running ? words.stillRunning(left.running) : "",
    left?.without_metric ? words.withoutMetric(left.without_metric) : "",
    all?.missing ? words.missing(all.missing) : "",
    all?.nonpositive ? words.nonpositive(all.nonpositive) : "",
    studies > 1 ? words.manyStudies(studies) : "",
    shown && !shown.floorKnown ? words.floorUnknown : "",
    shown && !shown.cornerKnown ? words.cornerUnknown : "",
  ].filter(Boolean);
  return notes.length ? (
    <ul class="notes">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  ) : null;
}

const FIRST = 14;

function Tooltip({ run }: { run: number }) {
  const table = runs.value.value?.table;
  if (!table) return null;
  const { metrics, params } = table.row(run);
  const shown = [...Object.entries(metrics), ...Object.entries(params)].filter(
    ([, value]) => value !== null && value !== "",
  );
  return (
    <>
      <strong>
        <bdi>{table.name(run)}</bdi>
      </strong>
      <dl>
        {shown.slice(0, FIRST).map(([name, value]) => (
          <div key={name}>
            <dt>
              <bdi>{name}</bdi>
            </dt>
            <dd>
              <bdi>
                {typeof value === "number" ? formatNumber(value) : String(value).slice(0, 80)}
              </bdi>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function named(column: string): string {
  return column.replace(/^(params|tags)\./, "").replaceAll("_", " ");
}
