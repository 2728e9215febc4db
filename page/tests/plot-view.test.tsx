/** The plot on a page: keys, pointer, region, legend, pictures, names that mean harm. */

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Comparison, Marker, PointSet } from "../src/pareto/compare";
import type { Region } from "../src/plot/brush";
import { Legend } from "../src/plot/Legend";
import { LineChart } from "../src/plot/LineChart";
import { looksOf } from "../src/plot/looks";
import { ParetoPlot, type ParetoPlotProps } from "../src/plot/ParetoPlot";
import { pictureOf } from "../src/plot/picture";

const HOSTILE = '<img src=x onerror="alert(1)">';

const points: PointSet = {
  x: Float64Array.from([100, 110, 200, 210, 150, 250]),
  y: Float64Array.from([0.01, 0.012, 0.004, 0.006, 0.005, 0.002]),
  group: Int32Array.from([0, 0, 0, 0, 1, 1]),
  marker: Int32Array.from([0, 0, 1, 1, 2, 3]),
  replicate: Int32Array.from([0, 1, 0, 1, 0, 0]),
  groups: ["L1", HOSTILE],
};

const marker = (x: number, y: number, places: number[], label = ""): Marker => ({
  x: { value: x, low: x - 5, high: x + 5 },
  y: { value: y, low: y * 0.9, high: y * 1.1 },
  points: places,
  label,
});

const comparison = {
  groups: [
    {
      group: "L1",
      place: 0,
      front: [0, 1],
      overall: [0],
      markers: [marker(105, 0.011, [0, 1], "λ = 0.1"), marker(205, 0.005, [2, 3])],
    },
    {
      group: HOSTILE,
      place: 1,
      front: [0],
      overall: [0],
      markers: [marker(150, 0.005, [4]), marker(250, 0.002, [5])],
    },
  ],
  pairs: [],
  floor: 0.001,
  floorKnown: true,
  corner: { x: 400, y: 0.02 },
  cornerKnown: true,
  seeds: 2,
} as unknown as Comparison;

let page: HTMLElement;
const called: [string, ...unknown[]][] = [];

beforeEach(() => {
  called.length = 0;
  page = document.createElement("div");
  document.body.append(page);
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  // There is nothing to draw on in this environment; what is drawn is looked at in a browser.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue({
    left: 0,
    top: 0,
    right: 800,
    bottom: 432,
    width: 800,
    height: 432,
    x: 0,
    y: 0,
    toJSON: () => ({}),
  });
});

afterEach(() => {
  render(null, page);
  page.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function show(more: Partial<ParetoPlotProps> = {}) {
  const note =
    (name: string) =>
    (...what: unknown[]) =>
      void called.push([name, ...what]);
  await act(() =>
    render(
      <ParetoPlot
        comparison={comparison}
        points={points}
        ids={[]}
        looks={looksOf(points.groups, "published", false)}
        xLabel="connections"
        yLabel="error"
        xLog={false}
        yLog={false}
        xDirection="min"
        yDirection="min"
        hidden={new Set()}
        brush={null}
        onBrush={note("brush")}
        onHover={note("hover")}
        onOpen={note("open")}
        onVisit={note("visit")}
        tooltip={(place) => `run ${place}`}
        {...more}
      />,
      page,
    ),
  );
  return page.querySelector(".pareto-stage") as HTMLElement;
}

const press = (stage: HTMLElement, key: string) =>
  act(() => void stage.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));

async function mouse(type: string, x: number, y: number) {
  const target = type === "mousedown" ? page.querySelector(".overlay") : window;
  const event = new MouseEvent(type, { bubbles: true, clientX: x, clientY: y });
  // The window of the tests is not one that this environment takes in a constructor.
  Object.defineProperty(event, "view", { value: window });
  await act(() => void target?.dispatchEvent(event));
}

describe("keys", () => {
  it("move along the markers and tell what is there", async () => {
    const stage = await show();
    expect(stage.tabIndex).toBe(0);
    await press(stage, "ArrowRight");
    const told = () => page.querySelector("[aria-live]")?.textContent;
    expect(told()).toContain("L1, marker 1 of 2; λ = 0.1; connections 105 [100, 110]");
    await press(stage, "PageDown");
    expect(told()).toContain("run 1 of 2");
    expect(page.querySelector(".plot-tooltip")?.textContent).toBe("run 0");
    await press(stage, "Escape");
    expect(page.querySelector(".plot-tooltip")).toBeNull();
  });

  it("open and visit", async () => {
    const stage = await show();
    for (const key of ["ArrowRight", "PageDown", "PageDown", "Enter", "v", "ArrowDown", "Enter"])
      await press(stage, key);
    expect(called.filter(([name]) => name === "open" || name === "visit")).toEqual([
      ["open", 1],
      ["visit", 1],
      ["open", 4],
    ]);
    expect(called.filter(([name]) => name === "hover").at(-1)).toEqual(["hover", 4]);
  });

  it("leave what the browser does with others", async () => {
    const stage = await show();
    const event = new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true });
    stage.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
  });
});

