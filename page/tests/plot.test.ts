/** Colours, scales, places and steps of the plot, without a page. */

import { describe, expect, it, vi } from "vitest";
import type { Comparison, Marker, PointSet } from "../src/pareto/compare";
import { numberIn } from "../src/plot/BrushFields";
import { boxOf, type Region, regionOf } from "../src/plot/brush";
import { lineOf } from "../src/plot/Curves";
import { areCounts, crowded } from "../src/plot/logarithm";
import { CONTRAST, contrast, GROUNDS, looksOf, type Palette, SHAPES } from "../src/plot/looks";
import { curvesOf, type Hit, markerAt, overallFront, runOf, step } from "../src/plot/markers";
import { frameOf, planOf } from "../src/plot/plan";
import { dotsOf, isSeen, mixedOrder, treeOf } from "../src/plot/points";
import { domainOf, evenTexts, scaleOf, ticksOf, valueText } from "../src/plot/scales";
import { outline } from "../src/plot/shapes";
import { fitted } from "../src/plot/text";

// Without a canvas the widths of texts are estimated.
vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);

const KNOWN = ["none", "L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs"];

describe("looks", () => {
  it("knows the contrast of black and white, and of the grey that has 4.54 on white", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 6);
    expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
  });

  it("stands out from the grounds of the style sheet, in every palette and theme", async () => {
    const files = await vi.importActual<{ readFileSync(path: string, code: string): string }>(
      "node:fs",
    );
    const sheet = files.readFileSync("src/app/theme.css", "utf8");
    const others = Array.from({ length: 40 }, (_, place) => `other ${place}`);
    for (const theme of ["light", "dark"] as const) {
      for (const ground of GROUNDS[theme]) {
        expect(sheet).toContain(ground);
        for (const palette of ["published", "safe"] as Palette[]) {
          for (const { colour } of looksOf(
            [...KNOWN, ...others],
            palette,
            theme === "dark",
          ).values())
            expect(contrast(colour, ground)).toBeGreaterThanOrEqual(CONTRAST);
        }
      }
    }
  });

  it("has the published colours where they can be seen", () => {
    const looks = looksOf(KNOWN, "published", false);
    expect(looks.get("L1")).toEqual({ colour: "#2f6fd0", shape: "circle" });
    expect(looksOf(KNOWN, "published", true).get("sL1")?.colour).toBe("#f08a1d");
  });

  it("never gives two groups of forty the same look, nor a group the look of its order", () => {
    const groups = [...KNOWN, ...Array.from({ length: 33 }, (_, place) => `other ${place}`)];
    for (const palette of ["published", "safe"] as Palette[]) {
      const looks = [...looksOf(groups, palette, false).values()];
      expect(new Set(looks.map(({ colour, shape }) => colour + shape)).size).toBe(groups.length);
    }
    const turned = looksOf([...groups].reverse(), "published", false);
    expect(turned.get("sL1+sh2")).toEqual(looksOf(groups, "published", false).get("sL1+sh2"));
  });

  it("takes any name, also those that objects have of their own", () => {
    const looks = looksOf(["constructor", "__proto__", ""], "published", false);
    expect([...looks.keys()]).toEqual(["constructor", "__proto__", ""]);
  });

  it("draws every shape as one closed outline", () => {
    for (const shape of SHAPES) expect(outline(shape, 5)).toMatch(/^M[^NaN]*Z$/);
    expect(new Set(SHAPES.map((shape) => outline(shape, 5))).size).toBe(SHAPES.length);
  });
});

