/** @jsxImportSource preact */
/** The plots by themselves with made-up data; `npx vite`, then /dev/plot.html?seeds=5&dark&xlog … */

import { signal } from "@preact/signals";
import { render } from "preact";
import { compare, type PointSet } from "../src/pareto/compare";
import "../src/app/theme.css";
import "../src/plot/plot.css";
import type { Region } from "../src/plot/brush";
import { Legend } from "../src/plot/Legend";
import { LineChart } from "../src/plot/LineChart";
import { looksOf, type Palette } from "../src/plot/looks";
import { ParetoPlot } from "../src/plot/ParetoPlot";
import { pictureOf, pngOf } from "../src/plot/picture";
import { change } from "../src/state/choice";

const query = new URLSearchParams(location.search);
const dark = query.has("dark");
document.documentElement.dataset.theme = dark ? "dark" : "light";
if (query.has("ja")) change({ language: "ja" });

const names = query.has("hostile")
  ? ["<img src=x onerror=alert(1)>", "\u202eright to left", "two\nlines", "x".repeat(5000), "none"]
  : query.has("others")
    ? ["dense", "lottery", "magnitude", "movement", "l0", "variational", "random", "snip", "grasp"]
    : ["L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs", "none"];
const seeds = Number(query.get("seeds") ?? 5);

let state = 7;
function random(): number {
  state = (state * 16807) % 2147483647;
  return state / 2147483647;
}
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

function made(): PointSet {
  const rows: number[][] = [];
  names.forEach((name, group) => {
    const strengths = name === "none" ? 1 : 7;
    for (let strength = 0; strength < strengths; strength += 1) {
      for (let seed = 0; seed < seeds; seed += 1) {
        const share = name === "none" ? 1 : 1 - 0.11 * (strength + 1);
        const x = 400 * share * (1 + 0.05 * normal()) - 6 * group;
        const y =
          0.0008 * (1 + 0.08 * normal()) +
          (name === "none" ? 0 : 0.05 * Math.exp(-x / 38) * (1 + 0.35 * Math.abs(normal()))) +
          0.00012 * group * random();
        rows.push([Math.max(8, x), y, group, strength, seed]);
      }
    }
  });
  const column = (place: number) => rows.map((row) => row[place] as number);
  return {
    x: Float64Array.from(column(0)),
    y: Float64Array.from(column(1)),
    group: Int32Array.from(column(2)),
    marker: Int32Array.from(column(3)),
    replicate: Int32Array.from(column(4)),
    groups: names,
  };
}

const points = made();
const comparison = compare(points, {
  index: "area_marker",
  floor: null,
  nullError: 0.0193,
  connectionsTotal: 400,
  floorGroup: "none",
  confidence: 0.95,
  resamples: seeds > 50 ? 50 : 400,
  draws: null,
  xDirection: "min",
  yDirection: "min",
});
const looks = looksOf(names, (query.get("palette") ?? "published") as Palette, dark);
const region = signal<Region | null>(null);
const hidden = signal(new Set<string>());
const log = signal<string[]>([]);

function Page() {
  return (
    <>
      <Legend
        groups={names}
        looks={looks}
        hidden={hidden.value}
        onToggle={(group) => {
          const next = new Set(hidden.value);
          if (!next.delete(group)) next.add(group);
          hidden.value = next;
        }}
      />
      <figure id="figure" style={{ margin: 0 }}>
        <ParetoPlot
          comparison={comparison}
          points={points}
          ids={[]}
          looks={looks}
          title="wine-sae: 12-10-8-10-12"
          xLabel="connections (|w| > 0.01)"
          yLabel="mean squared error per output element"
          xLog={query.has("xlog")}
          yLog={query.has("ylog")}
          xDirection="min"
          yDirection="min"
          hidden={hidden.value}
          brush={region.value}
          onBrush={(next) => {
            region.value = next;
          }}
          onHover={() => {}}
          onOpen={(place) => {
            log.value = [...log.value, `open ${place}`];
          }}
          onVisit={(place) => {
            log.value = [...log.value, `visit ${place}`];
          }}
          tooltip={(place) => (
            <>
              <strong>
                <bdi>run-{place}</bdi>
              </strong>
              <dl>
                <div>
                  <dt>connections</dt>
                  <dd>{points.x[place]?.toFixed(0)}</dd>
                </div>
              </dl>
            </>
          )}
        />
      </figure>
      <p id="log">{log.value.join(", ")}</p>
      <div id="history" style={{ maxWidth: "520px" }}>
        <LineChart
          label="History"
          series={[
            { name: "squared_error", steps: steps, values: steps.map((s) => 0.4 / (1 + s) + 0.001) },
            { name: "loss", steps: steps, values: steps.map((s) => (s === 40 ? null : 0.9 / (1 + s) + 0.02)) },
          ]}
        />
      </div>
    </>
  );
}
const steps = Array.from({ length: 150 }, (_, step) => step);

const page = document.getElementById("page") as HTMLElement;
document.body.style.cssText = "margin:0;background:var(--panel);color:var(--ink)";
page.style.cssText = "padding:12px 16px";
render(<Page />, page);
Object.assign(window, { pictureOf, pngOf });
