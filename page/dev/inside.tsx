/** @jsxImportSource preact */
/** Networks of several sizes by themselves: `?network=wide&language=ja&theme=dark&two=1`. */

import { render } from "preact";
import { useMemo, useState } from "preact/hooks";
import "../src/app/theme.css";
import "../src/app/app.css";
import "../src/plot/plot.css";
import "../src/inside/inside.css";
import type { History, NetworkDetail } from "../src/data/types";
import { NetworkPanel } from "../src/inside/NetworkPanel";
import { connectionsAt } from "../src/inside/reading";
import { change } from "../src/state/choice";

const FILES = import.meta.glob<{ detail: NetworkDetail }>("../tests/fixtures/inside/*.json", {
  eager: true,
  import: "default",
});

const query = new URLSearchParams(location.search);

/** Sparse weights that are the same each time. */
function made(widths: number[], names: string[], density: number): NetworkDetail {
  let seed = 7;
  const random = () => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return seed / 4294967296;
  };
  const normal = () => random() + random() + random() + random() - 2;
  const weights = widths.slice(1).map((below, layer) =>
    Array.from({ length: below }, () =>
      Array.from({ length: widths[layer] as number }, () =>
        Math.fround(random() < density ? 2 * normal() : 0.004 * normal()),
      ),
    ),
  );
  const middle = (widths.length - 1) / 2;
  return {
    run_id: widths.join(),
    name: `${widths.join("-")} sL1+sh 0.003 seed 2`,
    params: { group: "sL1+sh", l1_weight: "0.003", seed: "2" },
    metrics: { squared_error: 0.00412, connections: 31 },
    study: null,
    task: "sae",
    code_layer: middle,
    layers: widths.map((width, layer) => ({
      units: Array.from({ length: width }, (_, unit) =>
        layer === 0 || layer === widths.length - 1
          ? (names[unit % names.length] as string) + (unit < names.length ? "" : ` (${unit})`)
          : `unit ${unit + 1} of hidden layer ${layer}`,
      ),
      activation: layer ? "sigmoid" : null,
    })),
    variables: Array.from({ length: widths[0] as number }, (_, unit) => ({
      name: (names[unit % names.length] as string) + (unit < names.length ? "" : ` (${unit})`),
      inputs: [unit],
    })),
    weights,
    biases: widths.slice(1).map((width) => Array.from({ length: width }, normal)),
    threshold: 0.01,
    connections: 0,
    connections_total: weights.flat(2).length,
    dead_units: [],
    sweep: {
      thresholds: [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
      connections: [400, 300, 200, 120, 110, 100, 60, 9],
      squared_error: [0.0041, 0.0041, 0.00412, 0.0042, 0.0045, 0.0061, 0.013, 0.019],
      accuracy: null,
    },
    losses: Array.from({ length: widths[0] as number }, (_, unit) => ({
      variable: (names[unit % names.length] as string) + (unit < names.length ? "" : ` (${unit})`),
      loss: unit === 3 ? null : Math.abs(normal()) * 1.2,
      variance: unit === 3 ? 0 : 0.02 + 0.02 * random(),
    })),
    codes: null,
    variables_read: null,
    sentences: [],
  };
}

const WINE = [
  "fixed acidity",
  "volatile acidity",
  "citric acid",
  "residual sugar",
  "chlorides",
  "free sulfur dioxide",
  "total sulfur dioxide",
  "density",
  "pH",
  "sulphates",
  "alcohol",
  "quality",
];
const LONG = [
  "mean concentration of dissolved organic carbon in the upper layer (mg/l)",
  "mean concentration of dissolved organic carbon in the lower layer (mg/l)",
  "最高気温の月平均値（摂氏、観測所 12）",
  "temperature",
  "درجة الحرارة في المحطة",
  "<img src=x onerror=alert(1)>",
  "a\nb\u202ec",
  "x".repeat(5000),
];
const NETWORKS: Record<string, () => NetworkDetail> = {
  small: () => made([4, 2, 4], ["a", "b", "c", "d"], 0.7),
  wine: () => made([12, 10, 8, 10, 12], WINE, 0.16),
  wide: () => made([61, 14, 8, 14, 61], LONG, 0.06),
  big: () => made([300, 100, 30, 100, 300], WINE, 0.02),
  deep: () => made([12, 10, 9, 8, 6, 8, 9, 10, 12], WINE, 0.2),
};

function history(): History {
  const steps = Array.from({ length: 150 }, (_, step) => step + 1);
  return {
    metrics: {
      squared_error: { steps, values: steps.map((step) => 0.02 * Math.exp(-step / 30) + 0.004) },
      connections: { steps, values: steps.map((step) => 400 - Math.round(2.4 * step)) },
    },
  };
}

function Panel({ name }: { name: string }) {
  const detail = useMemo(() => {
    const file = FILES[`../tests/fixtures/inside/${name}.json`];
    return file?.detail ?? (NETWORKS[name] ?? NETWORKS.wine)?.();
  }, [name]);
  const course = useMemo(history, []);
  const [threshold, setThreshold] = useState(Number(query.get("threshold") ?? detail?.threshold));
  if (!detail) return null;
  detail.connections = connectionsAt(detail, detail.threshold).length;
  return (
    <NetworkPanel
      detail={query.has("loading") ? null : detail}
      history={course}
      error={query.get("error")}
      threshold={threshold}
      onThreshold={setThreshold}
      onClose={() => undefined}
      onRegister={() => undefined}
      runAddress="#run"
    />
  );
}

document.documentElement.dataset.theme = query.get("theme") ?? "light";
change({ language: query.get("language") === "ja" ? "ja" : "en" });
document.documentElement.lang = query.get("language") ?? "en";
const names = (query.get("network") ?? "wine").split(",");
render(
  <div class="inside-all" id="all">
    {names.map((name) => (
      <Panel key={name} name={name} />
    ))}
  </div>,
  document.getElementById("page") as HTMLElement,
);