describe("scales", () => {
  it("leaves room at both ends, also around a single value", () => {
    expect(domainOf([0, 10], [], false, 0.1)).toEqual([-1, 11]);
    expect(domainOf([4], [], false)).toEqual([3.6, 4.4]);
    expect(domainOf([0], [], false)).toEqual([-1, 1]);
    const [low, high] = domainOf([1, 100], [-3, Number.NaN], true);
    expect(high / low).toBeCloseTo(100 ** 1.1, 6);
    expect(domainOf([], [], true)).toEqual([1, 10]);
  });

  const texts = (domain: [number, number], log: boolean, pixels: number, spacing: number) =>
    ticksOf(domain, log, pixels, spacing).labelled.map(({ text }) => text);

  it("labels a logarithmic axis at 1, 2, 5 where there is room", () => {
    expect(texts([0.0009, 0.12], true, 400, 26)).toEqual([
      "0.001",
      "0.002",
      "0.005",
      "0.01",
      "0.02",
      "0.05",
      "0.1",
    ]);
    expect(texts([0.9, 1100], true, 150, 26)).toEqual(["1", "10", "100", "1,000"]);
  });

  it("leaves decades out where there are many", () => {
    const made = texts([1e-12, 1e4], true, 300, 40);
    expect(made).toEqual(["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰", "10³"]);
  });

  it("labels less than a decade evenly", () => {
    expect(texts([0.0012, 0.0019], true, 300, 50)).toEqual(
      evenTexts([0.0012, 0.0014, 0.0016, 0.0018]),
    );
  });

  it("writes as many decimals as the step needs, and one power for all", () => {
    expect(evenTexts([0, 0.5, 1])).toEqual(["0.0", "0.5", "1.0"]);
    expect(evenTexts([-200, 0, 200])).toEqual(["−200", "0", "200"]);
    expect(evenTexts([0, 2e-5, 4e-5])).toEqual(["0", "2×10⁻⁵", "4×10⁻⁵"]);
    expect(evenTexts([1e7, 1.5e7])).toEqual(["1.0×10⁷", "1.5×10⁷"]);
    expect(evenTexts([10000, 20000])).toEqual(["10,000", "20,000"]);
  });

  it("writes the floor as its axis is written", () => {
    const plain = ticksOf([0, 0.01], false, 300, 50);
    expect(valueText(0.000839123, plain)).toBe("0.000839");
    const powers = ticksOf([0, 0.0001], false, 300, 50);
    expect(valueText(0.0000839123, powers)).toBe("8.39×10⁻⁵");
  });

  it("cuts texts that are too long, whole signs only", () => {
    expect(fitted("connections", 200, 12)).toBe("connections");
    const cut = fitted("😀".repeat(5000), 100, 12);
    expect(cut).toMatch(/^(😀)+…$/u);
    expect(fitted("two\n lines", 200, 12)).toBe("two lines");
  });
});

describe("a logarithmic axis", () => {
  it("is where the median marker lies in the lowest fifth", () => {
    expect(crowded([1, 2, 3, 50, 100], false)).toBe(true);
    expect(crowded([1, 20.8, 20.8, 50, 100], false)).toBe(true);
    expect(crowded([1, 22, 22, 50, 100], false)).toBe(false);
    expect(crowded([1, 2, 2.1, 2.9], false), "less than a factor 3 looks the same").toBe(false);
  });

  it("is where counts span more than 100 times, also where some are 0", () => {
    expect(crowded([3, 200, 301], true)).toBe(true);
    expect(crowded([3, 200, 301], false)).toBe(false);
    expect(crowded([3, 200, 299], true)).toBe(false);
    expect(crowded([0, 2, 200, 210, 220], true)).toBe(true);
  });

  it("is nowhere else: too few markers, errors of 0, negative values", () => {
    expect(crowded([1, 1000], true)).toBe(false);
    expect(crowded([0, 0.001, 0.002, 1], false)).toBe(false);
    expect(crowded([-1, 1, 2, 1000], true)).toBe(false);
    expect(areCounts([0, 5, 7])).toBe(true);
    expect(areCounts([0.5, 5])).toBe(false);
    expect(areCounts([])).toBe(false);
  });

  it("draws what it has no place for at its lower end", () => {
    const scale = scaleOf([1, 100], [0, 200], true);
    expect(scale(0)).toBe(0);
    expect(scale(10)).toBeCloseTo(100, 9);
  });
});