describe("pointer", () => {
  // After a drag d3 stops the click that follows, until a timer of no length has run.
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout"] }));
  afterEach(() => {
    vi.runAllTimers();
    vi.useRealTimers();
  });

  it("draws a region, telling that it moves and that it rests", async () => {
    await show();
    await mouse("mousedown", 100, 100);
    await mouse("mousemove", 300, 300);
    await mouse("mouseup", 300, 300);
    const [, region, moving] = called.filter(([name]) => name === "brush").at(-1) ?? [];
    expect(moving).toBe(false);
    const [x0, y0, x1, y1] = region as Region;
    expect(x0).toBeLessThan(x1);
    expect(y0).toBeLessThan(y1);
  });

  it("opens the run it presses and keeps the region", async () => {
    await show({ brush: [120, 0.003, 240, 0.009] });
    const place = /translate\(([\d.]+),([\d.]+)\)/.exec(
      page.querySelector(".marker")?.getAttribute("transform") ?? "",
    );
    const [x, y] = [Number(place?.[1]), Number(place?.[2])];
    await mouse("mousedown", x, y);
    await mouse("mouseup", x, y);
    expect(called.filter(([name]) => name === "open")).toHaveLength(1);
    expect(called.filter(([name]) => name === "brush")).toEqual([]);
    expect(page.querySelector(".brushed")).not.toBeNull();
  });

  it("takes the region away by a press beside everything", async () => {
    await show({ brush: [120, 0.003, 240, 0.009] });
    await mouse("mousedown", 700, 60);
    await mouse("mouseup", 700, 60);
    expect(called.filter(([name]) => name === "brush")).toEqual([["brush", null, false]]);
  });
});

describe("what is open and what is recommended", () => {
  it("is marked in the plot", async () => {
    await show({ opened: [2], recommended: 0 });
    // The run itself and its marker.
    expect(page.querySelectorAll(".opened-ring")).toHaveLength(2);
    const marks = page.querySelectorAll(".recommended-mark");
    expect(marks).toHaveLength(1);
    expect(marks[0]?.textContent).toBe("recommended");
    await show({ opened: [], recommended: null });
    expect(page.querySelector(".opened-ring, .recommended-mark")).toBeNull();
  });

  it("is what a marker opens, where one of its runs is chosen", async () => {
    const stage = await show({ choose: (places) => places.at(-1) ?? null });
    await press(stage, "ArrowRight");
    await press(stage, "Enter");
    expect(called.filter(([name]) => name === "open")).toEqual([["open", 1]]);
  });

  it("is promised by a tooltip only where something opens", async () => {
    const stage = await show({ opens: () => false });
    await press(stage, "ArrowRight");
    expect(page.querySelector(".plot-tooltip")?.textContent).not.toContain("look inside");
    await press(stage, "Enter");
    expect(called.filter(([name]) => name === "open")).toEqual([]);
    await show({ opens: () => true });
    expect(page.querySelector(".plot-tooltip")?.textContent).toContain("look inside");
    await show({ opens: () => true, networks: false, visits: false });
    expect(page.querySelector(".plot-tooltip")?.textContent).not.toContain("Click");
    expect(page.querySelector(".plot-hint")?.textContent).not.toContain("look inside");
  });
});

describe("zoom", () => {
  it("is taken from the region and given back", async () => {
    const zoomed = (region: Region | null) => void called.push(["zoom", region]);
    await show({ brush: [120, 0.003, 240, 0.009], onZoom: zoomed });
    const button = (name: string) =>
      [...page.querySelectorAll("button")].find(({ textContent }) => textContent === name);
    await act(() => void button("Zoom to the region")?.click());
    expect(called.slice(-2)).toEqual([
      ["zoom", [120, 0.003, 240, 0.009]],
      ["brush", null, false],
    ]);
    expect(button("Whole picture")).toBeUndefined();
    await show({ zoom: [120, 0.003, 240, 0.009], onZoom: zoomed });
    expect(page.querySelector("clipPath")).not.toBeNull();
    await act(() => void button("Whole picture")?.click());
    expect(called.at(-1)).toEqual(["zoom", null]);
  });
});

