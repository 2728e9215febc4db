import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Choice, change, choice, format, initial, parse, rest } from "../src/state/choice";

const HOSTILE = '<b>&#,:=+% \u202e\n"パレート';

const full: Choice = {
  experiments: ["1", "2"],
  studies: ["abc"],
  filter: `params.group = '${HOSTILE}'`,
  columns: {
    x: "connections",
    y: "params.l1_weight",
    group: HOSTILE,
    marker: ["params.a", "tags.b"],
    replicate: "params.seed",
    x_direction: "max",
    y_direction: "min",
  },
  xLog: true,
  yLog: true,
  index: "hypervolume_gap",
  hidden: [HOSTILE, ""],
  brush: [-1e-7, 0, 3.5, 1e21],
  zoom: [1, 2, 3, 4],
  open: ["r1", "r2"],
  threshold: { r1: 0.01, [HOSTILE]: 1e-9 },
  language: "ja",
  theme: "dark",
  palette: "safe",
};

describe("the address", () => {
  it("says all that is chosen", () => {
    expect(parse(`#${format(full)}`)).toEqual(full);
    const bare = {
      ...full,
      columns: { ...full.columns, group: null, marker: [], replicate: null },
    };
    expect(parse(format(bare as Choice))).toEqual(bare);
  });

  it("says nothing of what is as usual", () => {
    expect(format(initial())).toBe("");
    expect(parse("")).toEqual(initial());
    expect(format({ ...initial(), experiments: ["3"] })).toBe("experiment=3");
  });

  it("is as if not said where it is wrong", () => {
    const wrong = parse(
      "#index=best&theme=pink&language=xx&palette=&x=a&region=1,2,3&region=4&threshold=-1:r" +
        "&threshold=x:r&threshold=5&threshold=1:&log=z&%E0%A4%A",
    );
    expect(wrong).toEqual(initial());
    expect(parse("#region=1,2,NaN,4").brush).toBeNull();
    expect(parse("#region=,,,").brush).not.toEqual([Number.NaN, 0, 0, 0]);
  });

  it("is put in order", () => {
    expect(parse("#region=3,9,1,2").brush).toEqual([1, 2, 3, 9]);
    expect(parse("#open=a&open=b&open=a&open=c").open).toEqual(["a", "b"]);
    expect(parse("#experiment=1&experiment=1").experiments).toEqual(["1"]);
    const { threshold } = parse("#threshold=0.5:__proto__");
    expect(Object.keys(threshold)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>).r1).toBeUndefined();
  });
});

describe("change", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    choice.value = initial();
    history.replaceState(null, "", location.pathname);
  });
  afterEach(() => vi.useRealTimers());

  it("pushes at once and replaces after a rest", () => {
    const entries = history.length;
    change({ experiments: ["1"] }, "push");
    expect(location.hash).toBe("#experiment=1");
    expect(history.length).toBe(entries + 1);
    change({ brush: [0, 0, 1, 1] }, "replace");
    change({ brush: [0, 0, 2, 2] }, "replace");
    expect(choice.value.brush).toEqual([0, 0, 2, 2]);
    expect(location.hash).toBe("#experiment=1");
    vi.runAllTimers();
    expect(parse(location.hash).brush).toEqual([0, 0, 2, 2]);
    expect(history.length).toBe(entries + 1);
  });

  it("leaves the former view as it was", () => {
    const written: string[] = [];
    const replace = vi.spyOn(history, "replaceState").mockImplementation((_, __, address) => {
      written.push(String(address));
    });
    change({ hidden: ["L1"] });
    change({ open: ["r"] }, "push");
    expect(written).toEqual(["#hide=L1"]);
    expect(location.hash).toBe("#hide=L1&open=r");
    replace.mockRestore();
  });

  it("follows the address", () => {
    change({ theme: "dark" });
    history.replaceState(null, "", "#experiment=7&language=ja");
    window.dispatchEvent(new PopStateEvent("popstate"));
    expect(choice.value.experiments).toEqual(["7"]);
    expect(choice.value.language).toBe("ja");
    expect(choice.value.theme).toBe("auto");
    vi.runAllTimers();
    expect(location.hash).toBe("#experiment=7&language=ja");
  });

  it("goes on where the browser refuses", () => {
    const push = vi.spyOn(history, "pushState").mockImplementation(() => {
      throw new DOMException("too often", "SecurityError");
    });
    change({ experiments: ["5"] }, "push");
    rest();
    expect(choice.value.experiments).toEqual(["5"]);
    push.mockRestore();
  });
});
