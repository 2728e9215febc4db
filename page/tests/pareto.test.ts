import { describe, expect, it } from "vitest";
import type { IndexName } from "../src/data/types";
import {
  against,
  type Comparison,
  compare,
  type Options,
  type PointSet,
} from "../src/pareto/compare";
import { areaIndex, hypervolumeGap, scratchOf, sortCurve } from "../src/pareto/indices";
import { leavingOut } from "../src/pareto/jackknife";
import { reach } from "../src/pareto/student";

interface Fixture {
  networks: {
    group: string[];
    l1_weight: number[];
    seed: number[];
    connections: (number | null)[];
    squared_error: (number | null)[];
    failed: boolean[];
  };
  floor: number;
  null_error: number;
  connections_total: number;
  index: IndexName;
  confidence: number;
  seeds: number[];
  draws: number[][];
  markers: { group: string; l1_weight: number; connections: number; squared_error: number }[];
  marker_intervals: {
    group: string;
    l1_weight: number;
    x: [number, number];
    y: [number, number];
  }[];
  indices: Record<string, string | number | null>[];
  pairs: {
    index: IndexName;
    first: string;
    second: string;
    difference: number | null;
    low: number | null;
    high: number | null;
    settled: boolean;
  }[];
}

const INDICES: IndexName[] = ["area_marker", "area_axis", "hypervolume_gap"];
const fixtures = Object.entries(
  import.meta.glob<Fixture>("./fixtures/pareto/*.json", { eager: true, import: "default" }),
).map(([path, fixture]) => ({ name: path.replace(/^.*\//, ""), fixture }));

/** The points of a fixture as the page makes them: without those that failed. */
function pointsOf({ networks, seeds }: Fixture): PointSet {
  const kept = [...networks.group.keys()].filter(
    (row) =>
      !networks.failed[row] &&
      networks.connections[row] !== null &&
      networks.squared_error[row] !== null,
  );
  const groups = [...new Set(networks.group)];
  const weights = [...new Set(networks.l1_weight)];
  return {
    x: Float64Array.from(kept, (row) => networks.connections[row] as number),
    y: Float64Array.from(kept, (row) => networks.squared_error[row] as number),
    group: Int32Array.from(kept, (row) => groups.indexOf(networks.group[row] as string)),
    marker: Int32Array.from(kept, (row) => weights.indexOf(networks.l1_weight[row] as number)),
    replicate: Int32Array.from(kept, (row) => networks.seed[row] as number),
    groups,
    labels: weights.map(String),
    replicates: seeds,
  };
}

function optionsOf(fixture: Fixture): Options {
  return {
    index: fixture.index,
    floor: fixture.floor,
    nullError: fixture.null_error,
    connectionsTotal: fixture.connections_total,
    floorGroup: "none",
    confidence: fixture.confidence,
    resamples: 1,
    draws: fixture.draws,
    xDirection: "min",
    yDirection: "min",
  };
}

function close(found: number | undefined, expected: number | null, what: string): void {
  if (expected === null) expect(found, what).toBeNaN();
  else {
    const error = Math.abs((found as number) - expected) / Math.max(1, Math.abs(expected));
    expect(error, `${what}: ${found} for ${expected}`).toBeLessThan(1e-9);
  }
}

describe.each(fixtures)("$name", ({ fixture }) => {
  const made = compare(pointsOf(fixture), optionsOf(fixture));
  const groupOf = (name: unknown) => made.groups.find(({ group }) => group === name);

  it("has the order and the indices of Python", () => {
    expect(made.groups.map(({ group }) => group)).toEqual(
      fixture.indices.map(({ group }) => group),
    );
    expect(made.seeds).toBe(fixture.seeds.length);
    for (const row of fixture.indices) {
      for (const index of INDICES) {
        const { value, low, high } = groupOf(row.group)?.indices[index] ?? {};
        close(value, row[index] as number | null, `${row.group} ${index}`);
        close(low, row[`${index}_low`] as number | null, `${row.group} ${index} low`);
        close(high, row[`${index}_high`] as number | null, `${row.group} ${index} high`);
      }
    }
  });

  it("settles the pairs that Python settles", () => {
    expect(made.pairs.map(({ index, first, second }) => [index, first, second])).toEqual(
      fixture.pairs.map(({ index, first, second }) => [index, first, second]),
    );
    fixture.pairs.forEach((pair, place) => {
      const { difference, settled } = made.pairs[place] ?? {};
      const what = `${pair.index} ${pair.first} ${pair.second}`;
      close(difference?.value, pair.difference, what);
      close(difference?.low, pair.low, what);
      close(difference?.high, pair.high, what);
      expect(settled, what).toBe(pair.settled);
    });
  });

  it("has the markers of Python with their intervals", () => {
    const all = [...made.groups, made.apart].flatMap((group) => group?.markers ?? []);
    expect(all.length).toBe(fixture.markers.length);
    for (const row of fixture.markers) {
      const group = row.group === "none" ? made.apart : groupOf(row.group);
      const marker = group?.markers.find(({ label }) => label === String(row.l1_weight));
      close(marker?.x.value, row.connections, `${row.group} ${row.l1_weight} x`);
      close(marker?.y.value, row.squared_error, `${row.group} ${row.l1_weight} y`);
    }
    for (const row of fixture.marker_intervals) {
      const markers = groupOf(row.group)?.markers;
      const { x, y } = markers?.find(({ label }) => label === String(row.l1_weight)) ?? {};
      close(x?.low, row.x[0], `${row.group} ${row.l1_weight} x low`);
      close(x?.high, row.x[1], `${row.group} ${row.l1_weight} x high`);
      close(y?.low, row.y[0], `${row.group} ${row.l1_weight} y low`);
      close(y?.high, row.y[1], `${row.group} ${row.l1_weight} y high`);
    }
    for (const { markers } of made.groups) {
      const xs = markers.map(({ x }) => x.value);
      expect(xs).toEqual([...xs].sort((a, b) => a - b));
    }
  });
});

describe("indices", () => {
  it("are those of closed forms", () => {
    expect(areaIndex([10, 20], [3, 1], 1)).toBe(10);
    expect(areaIndex([20, 10], [1, 3], 1, "axis")).toBe(30);
    expect(areaIndex([5], [3], 1)).toBe(0);
    expect(areaIndex([5], [3], 1, "axis")).toBe(10);
    expect(areaIndex([5, 5, 6], [1, 3, 1], 0)).toBe(1);
    expect(areaIndex([1, 2], [0, 0], 1)).toBe(-1);
    expect(areaIndex([], [], 1)).toBeNaN();
    const corner = { floor: 0, nullError: 4, connectionsTotal: 10 };
    expect(hypervolumeGap([0], [0], corner)).toBe(0);
    expect(hypervolumeGap([5, 2], [1, 2], corner)).toBeCloseTo(1 - (3 * 2 + 5 * 3) / 40, 15);
    expect(hypervolumeGap([10, 2], [1, 4], corner)).toBe(1);
    expect(hypervolumeGap([1], [1], { ...corner, floor: 4 })).toBeNaN();
  });

  it("are sorted as many markers are", () => {
    for (const count of [0, 1, 15, 16, 17, 33, 100, 1000]) {
      const pairs = Array.from({ length: count }, (_, place) => [
        (place * 7919) % 41,
        (place * 104729) % 23,
      ]) as [number, number][];
      const xs = Float64Array.from(pairs, ([x]) => x);
      const ys = Float64Array.from(pairs, ([, y]) => y);
      sortCurve(xs, ys, count, scratchOf(count));
      pairs.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
      expect([...xs]).toEqual(pairs.map(([x]) => x));
      expect([...ys]).toEqual(pairs.map(([, y]) => y));
    }
  });
});

describe("compare", () => {
  const ordinary = fixtures.find(({ name }) => name === "ordinary.json")?.fixture as Fixture;
  const points = pointsOf(ordinary);
  const free: Options = { ...optionsOf(ordinary), draws: null, resamples: 200 };

  it("mirrors axes on which larger is better", () => {
    const plain = compare(points, {
      ...free,
      floor: null,
      nullError: null,
      connectionsTotal: null,
    });
    const total = Math.max(...points.x);
    const turned: PointSet = {
      ...points,
      x: points.x.map((x) => total - x),
      y: points.y.map((y) => 1 - y),
    };
    const least = Math.min(...points.x);
    const made = compare(turned, {
      ...free,
      floor: null,
      nullError: null,
      connectionsTotal: null,
      xDirection: "max",
      yDirection: "max",
    });
    expect(made.floor).toBeCloseTo(1 - plain.floor, 12);
    expect(made.corner.x).toBe(0);
    expect(made.corner.y).toBeCloseTo(1 - plain.corner.y, 12);
    expect(made.axis).toBe(total - least);
    expect(made.groups.map(({ group }) => group)).toEqual(plain.groups.map(({ group }) => group));
    made.groups.forEach((group, rank) => {
      const other = plain.groups[rank] as (typeof plain.groups)[number];
      const { value, low, high } = group.indices.area_marker;
      expect(value).toBeCloseTo(other.indices.area_marker.value, 10);
      expect(low).toBeCloseTo(other.indices.area_marker.low, 10);
      expect(high).toBeCloseTo(other.indices.area_marker.high, 10);
      const last = group.markers.length - 1;
      expect(group.front.map((place) => last - place).reverse()).toEqual(other.front);
      group.markers.forEach((marker, place) => {
        const same = other.markers[last - place] as (typeof other.markers)[number];
        expect(marker.x.value).toBeCloseTo(total - same.x.value, 10);
        expect(marker.x.low).toBeCloseTo(total - same.x.high, 10);
        expect(marker.y.high).toBeCloseTo(1 - same.y.low, 10);
        expect(marker.points).toEqual(same.points);
      });
    });
  });

  it("takes from the points what is not known", () => {
    const unknown = { ...free, floor: null, nullError: null, connectionsTotal: null };
    const made = compare(points, unknown);
    const nones = [...points.y].filter((_, place) => points.group[place] === 0);
    expect(made).toMatchObject({ floorKnown: true, cornerKnown: false, axis: 0 });
    expect(made.floor).toBe(Math.min(...nones));
    expect(made.corner).toEqual({ x: Math.max(...points.x), y: Math.max(...points.y) });
    const alone = compare(points, { ...unknown, floorGroup: null });
    expect(alone.floorKnown).toBe(false);
    expect(alone.floor).toBe(Math.min(...points.y));
    expect(alone.apart).toBeNull();
    expect(alone.groups).toHaveLength(4);
  });

  it("finds the markers that no other beats", () => {
    const one = (values: number[]) => Int32Array.from(values);
    const xs = [1, 1, 2, 3, 3, 4, 5];
    const made = compare(
      {
        x: Float64Array.from(xs),
        y: Float64Array.from([9, 8, 8, 5, 5, 6, 1]),
        group: one(xs.map(() => 0)),
        marker: one([0, 1, 2, 3, 4, 5, 6]),
        replicate: one(xs.map(() => -1)),
        groups: ["all"],
      },
      { ...free, floorGroup: null },
    );
    expect(made.groups[0]?.front).toEqual([1, 3, 4, 6]);
    expect(made.seeds).toBe(0);
    expect(made.groups[0]?.indices.area_axis.low).toBeNaN();
    expect(made.groups[0]?.markers[0]?.x.low).toBeNaN();
  });

  it("finds the front of all groups together", () => {
    const made = compare(
      curvesOf({
        a: [
          [1, 9],
          [3, 3],
          [5, 2],
        ],
        b: [
          [2, 5],
          [4, 4],
          [6, 2],
        ],
      }),
      {
        ...free,
        floorGroup: null,
      },
    );
    const overall = Object.fromEntries(made.groups.map((one) => [one.group, one.overall]));
    expect(overall).toEqual({ a: [0, 1, 2], b: [0] });
    const turned = compare(
      curvesOf({
        a: [
          [1, 9],
          [3, 3],
        ],
        b: [
          [2, 9],
          [4, 4],
        ],
      }),
      {
        ...free,
        floorGroup: null,
        xDirection: "max",
        yDirection: "max",
      },
    );
    expect(Object.fromEntries(turned.groups.map((one) => [one.group, one.overall]))).toEqual({
      a: [],
      b: [0, 1],
    });
  });

  it("gives a curve of one marker no area, and never the first place", () => {
    const lone = curvesOf({
      one: [[1, 1]],
      two: [
        [2, 8],
        [4, 4],
      ],
    });
    for (const index of INDICES) {
      const made = compare(lone, { ...free, floorGroup: null, index, singleApart: true });
      expect(made.groups.map(({ group }) => group)).toEqual(["two", "one"]);
      expect(made.groups[1]?.indices.area_marker.value).toBeNaN();
      expect(made.groups[1]?.indices.area_axis.value).toBeNaN();
      expect(against(made, 1, index)).toBeNull();
    }
  });

  it("says of a group that it is worse where the seeds settle it, else level", () => {
    const made = compare(points, free);
    expect(against(made, 0, free.index)).toBeNull();
    made.groups.slice(1).forEach(({ group }, place) => {
      const pair = made.pairs.find(
        ({ index, first, second }) =>
          index === free.index &&
          [first, second].includes(group) &&
          [first, second].includes(made.groups[0]?.group ?? ""),
      );
      expect(against(made, place + 1, free.index)).toBe(pair?.settled ? "worse" : "level");
    });
    const same = compare(
      curvesOf(
        {
          a: [
            [1, 2],
            [2, 1],
          ],
          b: [
            [1, 2.00001],
            [2, 1.00001],
          ],
        },
        3,
      ),
      { ...free, floorGroup: null },
    );
    expect(against(same, 1, free.index), "within rounding").toBe("level");
  });

  it("draws the same replicates again, and its own where those given do not fit", () => {
    const bare = (made: Comparison) => JSON.stringify(made);
    expect(bare(compare(points, free))).toBe(bare(compare(points, { ...free })));
    const misfit = compare(points, { ...free, draws: [[0, 1]] });
    expect(bare(misfit)).toBe(bare(compare(points, free)));
    const interval = compare(points, free).groups[0]?.indices.area_axis;
    expect(interval?.low).toBeLessThan(interval?.value as number);
    expect(interval?.high).toBeGreaterThan(interval?.value as number);
  });

  it("compares nothing and many groups without harm", () => {
    const none = { x: new Float64Array(), y: new Float64Array(), groups: ["a"] };
    const empty = new Int32Array();
    const made = compare({ ...none, group: empty, marker: empty, replicate: empty }, free);
    expect(made.groups).toEqual([]);
    expect(made.pairs).toEqual([]);
    const many = compare(grid(10_000, 400, 5), free);
    expect(many.groups).toHaveLength(400);
    expect(many.pairs).toHaveLength(399);
  });
});

/** Curves of these markers, each with so many equal replicates. */
function curvesOf(groups: Record<string, [number, number][]>, replicates = 1): PointSet {
  const rows = Object.entries(groups).flatMap(([, markers], group) =>
    markers.flatMap(([x, y], marker) =>
      Array.from({ length: replicates }, (_, replicate) => ({ x, y, group, marker, replicate })),
    ),
  );
  return {
    x: Float64Array.from(rows, ({ x }) => x),
    y: Float64Array.from(rows, ({ y }) => y),
    group: Int32Array.from(rows, ({ group }) => group),
    marker: Int32Array.from(rows, ({ group, marker }) => 100 * group + marker),
    replicate: Int32Array.from(rows, ({ replicate }) => replicate),
    groups: Object.keys(groups),
  };
}

/** Noisy curves of groups, every marker with all replicates. */
function grid(count: number, groups: number, replicates: number): PointSet {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const places = Array.from({ length: count }, (_, place) => place);
  const perGroup = Math.ceil(count / groups);
  const markers = Math.ceil(perGroup / replicates);
  const markerOf = (place: number) => Math.floor((place % perGroup) / replicates);
  const x = Float64Array.from(places, (p) => ((markerOf(p) + 1) / markers) * 400 + 80 * random());
  return {
    x,
    y: x.map((value) => 1 / (1 + value) + 0.01 * random()),
    group: Int32Array.from(places, (place) => Math.floor(place / perGroup)),
    marker: Int32Array.from(places, markerOf),
    replicate: Int32Array.from(places, (place) => (place % perGroup) % replicates),
    groups: Array.from({ length: groups }, (_, group) => `g${group}`),
  };
}

describe("Student's distribution", () => {
  it.each([
    [0.95, 1, 12.70620473617471],
    [0.95, 2, 4.302652729696142],
    [0.95, 4, 2.7764451051977987],
    [0.9, 7, 1.894578605061305],
    [0.99, 30, 2.749995653567],
    [0.95, 99, 1.9842169515086827],
  ])("reaches %d with %d degrees of freedom", (confidence, freedom, expected) => {
    expect(reach(confidence, freedom)).toBeCloseTo(expected, 9);
  });
});

it("leaves out one replicate at a time, of many every hundredth", () => {
  const of = (replicates: number) => {
    const { counts, width, different } = leavingOut(replicates);
    return Array.from({ length: different }, (_, part) =>
      [...counts.subarray(part * width, part * width + replicates).entries()]
        .filter(([, count]) => count === 0)
        .map(([column]) => column),
    );
  };
  expect(of(3)).toEqual([[0], [1], [2]]);
  expect(of(250)).toHaveLength(100);
  expect(of(250)[7]).toEqual([7, 107, 207]);
  expect(of(250)[99]).toEqual([99, 199]);
});