describe("fields of the region", () => {
  const fields = () => [...page.querySelectorAll<HTMLInputElement>(".brush-fields input")];

  it("are named, show the region and set it", async () => {
    await show({ brush: [120, 0.003, 240, 0.009] });
    expect(fields().map((field) => field.value)).toEqual(["120", "240", "0.003", "0.009"]);
    expect(fields()[1]?.getAttribute("aria-label")).toBe("connections to");
    const first = fields()[0] as HTMLInputElement;
    first.value = "300";
    await act(() => void first.dispatchEvent(new Event("change", { bubbles: true })));
    expect(called.at(-1)).toEqual(["brush", [240, 0.003, 300, 0.009], false]);
  });

  it("tell what is no number, and set nothing", async () => {
    await show();
    const first = fields()[0] as HTMLInputElement;
    first.value = "many";
    await act(() => void first.dispatchEvent(new Event("change", { bubbles: true })));
    expect(first.validationMessage).toBe("Give a number.");
    expect(called).toEqual([]);
  });
});

describe("names that mean harm", () => {
  it("are texts and nothing else, on the page and in a picture", async () => {
    await show({ xLabel: HOSTILE, yLabel: `a\n\u202e${"x".repeat(5000)}`, title: HOSTILE });
    expect(page.querySelector("img")).toBeNull();
    const { svg } = await pictureOf(page);
    const drawn = new DOMParser().parseFromString(svg, "image/svg+xml");
    expect(drawn.querySelector("parsererror, img, script, [onerror]")).toBeNull();
    expect(drawn.querySelector("title")?.textContent).toBe(HOSTILE);
  });

  it("may hold signs that XML has no place for", async () => {
    await show({ title: "a\u0000b\ud800c\ufffe", xLabel: "x\u0007" });
    const { svg } = await pictureOf(page);
    const drawn = new DOMParser().parseFromString(svg, "image/svg+xml");
    expect(drawn.querySelector("parsererror")).toBeNull();
  });
});

describe("picture", () => {
  it("has the shown points as circles, the legend, and no classes", async () => {
    await show({ hidden: new Set([HOSTILE]) });
    const { svg } = await pictureOf(page);
    const drawn = new DOMParser().parseFromString(svg, "image/svg+xml");
    expect(drawn.querySelectorAll("circle").length).toBe(4 * 2);
    expect(drawn.querySelector("[class], style, canvas, image")).toBeNull();
    expect(svg).toContain(">L1<");
    expect(svg).not.toContain("img src");
  });

  it("says when there is no drawing", async () => {
    await expect(pictureOf(document.createElement("div"))).rejects.toThrow("no drawing");
  });
});

describe("legend", () => {
  it("has a button a group that tells its state", async () => {
    const toggled: string[] = [];
    const looks = looksOf(["none", HOSTILE], "safe", true);
    await act(() =>
      render(
        <Legend
          groups={["none", HOSTILE]}
          looks={looks}
          hidden={new Set(["none"])}
          onToggle={(group) => toggled.push(group)}
        />,
        page,
      ),
    );
    const [first, second] = page.querySelectorAll("button");
    expect(first?.textContent).toBe("unregularized");
    expect(first?.getAttribute("aria-pressed")).toBe("false");
    expect(second?.getAttribute("aria-pressed")).toBe("true");
    second?.click();
    expect(toggled).toEqual([HOSTILE]);
  });
});

describe("line chart", () => {
  it("tells first and last values, leaves gaps out, and is read by keys", async () => {
    const series = [{ name: "loss", steps: [1, 2, 3, 4], values: [8, null, 2, 1] }];
    await act(() => render(<LineChart series={series} label="History" />, page));
    const stage = page.querySelector(".line-chart-stage") as HTMLElement;
    expect(stage.getAttribute("aria-label")).toBe("History. loss: from 8 to 1");
    await press(stage, "ArrowRight");
    await press(stage, "ArrowRight");
    expect(stage.getAttribute("aria-valuetext")).toBe("step 3: 2");
  });

  it("says that there is nothing", async () => {
    const series = [{ name: "loss", steps: [1], values: [null] }];
    await act(() => render(<LineChart series={series} label="History" />, page));
    expect(page.textContent).toBe("Nothing was recorded.");
  });
});
