import { useRef } from "preact/hooks";
import { BrushFields } from "../plot/BrushFields";
import { Legend } from "../plot/Legend";
import { ParetoPlot } from "../plot/ParetoPlot";
import { change, choice } from "../state/choice";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { Select } from "./ColumnsForm";
import { bare } from "./gathering";
import { from, overview, runs } from "./loading";
import { Notes } from "./Notes";
import { isNetwork, lookInside, medoidOf, runAddress } from "./opening";
import { TakeAway } from "./TakeAway";
import {
  columns,
  comparison,
  hidden,
  ids,
  logs,
  looks,
  moving,
  networks,
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
  if (!all || !chosen || !whole.value) return null;
  const { brush, zoom, open } = choice.value;
  const { x: xLog, y: yLog } = logs.value;
  const best = study.value?.recommended ? ids.value.indexOf(study.value.recommended) : -1;
  const labels = { xLabel: axisName(chosen.x), yLabel: axisName(chosen.y) };
  const onBrush = (region: typeof brush, drawing: boolean) => {
    // While the region is drawn, quick intervals follow it; the full ones come when it rests.
    moving.value = drawing;
    change({ brush: region }, "replace");
  };
  const opens = (place: number) => {
    const run = all.runs[place] ?? 0;
    return isNetwork(run) || (!networks.value && runAddress(run) !== null);
  };
  return (
    <section class="panel beside" aria-labelledby="figure">
      <div class="figure-head">
        <h2 id="figure">{words.figure}</h2>
        <RowsOfError />
      </div>
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
          {...labels}
          xLog={xLog}
          yLog={yLog}
          xDirection={chosen.x_direction}
          yDirection={chosen.y_direction}
          hidden={hidden.value}
          visits={overview.value.value?.mlflow != null}
          networks={networks.value}
          title={study.value?.name ?? words.title}
          brush={brush}
          onBrush={onBrush}
          zoom={zoom}
          onZoom={(region) => change({ zoom: region }, "push")}
          opened={open.map((id) => ids.value.indexOf(id)).filter((place) => place >= 0)}
          recommended={best < 0 ? null : best}
          choose={medoidOf}
          opens={opens}
          bare={!from.live}
          onOpen={(place) => {
            const run = all.runs[place] ?? 0;
            if (isNetwork(run)) lookInside(ids.value[place] ?? "");
            else if (!networks.value) visit(run);
          }}
          onVisit={(place) => visit(all.runs[place] ?? 0)}
          tooltip={(place) => <Tooltip run={all.runs[place] ?? 0} />}
        />
      </figure>
      <Caption />
      {from.live && (
        <>
          <Selection />
          <Notes />
          <TakeAway figure={figure} live />
        </>
      )}
    </section>
  );
}

/** In a report: what stands beside the curves in the page itself, behind a button. */
export function More({ figure }: { figure: () => HTMLElement | null }) {
  const chosen = columns.value;
  const all = points.value;
  if (!chosen || !all) return null;
  const extent = (values: Float64Array) => [values.reduce(least), values.reduce(most)] as const;
  const [x, y] = [extent(all.x), extent(all.y)];
  return (
    <section class="panel">
      <BrushFields
        region={choice.value.brush}
        whole={[x[0], y[0], x[1], y[1]]}
        zoomed={choice.value.zoom !== null}
        xLabel={axisName(chosen.x)}
        yLabel={axisName(chosen.y)}
        onRegion={(brush) => change({ brush }, "replace")}
        onZoom={(zoom) => change({ zoom }, "push")}
      />
      <Selection />
      <Notes />
      <TakeAway
        figure={{
          get current() {
            return figure();
          },
        }}
        live={false}
      />
    </section>
  );
}

const least = (a: number, b: number) => Math.min(a, b);
const most = (a: number, b: number) => Math.max(a, b);

/** Which rows the error is of, where there are several. */
function RowsOfError() {
  const words = say.value.app;
  const chosen = columns.value;
  const measures = Object.keys(study.value?.measures ?? {});
  if (!chosen || measures.length < 2 || !measures.includes(chosen.y)) return null;
  const proposed = runs.value.value?.runs.defaults.y;
  const names = Object.fromEntries(
    measures.map((name) => [name, words.rowsOf(name.replace(/_?squared_error$/, ""))]),
  );
  return (
    <label class="field inline">
      <span>{words.errorOn}</span>
      <Select
        value={chosen.y}
        options={measures}
        names={names}
        onChange={(y) => {
          const columns = y === proposed && isProposed() ? null : { ...chosen, y };
          change({ columns, brush: null, zoom: null }, "push");
        }}
      />
    </label>
  );
}

/** Whether but for y everything is as proposed. */
function isProposed(): boolean {
  const defaults = runs.value.value?.runs.defaults;
  return JSON.stringify({ ...columns.value, y: "" }) === JSON.stringify({ ...defaults, y: "" });
}

/** What must be known to read the axes. */
function Caption() {
  const words = say.value.app;
  const all = points.value;
  const { x, y } = logs.value;
  if (!all || (!x && !y)) return null;
  const edge = [...all.x.keys()].filter(
    (place) => (x && (all.x[place] as number) <= 0) || (y && (all.y[place] as number) <= 0),
  ).length;
  return (
    <p class="soft caption">
      {words.logarithmic(x && y ? words.bothAxes : x ? words.xAxis : words.yAxis)}{" "}
      {edge > 0 && words.atEdge(edge)}
    </p>
  );
}

function Selection() {
  const all = points.value;
  const counted = selected.value?.reduce((sum, one) => sum + one, 0) ?? 0;
  return (
    <p class="soft" aria-live="polite">
      {all && say.value.app.selection(counted, all.x.length)}
    </p>
  );
}

/** Open a run in MLflow. */
function visit(run: number): void {
  const address = runAddress(run);
  if (address) window.open(address, "_blank", "noopener");
}

const FIRST = 14;

function Tooltip({ run }: { run: number }) {
  const table = runs.value.value?.table;
  const words = say.value.plot;
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
      {isNetwork(run) && <div class="soft">{words.opensNetwork}</div>}
      {!networks.value && runAddress(run) && <div class="soft">{words.opensRun}</div>}
    </>
  );
}

/** The name of an axis; of components the connections are their mean number of loadings. */
export function axisName(column: string): string {
  if (column === "connections" && study.value?.task === "pca") return say.value.app.loadingsAxis;
  return bare(column).replaceAll("_", " ");
}