const points: PointSet = {
  x: Float64Array.from([100, 110, 200, 210, 300, 150, 250]),
  y: Float64Array.from([0.01, 0.012, 0.004, 0.006, 0.001, 0.005, 0.002]),
  group: Int32Array.from([0, 0, 0, 0, 0, 1, 1]),
  marker: Int32Array.from([0, 0, 1, 1, 2, 3, 4]),
  replicate: Int32Array.from([0, 1, 0, 1, 0, 0, 0]),
  groups: ["L1", "sL1"],
};

function marker(places: number[]): Marker {
  const ofAll = (values: Float64Array) => {
    const part = places.map((place) => values[place] as number);
    const value = part.reduce((a, b) => a + b) / part.length;
    return { value, low: Math.min(...part), high: Math.max(...part) };
  };
  return { x: ofAll(points.x), y: ofAll(points.y), points: places, label: "" };
}

const comparison = {
  groups: [
    {
      group: "L1",
      place: 0,
      front: [0, 2],
      overall: [2],
      markers: [marker([0, 1]), marker([2, 3]), marker([4])],
    },
    { group: "sL1", place: 1, front: [0, 1], overall: [0, 1], markers: [marker([5]), marker([6])] },
  ],
} as unknown as Comparison;

const plan = planOf(points, 0.0005, false, true, frameOf(800));
const looks = looksOf(points.groups, "published", false);
const curves = curvesOf(comparison, looks, new Set(), plan.x, plan.y);

describe("the plan", () => {
  it("takes the range of the groups that are shown", () => {
    const alone = planOf(points, Number.NaN, false, false, frameOf(800), null, new Set(["L1"]));
    expect(alone.x.domain).toEqual(domainOf([150, 250], [], false));
    const none = planOf(
      points,
      Number.NaN,
      false,
      false,
      frameOf(800),
      null,
      new Set(["L1", "sL1"]),
    );
    expect(none.x.domain).toEqual(domainOf(points.x, [], false));
  });

  it("takes the part that is zoomed to, and draws nothing beside it", () => {
    const zoomed = planOf(points, 0.0005, false, false, frameOf(800), [140, 0.003, 260, 0.007]);
    expect(zoomed.x.domain).toEqual([140, 260]);
    expect(zoomed.y.domain).toEqual([0.003, 0.007]);
    const dots = dotsOf(points, zoomed.x, zoomed.y, ["#111111", "#222222"], [true, true]);
    const seen = [...points.x.keys()].filter((place) => isSeen(dots, place));
    expect(seen).toEqual([2, 3, 5]);
    expect(treeOf(dots).size()).toBe(3);
  });
});

