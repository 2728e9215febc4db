/** What is shown, from the documents that are loaded and what is chosen. */

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Answer } from "../src/app/Answer";
import { Chooser } from "../src/app/Chooser";
import { Head, shownName } from "../src/app/Head";
import { IndexTable } from "../src/app/IndexTable";
import { overview, runs } from "../src/app/loading";
import { medoidOf } from "../src/app/opening";
import { State } from "../src/app/State";
import {
  comparison,
  joined,
  logs,
  multiples,
  networks,
  order,
  points,
  whole,
} from "../src/app/view";
import { RunTable } from "../src/data/table";
import type { Coded, Overview, Runs, StudyFacts } from "../src/data/types";
import { change, choice, initial } from "../src/state/choice";
import { dictionary } from "../src/words/words";

interface Row {
  study: string;
  group: string;
  weight: number;
  seed: number;
  x: number;
  y: number;
  agreement?: number;
}

function coded(values: (string | null)[]): Coded {
  const levels = [...new Set(values.filter((value) => value !== null))].sort();
  return { levels, codes: values.map((value) => (value === null ? -1 : levels.indexOf(value))) };
}

function study(run_id: string, more: Partial<StudyFacts> = {}): StudyFacts {
  return {
    run_id,
    name: run_id,
    experiment_id: "1",
    task: "sae",
    dataset: "wine",
    layers: [12, 8, 12],
    status: "FINISHED",
    rows: 959,
    rows_total: 1599,
    columns: 12,
    recommended: null,
    floor: 0.1,
    null_error: 1,
    connections_total: 192,
    connection_threshold: 0.01,
    index: "area_marker",
    groups: ["L1", "sL1"],
    settings: {},
    measures: {
      squared_error: { floor: 0.1, null_error: 1 },
      test_squared_error: { floor: 0.2, null_error: 0.9 },
    },
    ...more,
  };
}

function document(rows: Row[], studies: StudyFacts[]): Runs {
  return {
    ids: rows.map((_, place) => `r${place}`),
    names: rows.map((_, place) => `run ${place}`),
    experiments: coded(rows.map(() => "1")),
    statuses: coded(rows.map(() => "FINISHED")),
    parents: coded(rows.map((row) => row.study)),
    started: rows.map(() => null),
    metrics: {
      connections: rows.map(({ x }) => x),
      squared_error: rows.map(({ y }) => y),
      test_squared_error: rows.map(({ y }) => y + 0.1),
      test_explained: rows.map(({ y }) => 1 - y),
      agreement: rows.map(({ agreement }) => agreement ?? null),
    },
    params: {
      group: coded(rows.map(({ group }) => group)),
      regularizer: coded(rows.map(({ group }) => group)),
      l1_weight: coded(rows.map(({ weight }) => String(weight))),
      seed: coded(rows.map(({ seed }) => String(seed))),
    },
    tags: {},
    truncated: false,
    defaults: {
      x: "connections",
      y: "squared_error",
      group: "params.group",
      marker: ["params.l1_weight"],
      replicate: "params.seed",
      x_direction: "min",
      y_direction: "min",
    },
    studies,
    bootstrap: null,
  };
}

function rowsOf(study: string, shift = 0): Row[] {
  return ["L1", "sL1"].flatMap((group, place) =>
    [0.1, 0.01, 0.001].flatMap((weight, marker) =>
      [1, 2, 3].map((seed) => ({
        study,
        group,
        weight,
        seed,
        x: 40 + 60 * marker + seed,
        y: 0.5 - 0.15 * marker + 0.02 * place + 0.001 * seed + shift,
        agreement: 0.1 * seed,
      })),
    ),
  );
}

function load(made: Runs): void {
  runs.value = { value: { runs: made, table: new RunTable(made) }, error: null, busy: false };
}

let page: HTMLElement;

beforeEach(() => {
  choice.value = { ...initial(), language: "en" };
  overview.value = {
    value: { mlflow: "../", experiments: [{ id: "1", name: "churn", runs: 4 }] } as Overview,
    error: null,
    busy: false,
  };
  page = window.document.body.appendChild(window.document.createElement("div"));
});

