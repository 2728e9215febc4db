/** What the page reads in a network is what the Python reads in it. */

import { describe, expect, test } from "vitest";
import type { CodeReading, NetworkDetail, VariableReading } from "../src/data/types";
import { HEAD, layoutOf } from "../src/inside/layout";
import { classPathsAt, mappingsAt } from "../src/inside/mappings";
import { phrase, plain, shortened } from "../src/inside/phrase";
import {
  connectionsAt,
  deadUnitsAt,
  isAutoencoder,
  pathsThrough,
  structureAt,
  sweepAt,
} from "../src/inside/reading";
import { rankCorrelation, sentencesOf } from "../src/inside/sentences";
import { inside } from "../src/words/inside";

interface Reading {
  threshold: number;
  connections: number;
  /** Per layer `[target, source]` of the connections that count. */
  weights: [number, number][][];
  fed: boolean[][];
  dead_units: boolean[][];
  codes?: CodeReading[];
  variables_read: VariableReading[];
  classes?: { class: string; variables: string[] }[];
  sentences: string[];
  layout: Places;
}

/** The diagram for print: rows, and columns as parts of the width. */
interface Places {
  columns: number[];
  rows: number[][];
  /** `[layer, source, target, width]`, what is drawn above others last. */
  connections: [number, number, number, number][];
  /** Of the inputs and of the outputs, as the blocks: `[name, first row, last row]`. */
  labels: [string[], string[]];
  blocks: [[string, number, number][], [string, number, number][]];
}

interface Fixture {
  detail: NetworkDetail;
  readings: Reading[];
}

// Written by make_inside_fixtures.py.
const FILES = import.meta.glob<Fixture>("./fixtures/inside/*.json", {
  eager: true,
  import: "default",
});
const NETWORKS = Object.entries(FILES).map(([path, fixture]) => ({
  file: path.replace(/^.*\//, ""),
  ...fixture,
}));
const READINGS = NETWORKS.flatMap(({ file, detail, readings }) =>
  readings.map((reading) => ({ name: `${file} at ${reading.threshold}`, detail, reading })),
);
const TEXTBOOK = NETWORKS.find(({ file }) => file === "textbook.json")?.detail as NetworkDetail;

/** A name with as many of its first and last letters as a label of it shows. */
function cut(name: string, label: string): string {
  const [first = "", last = ""] = label.split("…");
  return `${name.slice(0, first.length)}…${name.slice(name.length - last.length)}`;
}

function closeTo(found: number[], wanted: number[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [place, value] of wanted.entries()) expect(found[place]).toBeCloseTo(value, 9);
}

test("there are networks of 32 and 64 bits, with and without codes", () => {
  expect(NETWORKS.length).toBeGreaterThanOrEqual(5);
  expect(new Set(NETWORKS.map(({ detail }) => isAutoencoder(detail)))).toEqual(
    new Set([true, false]),
  );
});

describe.each(READINGS)("$name", ({ detail, reading }) => {
  const structure = structureAt(detail, reading.threshold);

  test("connections and units", () => {
    const found = connectionsAt(detail, reading.threshold);
    const places = detail.weights.map((_, layer) =>
      found
        .filter((one) => one.layer === layer)
        .map(({ target, source }) => [target, source])
        .sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d),
    );
    expect(places).toEqual(reading.weights);
    expect(found.length).toBe(reading.connections);
    expect(structure.fed).toEqual(reading.fed);
    expect(deadUnitsAt(detail, reading.threshold)).toEqual(reading.dead_units);
  });

  test("units lie where the diagram for print has them", () => {
    const { columns, rows, connections, labels, blocks } = reading.layout;
    const layout = layoutOf(detail, structure, 1600);
    const rowOf = (y: number) => (y - HEAD) / layout.row - 0.5;
    const [left, right] = [layout.xs[0], layout.xs.at(-1)] as [number, number];
    closeTo(
      layout.xs.map((x) => (x - left) / (right - left)),
      columns,
    );
    for (const [layer, ys] of layout.ys.entries()) closeTo(ys.map(rowOf), rows[layer] ?? []);
    const found = structure.connections;
    expect(found.map(({ layer, source, target }) => [layer, source, target])).toEqual(
      connections.map(([layer, source, target]) => [layer, source, target]),
    );
    closeTo(
      found.map(({ width }) => width),
      connections.map(([, , , width]) => width),
    );
    for (const [place, side] of layout.sides.entries()) {
      const shown = side.labels.map((label) => label.shown);
      // A label that has no room is cut in its middle.
      for (const [unit, name] of labels[place as 0 | 1].entries())
        expect(shown[unit]).toBe(shown[unit]?.includes("…") ? cut(name, shown[unit]) : name);
      const around = blocks[place as 0 | 1];
      expect(side.blocks.map(({ full }) => full)).toEqual(around.map(([name]) => name));
      closeTo(
        side.blocks.flatMap(({ top, bottom }) => [rowOf(top) + 0.35, rowOf(bottom) - 0.35]),
        around.flatMap(([, first, last]) => [first, last]),
      );
    }
  });

  test("codes, variables and classes", () => {
    const mappings = mappingsAt(detail, structure);
    if (reading.codes) {
      expect(mappings).toEqual({ codes: reading.codes, variables: reading.variables_read });
    } else {
      expect(mappings).toBeNull();
      const paths = classPathsAt(detail, structure);
      expect(paths.variables).toEqual(reading.variables_read);
      const classes = paths.classes.map(({ name, variables }) => ({ class: name, variables }));
      expect(classes).toEqual(reading.classes);
    }
  });

  test("sentences", () => {
    const told = sentencesOf(detail, structure, inside.en).map((one) => plain(one));
    expect(told.map((one) => one.replaceAll("−", "-"))).toEqual(reading.sentences);
    // The same number of sentences, and no English left but the users' own names.
    expect(sentencesOf(detail, structure, inside.ja)).toHaveLength(told.length);
  });
});

