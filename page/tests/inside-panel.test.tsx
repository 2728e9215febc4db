/** The panel of a network: what it shows, by pointer, keyboard and in both languages. */

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { NetworkDetail } from "../src/data/types";
import { hitAt, neighbour } from "../src/inside/hit";
import { layoutOf, narrowed } from "../src/inside/layout";
import { NetworkPanel } from "../src/inside/NetworkPanel";
import { connectionsAt, structureAt } from "../src/inside/reading";
import { ladderOf, PLACES, placeOf, thresholdAt } from "../src/inside/thresholds";
import { pictureOf } from "../src/plot/picture";
import { change } from "../src/state/choice";
import { inside } from "../src/words/inside";

const FILES = import.meta.glob<{ detail: NetworkDetail }>("./fixtures/inside/*.json", {
  eager: true,
  import: "default",
});
const network = (name: string) =>
  structuredClone(FILES[`./fixtures/inside/${name}.json`]?.detail as NetworkDetail);

let root: HTMLElement;

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 800, 400));
  change({ language: "en" });
  root = document.body.appendChild(document.createElement("div"));
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function show(
  detail: NetworkDetail | null,
  more: Partial<Parameters<typeof NetworkPanel>[0]> = {},
) {
  act(() =>
    render(
      <NetworkPanel
        detail={detail}
        history={null}
        error={null}
        threshold={detail?.threshold ?? 0.01}
        onThreshold={() => undefined}
        onClose={() => undefined}
        onRegister={null}
        runAddress={null}
        {...more}
      />,
      root,
    ),
  );
}

function find<T extends Element = HTMLElement>(selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`nothing is ${selector}`);
  return found;
}

function press(element: Element, key: string) {
  act(() => {
    element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  });
}

const focus = (selector: string) => act(() => find<HTMLElement>(selector).focus());
const place = () => document.activeElement?.getAttribute("data-place");

describe("the panel", () => {
  test("tells that it loads, and why it cannot", () => {
    show(null);
    expect(find("[role=status]").textContent).toBe(inside.en.loading);
    show(null, { error: "There is no such run." });
    expect(find("[role=alert]").textContent).toBe("There is no such run.");
  });

  test("offers to register and to open only where it can be done", () => {
    const onRegister = vi.fn();
    show(network("textbook"));
    expect(root.textContent).not.toContain(inside.en.register);
    expect(root.querySelector("a")).toBeNull();
    show(network("textbook"), { onRegister, runAddress: "#/run" });
    expect(find("a").getAttribute("href")).toBe("#/run");
    const button = [...root.querySelectorAll("button")].find(
      ({ textContent }) => textContent === inside.en.register,
    );
    act(() => button?.click());
    expect(onRegister).toHaveBeenCalledOnce();
  });

  test("speaks Japanese", () => {
    act(() => change({ language: "ja" }));
    show(network("textbook"));
    expect(root.textContent).toContain("age はコード 1 が単独で保持します。");
    expect(root.textContent).toContain("コード 5 は無効です");
    expect(find('[data-place="1-0"]').getAttribute("aria-label")).toMatch(/^コード 1/);
  });

  test("takes hostile names as text", () => {
    const detail = network("textbook");
    const names = ["<img src=x onerror=alert(1)>", "\u202eabc", "a\nb", "x".repeat(5000), "", "ع"];
    for (const layer of [0, 2]) detail.layers[layer] = { units: names, activation: null };
    detail.variables = names.map((name, unit) => ({ name, inputs: [unit] }));
    detail.losses = names.map((variable) => ({ variable, loss: 0.5, variance: 1 }));
    detail.name = names[0] as string;
    show(detail);
    expect(root.querySelector("img")).toBeNull();
    const shown = [...root.querySelectorAll(".labels text")].map(
      (text) => text.lastChild?.textContent,
    );
    expect(Math.max(...shown.map((text) => text?.length ?? 0))).toBeLessThan(60);
    expect(shown.join("")).not.toContain("\u202e");
    const titles = [...root.querySelectorAll(".labels title")].map((title) => title.textContent);
    expect(titles).toContain("x".repeat(5000));
  });

  test("shows no loss of a constant, and longer bars than there is room for as such", () => {
    const detail = network("textbook");
    detail.losses = [
      { variable: "b", loss: 4, variance: 1 },
      { variable: "a", loss: 0.25, variance: 1 },
      { variable: "c", loss: null, variance: 0 },
    ];
    show(detail);
    const rows = [...root.querySelectorAll(".losses tbody tr")];
    expect(rows.map((row) => row.querySelector("th")?.textContent)).toEqual(["a", "b", "c"]);
    expect(rows[0]?.querySelector("rect")?.getAttribute("width")).toBe(String(25 / 1.5));
    expect(rows[1]?.querySelector("rect.longer")?.getAttribute("width")).toBe("100");
    expect(rows[2]?.querySelector("rect")).toBeNull();
    expect(rows[2]?.textContent).toContain(inside.en.noVariance);
  });
});