afterEach(() => {
  render(null, page);
  page.remove();
  runs.value = { value: null, error: null, busy: false };
});

const show = (part: preact.ComponentChild) => act(() => render(part, page));

describe("the floor", () => {
  it("is the study's, whatever runs a filter leaves", () => {
    load(document(rowsOf("a"), [study("a")]));
    expect(whole.value).toMatchObject({ floor: 0.1, floorKnown: true, corner: { x: 192, y: 1 } });
    load(document(rowsOf("a").slice(4, 12), [study("a")]));
    expect(whole.value).toMatchObject({ floor: 0.1, floorKnown: true, corner: { x: 192, y: 1 } });
  });

  it("is that of the rows whose error is y", () => {
    load(document(rowsOf("a"), [study("a")]));
    const columns = { ...document([], []).defaults, x: "connections", y: "test_squared_error" };
    change({ columns });
    expect(whole.value).toMatchObject({ floor: 0.2, corner: { x: 192, y: 0.9 } });
  });
});

describe("studies", () => {
  it("of one table are joined", () => {
    load(document([...rowsOf("a"), ...rowsOf("b")], [study("a"), study("b")]));
    expect(joined.value).toBe(true);
    expect(whole.value?.groups[0]?.markers[0]?.points).toHaveLength(6);
  });

  it("of different tables are compared each by itself, without a joint verdict", () => {
    const other = study("b", { dataset: "ctg", layers: [21, 6, 21], floor: 0.01 });
    load(document([...rowsOf("a"), ...rowsOf("b", 0.2)], [study("a"), other]));
    expect(joined.value).toBe(false);
    expect(whole.value).toBeNull();
    expect(comparison.value).toBeNull();
    expect(multiples.value.map((one) => one.study.run_id)).toEqual(["a", "b"]);
    for (const { comparison: one } of multiples.value) {
      expect(one.groups.map(({ networks }) => networks)).toEqual([9, 9]);
    }
    expect(multiples.value.map((one) => one.comparison.floor)).toEqual([0.1, 0.1]);
  });
});

describe("the order of the groups", () => {
  it("is by the fair index unless another one is chosen", () => {
    load(document(rowsOf("a"), [study("a")]));
    expect(order.value).toBe("hypervolume_gap");
    change({ index: "area_marker" });
    expect(order.value).toBe("area_marker");
  });

  it("leaves out a group of which a region holds one marker", async () => {
    load(document(rowsOf("a"), [study("a")]));
    change({ brush: [90, 0, 200, 0.36], index: "area_marker" });
    const [first, second] = comparison.value?.groups ?? [];
    expect(first?.markers.length).toBe(2);
    expect(second?.markers.length).toBe(1);
    expect(comparison.value?.floor).toBe(0.1);
    await show(<IndexTable />);
    const cells = [...page.querySelectorAll("tbody tr")].map((row) =>
      [...row.children].map(({ textContent }) => textContent),
    );
    expect(cells[1]?.[3]).toBe("–");
    expect(cells[1]?.at(-1)).toBe("–");
    expect(cells[0]?.at(-1)).toBe("–");
  });
});

describe("what opens", () => {
  it("is the recommended network of its marker, else the one that agrees most", () => {
    load(document(rowsOf("a"), [study("a", { recommended: "r0" })]));
    expect(medoidOf([0, 1, 2])).toBe(0);
    expect(medoidOf([3, 4, 5])).toBe(5);
    expect(networks.value).toBe(true);
  });
});

describe("axes", () => {
  it("are as the markers ask, unless somebody chooses", () => {
    const rows = rowsOf("a").map((row) => ({ ...row, x: row.x > 150 ? 5000 : row.x }));
    load(document(rows, [study("a")]));
    expect(logs.value).toEqual({ x: true, y: false });
    change({ xLog: false, yLog: true });
    expect(logs.value).toEqual({ x: false, y: true });
    expect(points.value?.x.length, "nothing is left out for it").toBe(rows.length);
  });
});