describe("markers", () => {
  it("lie where the scales say, with bars where there is an interval", () => {
    const [first, , last] = curves[0]?.markers ?? [];
    expect(first?.x).toBeCloseTo(plan.x(105), 9);
    expect(first?.bars.x).toEqual([plan.x(100), plan.x(110)]);
    expect(last?.bars).toEqual({ x: null, y: null });
  });

  it("have their bars end at the edge where a logarithm has no value", () => {
    const zero = structuredClone(comparison);
    const changed = zero.groups[0]?.markers[0] as Marker;
    changed.y = { ...changed.y, low: 0 };
    const made = curvesOf(zero, looks, new Set(), plan.x, plan.y)[0]?.markers[0];
    expect(made?.bars.y?.[0]).toBeCloseTo(plan.frame.height - plan.frame.bottom, 6);
  });

  it("are joined along the front of all groups together", () => {
    const front = overallFront(curves);
    expect(front.map(({ group }) => group)).toEqual(["sL1", "sL1", "L1"]);
    expect(front.map(({ x }) => x)).toEqual([...front.map(({ x }) => x)].sort((a, b) => a - b));
    expect(lineOf(front).match(/L/g)).toHaveLength(2);
    expect(lineOf(front.slice(1, 2))).toBe("");
  });

  it("of a hidden group are not there", () => {
    expect(curvesOf(comparison, looks, new Set(["L1"]), plan.x, plan.y)).toHaveLength(1);
  });

  it("are only those of the front where each run is one", () => {
    const many = structuredClone(comparison);
    const group = many.groups[0] as (typeof many.groups)[0];
    group.markers = Array.from({ length: 500 }, () => marker([4]));
    group.front = [3, 9];
    expect(curvesOf(many, looks, new Set(), plan.x, plan.y)[0]?.markers).toHaveLength(2);
  });

  it("are walked by keys", () => {
    const walk = (keys: string[]) =>
      keys.reduce<Hit | null>((from, key) => step(curves, from, key), null);
    const at = (curve: number, place: number, run = -1) => ({
      kind: "marker",
      curve,
      marker: place,
      run,
    });
    expect(walk(["ArrowRight"])).toEqual(at(0, 0));
    expect(walk(["ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"])).toEqual(at(0, 2));
    expect(walk(["ArrowRight", "End", "ArrowDown"])).toEqual(at(1, 1));
    expect(walk(["ArrowRight", "ArrowDown", "ArrowDown"])).toEqual(at(0, 0));
    expect(walk(["ArrowRight", "PageDown", "PageDown", "PageDown"])).toEqual(at(0, 0, 1));
    expect(walk(["ArrowRight", "PageDown", "PageUp"])).toEqual(at(0, 0));
    expect(step(curves, null, "x")).toBeNull();
    expect(step([], null, "ArrowLeft")).toBeNull();
  });

  it("stand for the run nearest to the mean", () => {
    const run = (place: number, one = -1) =>
      runOf({ kind: "marker", curve: 0, marker: place, run: one }, curves, points, plan.x, plan.y);
    expect(run(1)).toBe(3);
    expect(run(0, 1)).toBe(1);
    expect(run(2)).toBe(4);
  });

  it("are found under the pointer, the nearest first", () => {
    const { x, y } = curves[1]?.markers[0] ?? { x: 0, y: 0 };
    expect(markerAt(curves, x + 2, y, 9)).toEqual({ kind: "marker", curve: 1, marker: 0, run: -1 });
    expect(markerAt(curves, x + 30, y + 40, 9)).toBeNull();
  });
});

describe("points", () => {
  it("are drawn each once, whatever their number", () => {
    for (const count of [0, 1, 2, 3, 10, 97, 1000])
      expect([...mixedOrder(count)].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
  });

  it("of hidden groups are not found", () => {
    const near = (shown: boolean[]) => {
      const dots = dotsOf(points, plan.x, plan.y, ["#000000", "#000000"], shown);
      return treeOf(dots).find(dots.x[5] as number, dots.y[5] as number, 5);
    };
    expect(near([true, true])).toBe(5);
    expect(near([true, false])).toBeUndefined();
  });
});

describe("region", () => {
  it("goes to pixels and back", () => {
    const region: Region = [120, 0.002, 240, 0.009];
    const box = boxOf(region, plan.x, plan.y, plan.frame);
    const back = regionOf(box ?? [0, 0, 0, 0], plan.x, plan.y);
    back.forEach((value, place) => {
      expect(value / (region[place] as number)).toBeCloseTo(1, 4);
    });
  });

  it("is cut at the frame, and null beside it", () => {
    const box = boxOf([-1e9, -5, 1e9, 1e9], plan.x, plan.y, plan.frame);
    expect(box?.[0]).toBe(plan.frame.left);
    expect(box?.[3]).toBeCloseTo(plan.frame.height - plan.frame.bottom, 6);
    expect(boxOf([1e6, 0.001, 1e7, 0.002], plan.x, plan.y, plan.frame)).toBeNull();
  });

  it("takes typed numbers", () => {
    expect(numberIn(" 1e-3 ")).toBe(0.001);
    expect(numberIn("−2")).toBe(-2);
    expect(numberIn("two")).toBeNaN();
  });

  it("keeps scales that turn both ways", () => {
    const scale = scaleOf([1, 100], [0, 200], true);
    expect(scale(10)).toBeCloseTo(100, 9);
    expect(scale.invert(100)).toBeCloseTo(10, 9);
  });
});