test("what the server read stands at its own threshold", () => {
  const codes: CodeReading[] = [{ code: 1, kind: "dead", fed_by: [], rebuilds: [] }];
  const detail = { ...TEXTBOOK, threshold: 0.3, codes, variables_read: [] };
  expect(mappingsAt(detail, structureAt(detail, 0.3))?.codes).toBe(codes);
  expect(mappingsAt(detail, structureAt(detail, 0.2))?.codes).toHaveLength(5);
});

test("the paths through a unit", () => {
  const structure = structureAt(TEXTBOOK, 0.01);
  const ends = (layer: number, unit: number) =>
    [...pathsThrough(structure, { layer, unit })]
      .map((one) => [one.layer, one.source, one.target].join())
      .sort();
  // Input d feeds the codes 3 and 5; code 5 is dead and on no path of a living unit.
  expect(ends(0, 3)).toEqual(["0,3,2", "1,2,3", "1,2,4"]);
  expect(ends(1, 2)).toEqual(["0,3,2", "1,2,3", "1,2,4"]);
  expect(ends(1, 4)).toEqual(["0,3,4"]);
  expect(ends(2, 5)).toEqual([]);
});

test("the tracked error is that of the nearest threshold at or below", () => {
  const sweep = {
    thresholds: [0.001, 0.01, 0.1],
    connections: [30, 20, 10],
    squared_error: [0.1, null, 0.3],
    accuracy: null,
  };
  const detail = { ...TEXTBOOK, sweep };
  expect(sweepAt(detail, 0.0005)).toBeNull();
  expect(sweepAt(detail, 0.001)?.squared_error).toBe(0.1);
  expect(sweepAt(detail, 0.05)).toEqual({
    threshold: 0.01,
    connections: 20,
    squared_error: null,
    accuracy: null,
  });
  expect(sweepAt(detail, 9)?.threshold).toBe(0.1);
  expect(sweepAt({ ...detail, sweep: null }, 9)).toBeNull();
});

test("widths are relative to the layer's largest weight", () => {
  const widths = connectionsAt(TEXTBOOK, 0.01).filter((one) => one.layer === 0);
  const widest = widths.find((one) => one.width === 1);
  expect(widest?.weight).toBe(-3);
  expect(widths.find((one) => one.weight === 1.5)?.width).toBe(0.5);
});

test("names are cut in the middle, on one line, without control characters", () => {
  expect(shortened("a\n\u202eb  c\u0000", 10)).toBe("a b c");
  expect(shortened("abcdefghij", 7)).toBe("abcd…ij");
  expect(shortened("😀".repeat(50), 4)).toBe("😀😀…😀");
  expect(plain(phrase`x ${[{ name: "y" }]} ${1}`)).toBe("x y 1");
});

test("rank correlation shares the ranks of equals", () => {
  expect(rankCorrelation([1, 2, 3], [9, 5, 1])).toBeCloseTo(-1);
  expect(rankCorrelation([1, 1, 2], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2);
  expect(rankCorrelation([1, 1], [1, 2])).toBeNaN();
});
