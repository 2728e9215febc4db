import { afterEach, describe, expect, it } from "vitest";
import { choice, initial } from "../src/state/choice";
import { formatInterval, formatNumber } from "../src/words/number";
import { dictionary, say } from "../src/words/words";

afterEach(() => {
  choice.value = initial();
});

describe("formatNumber", () => {
  it.each([
    [Number.NaN, "–"],
    [0, "0"],
    [-0, "0"],
    [1, "1"],
    [31, "31"],
    [1280, "1280"],
    [123456, "123456"],
    [12345.6, "12346"],
    [999999.9, "1×10⁶"],
    [1234567, "1.235×10⁶"],
    [0.5, "0.5"],
    [1 / 3, "0.3333"],
    [12.3456, "12.35"],
    [9.99996, "10"],
    [-0.012345, "−0.01235"],
    [0.00099999, "0.001"],
    [0.0009999, "9.999×10⁻⁴"],
    [0.000012, "1.2×10⁻⁵"],
    [-1e-12, "−1×10⁻¹²"],
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NEGATIVE_INFINITY, "−∞"],
  ])("%s", (value, shown) => {
    expect(formatNumber(value)).toBe(shown);
  });

  it("takes other digits", () => {
    expect(formatNumber(1 / 3, 2)).toBe("0.33");
    expect(formatNumber(12345, 1)).toBe("12345");
  });
});

describe("formatInterval", () => {
  it("shows the ends where there are any", () => {
    expect(formatInterval({ value: 0.5, low: -0.25, high: 1 })).toBe("0.5 [−0.25, 1]");
    expect(formatInterval({ value: 0.5, low: Number.NaN, high: Number.NaN })).toBe("0.5");
    expect(formatInterval({ value: Number.NaN, low: Number.NaN, high: Number.NaN })).toBe("–");
  });
});

/** Every text by where it stands; functions are called with what they take. */
function texts(words: unknown, path = ""): [string, string][] {
  if (typeof words === "string") return [[path, words]];
  if (typeof words === "function" || words === null || typeof words !== "object") return [];
  return Object.entries(words).flatMap(([key, part]) => texts(part, `${path}/${key}`));
}

describe("the dictionary", () => {
  it("has the same texts in both languages, none empty", () => {
    const [en, ja] = [texts(dictionary.en), texts(dictionary.ja)];
    expect(ja.map(([path]) => path).sort()).toEqual(en.map(([path]) => path).sort());
    for (const [path, text] of [...en, ...ja]) expect(text.trim(), path).not.toBe("");
  });

  it("is in the language that is chosen", () => {
    choice.value = { ...initial(), language: "en" };
    expect(say.value.source.refused(403)).toBe("The server refuses (403).");
    choice.value = { ...initial(), language: "ja" };
    expect(say.value).toBe(dictionary.ja);
    expect(say.value.source.refused(403)).toContain("403");
  });
});