describe("the threshold", () => {
  const facts = () => find(".threshold-facts").textContent;
  const input = (selector: string, value: string, type = "input") =>
    act(() => {
      const element = find<HTMLInputElement>(selector);
      element.value = value;
      element.dispatchEvent(new Event(type, { bubbles: true }));
    });

  test("changes connections, dead units, words and the tracked error at once, the address later", () => {
    vi.useFakeTimers();
    const detail = network("textbook");
    detail.sweep = {
      thresholds: [0, 0.5, 1],
      connections: [12, 11, 7],
      squared_error: [0.01, 0.02, null],
      accuracy: null,
    };
    const onThreshold = vi.fn();
    show(detail, { onThreshold });
    expect(facts()).toContain("9 of 60 connections");
    expect(facts()).toContain("Squared error 0.01, tracked at |w| > 0");
    input("input[type=number]", "0.7");
    expect(facts()).toContain("9 of 60 connections");
    expect(facts()).toContain("Squared error 0.02, tracked at |w| > 0.5");
    expect(find(".in-words").textContent).toContain("9 connections that count (|w| > 0.7)");
    expect(onThreshold).not.toHaveBeenCalled();
    act(() => {
      vi.advanceTimersByTime(500);
    });
    expect(onThreshold).toHaveBeenCalledExactlyOnceWith(0.7);
    input("input[type=range]", String(PLACES), "change");
    expect(facts()).toContain("0 of 60 connections");
    expect(facts()).toContain(inside.en.untracked);
    expect(onThreshold).toHaveBeenLastCalledWith(3);
    expect(find("input[type=range]").getAttribute("aria-valuetext")).toBe("3: 0 of 60 connections");
  });

  test("leaves what was measured as it was trained, headed so and greyed", () => {
    const detail = network("textbook");
    detail.losses ??= detail.variables.map(({ name }) => ({
      variable: name,
      loss: 0.5,
      variance: 1,
    }));
    show(detail);
    expect(root.textContent).toContain(`As trained (|w| > ${detail.threshold})`);
    expect(root.querySelector(".stale")).toBeNull();
    show(detail, { threshold: 10 * detail.threshold });
    expect(root.querySelector(".losses.stale h3")?.textContent).toContain("As trained");
    expect(root.querySelector(".in-words .stale h4")?.textContent).toContain("As trained");
    expect(root.querySelector(".in-words .stale")?.textContent).toContain("information loss");
  });

  test("counts the loadings of one component, as the axis has them", () => {
    const detail = { ...network("textbook"), task: "pca" };
    show(detail);
    const [first] = [...root.querySelectorAll(".in-words li")];
    expect(first?.textContent).toMatch(/^The 5 components have [\d.]+ of 6 loadings that count/);
  });

  test("takes no text and no negative number", () => {
    show(network("textbook"));
    for (const text of ["", "-1", "x"]) input("input[type=number]", text);
    expect(facts()).toContain("9 of 60 connections");
  });

  test("follows one that is given anew", () => {
    show(network("textbook"));
    show(network("textbook"), { threshold: 5 });
    expect(facts()).toContain("0 of 60 connections");
  });

  test("steps in equal ratios from 0 over all weights", () => {
    const detail = network("sparse");
    const ladder = ladderOf(detail);
    if (!ladder) throw new Error("no weights");
    expect(thresholdAt(ladder, 0)).toBe(0);
    const steps = Array.from({ length: PLACES + 1 }, (_, step) => thresholdAt(ladder, step));
    expect(steps.every((step, at) => at === 0 || step >= (steps[at - 1] as number))).toBe(true);
    expect(connectionsAt(detail, steps.at(-1) as number)).toHaveLength(0);
    for (const at of [40, 120, 200]) {
      expect(placeOf(ladder, steps[at] as number)).toBeCloseTo(at, 0);
    }
    expect(placeOf(ladder, 1e9)).toBe(PLACES);
    const empty = {
      ...detail,
      weights: detail.weights.map((w) => w.map((row) => row.map(() => 0))),
    };
    expect(ladderOf(empty)).toBeNull();
  });
});