describe("the head and the answer", () => {
  it("name what is shown", async () => {
    load(document(rowsOf("a"), [study("a", { name: "wine" })]));
    await show(<Head />);
    expect(page.textContent).toContain(
      "wine · 1,599 rows, 12 columns · autoencoder, 12 columns through 8 codes · " +
        "2 regularizers × 3 strengths × 3 seeds",
    );
    expect(page.querySelector("a")?.getAttribute("href")).toBe("../#/experiments/1/runs/a");
  });

  it("name experiments of other tools", () => {
    load({ ...document(rowsOf("a"), []), parents: { levels: [], codes: [] } });
    expect(shownName()).toBe("churn");
  });

  it("say what the recommended network costs and explains", async () => {
    load(document(rowsOf("a"), [study("a", { recommended: "r4" })]));
    await show(<Answer />);
    expect(page.querySelector(".sentence")?.textContent).toBe(
      "102 of 192 connections, explains 65\u00a0% (65\u00a0% held out): L1 λ=0.01, seed 2; seeds agree 0.2",
    );
    await show(<Answer key="ja" />);
    change({ language: "ja" });
    await act(() => undefined);
    expect(page.querySelector(".sentence")?.textContent).toContain("192 本中 102 本の結合");
  });

  it("say that it is filtered away", async () => {
    load(document(rowsOf("a"), [study("a", { recommended: "gone" })]));
    await show(<Answer />);
    expect(page.textContent).toContain("not among the runs");
  });
});

describe("the chooser", () => {
  const study = (run_id: string, status: string) => ({
    run_id,
    name: run_id,
    experiment_id: "1",
    started: null,
    status,
    task: "sae",
    dataset: "wine",
  });

  it("takes a name alone, and adds by its box; a running study says so", async () => {
    const studies = [study("a", "RUNNING"), study("b", "FINISHED")];
    overview.value = {
      value: { mlflow: null, experiments: [], studies } as unknown as Overview,
      error: null,
      busy: false,
    };
    change({ studies: ["a"] });
    await show(<Chooser />);
    const labels = () => [...page.querySelectorAll("fieldset label")] as HTMLElement[];
    expect(labels()[0]?.textContent).toContain("running");
    expect(labels()[1]?.textContent).not.toContain("running");
    await act(() => void labels()[1]?.querySelector("input")?.click());
    expect(choice.value.studies).toEqual(["a", "b"]);
    await act(() => void labels()[1]?.querySelector<HTMLElement>("bdi")?.click());
    expect(choice.value.studies).toEqual(["b"]);
  });
});

describe("nothing to compare", () => {
  const told = async (made: Partial<Runs>) => {
    load({ ...document([], []), ...made });
    await show(<State />);
    return page.querySelector(".empty")?.textContent;
  };

  it("is told with its reason", async () => {
    const left_out = { failed: 1, running: 1, without_metric: 2 };
    expect(await told({ left_out })).toBe("4 runs, none has a metric; 1 failed; 1 is running.");
    expect(await told({ studies: [study("a", { status: "RUNNING" })] })).toContain("is running");
    change({ filter: "metrics.x < 1" });
    expect(await told({ left_out })).toBe("No run meets this.");
  });
});

describe("counts", () => {
  it("have a noun that agrees with them", () => {
    const words = dictionary.en.app;
    expect(words.allOf(1)).toBe("1 run");
    expect(words.allOf(1599)).toBe("1,599 runs");
    expect(words.missing(1)).toBe("1 run without a value of both metrics is left out.");
    expect(words.stillRunning(2)).toBe("2 runs that have not ended are left out.");
    expect(words.selection(1, 1)).toBe("1 of 1 run selected");
    expect(words.kind("classifier", [21, 16, 3], 21)).toBe(
      "classifier of 3 classes through 16 units",
    );
    expect(words.kind("pca", [12, 4, 12], 12)).toBe("4 components of 12 columns");
  });
});