describe("the diagram", () => {
  test("is walked through by keys; a unit tells its connections, each of which leads on", () => {
    show(network("textbook"));
    expect(root.querySelectorAll('.unit[tabindex="0"]')).toHaveLength(1);
    focus('[data-place="0-0"]');
    press(document.activeElement as Element, "ArrowDown");
    expect(place()).toBe("0-1");
    press(document.activeElement as Element, "End");
    expect(place()).toBe("0-5");
    press(document.activeElement as Element, "Home");
    press(document.activeElement as Element, "ArrowRight");
    expect(place()).toMatch(/^1-/);
    focus('[data-place="1-2"]');
    expect(find(".diagram-tip").textContent).toContain("code 3");
    press(document.activeElement as Element, "Enter");
    const list = find(".connections-of");
    expect(list.textContent).toContain("1 incoming");
    expect([...list.querySelectorAll(".connection")].map((one) => one.textContent)).toEqual([
      "1.5← input hours",
      "1→ output hours",
      "0.9→ output sex",
    ]);
    focus(".connections-of .connection");
    expect(root.querySelectorAll(".lines:not(.quiet) path")).toHaveLength(1);
    act(() => find<HTMLElement>(".connections-of .connection").click());
    expect(find(".connections-of h4").textContent).toContain("input hours");
    press(find('[data-place="0-3"]'), "Escape");
    expect(root.querySelector(".connections-of")).toBeNull();
  });

  test("tells dead and constant units and makes them faint", () => {
    show(network("textbook"));
    expect(find('[data-place="1-4"]').getAttribute("aria-label")).toContain(inside.en.isDead);
    expect(find('[data-place="1-3"]').getAttribute("aria-label")).toContain(inside.en.isConstant);
    expect(root.querySelectorAll(".unit.dead")).toHaveLength(5);
  });

  test("zooms by buttons and keys, and shows the whole again", () => {
    show(network("textbook"));
    const inner = () => find("svg[role=group] g g").getAttribute("transform");
    const before = inner();
    act(() => find<HTMLElement>(`[aria-label="${inside.en.zoomIn}"]`).click());
    expect(inner()).toContain("scale(1.4)");
    focus('[data-place="0-0"]');
    press(document.activeElement as Element, "+");
    expect(inner()).toContain("scale(1.9");
    press(document.activeElement as Element, "0");
    expect(inner()?.replace("translate(0,0) ", "")).toBe(before?.replace("translate(0,0) ", ""));
  });

  test("is saved without what belongs to the pointer", async () => {
    show(network("textbook"));
    const { svg } = await pictureOf(find(".diagram-figure"));
    expect(svg).toContain("education");
    expect(svg).not.toMatch(/class=|tabindex|role=/);
  });
});

describe("the layout", () => {
  const of = (name: string, room: number) => {
    const detail = network(name);
    const structure = structureAt(detail, 0.02);
    return { structure, layout: layoutOf(detail, structure, room) };
  };

  test.each([300, 700, 1400])("leaves room for names at %i pixels", (room) => {
    for (const name of ["sparse", "levels", "classes"]) {
      const { layout } = of(name, room);
      expect(layout.width).toBeGreaterThanOrEqual(room);
      expect(layout.width).toBeLessThan(Math.max(room, 420) + 1);
      expect(layout.xs[0]).toBeGreaterThan(layout.sides[0].room);
      const right = layout.width - (layout.xs.at(-1) as number);
      expect(right).toBeGreaterThan(layout.sides[1].room);
    }
  });

  test("keeps the order of inputs, and no two units in one place", () => {
    const { layout } = of("levels", 700);
    const inputs = layout.ys[0] as number[];
    expect([...inputs].sort((a, b) => a - b)).toEqual(inputs);
    for (const ys of layout.ys) expect(new Set(ys).size).toBe(ys.length);
    expect(layout.sides[0].blocks.map(({ full }) => full)).toEqual(["sex", "job"]);
    expect(layout.sides[0].labels.map(({ shown }) => shown)).toEqual(
      "age f m a b c pay".split(" "),
    );
  });

  test("cuts names in their middle, as wide as there is room", () => {
    const cut = narrowed("measurement 12 of the mean temperature", 80, 12);
    expect(cut).toMatch(/^meas.*….*ure$/);
    expect(narrowed("pH", 80, 12)).toBe("pH");
  });

  test("finds what lies under a point", () => {
    const { layout, structure } = of("textbook", 700);
    const [x0, x1] = layout.xs as [number, number];
    const at = (layer: number, unit: number) => layout.ys[layer]?.[unit] as number;
    expect(hitAt(layout, structure.connections, [x0, at(0, 2)], 1)).toEqual({
      unit: { layer: 0, unit: 2 },
    });
    // A name belongs to its unit.
    expect(hitAt(layout, structure.connections, [x0 - 40, at(0, 2)], 1)).toEqual({
      unit: { layer: 0, unit: 2 },
    });
    const middle: [number, number] = [(x0 + x1) / 2, (at(0, 0) + at(1, 0)) / 2];
    const hit = hitAt(layout, structure.connections, middle, 1);
    expect(hit && "connection" in hit && hit.connection.weight).toBe(2);
    expect(hitAt(layout, structure.connections, [x0 + 30, 0], 1)).toBeNull();
    expect(neighbour(layout, { layer: 0, unit: 0 }, "ArrowUp")).toBeNull();
    expect(neighbour(layout, { layer: 0, unit: 0 }, "ArrowLeft")).toBeNull();
  });
});
