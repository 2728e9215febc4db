import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { embedded, embeddedSource, SourceError, serverSource, source } from "../src/data/source";
import { RunTable } from "../src/data/table";
import type { Embedded, Runs } from "../src/data/types";

const HOSTILE = '<img src=x onerror=alert(1)>\u202e"\n';

function runs(): Runs {
  return {
    ids: ["a", "b", "c", "d"],
    names: ["first", HOSTILE, "", "last"],
    experiments: { levels: ["1"], codes: [0, 0, 0, 0] },
    statuses: { levels: ["FINISHED", "FAILED", "KILLED"], codes: [0, 1, 2, -1] },
    started: [10, null, 30, 40],
    metrics: { connections: [31, null, 0, 7], "params.seed": [1, 2, 3, 4] },
    params: {
      seed: { levels: ["10", "9", "100", "0009"], codes: [0, 1, 2, 3] },
      group: { levels: ["sL1", HOSTILE, "L1", ""], codes: [0, 1, 2, 3] },
      l1_weight: { levels: ["1e-3", "0.5", "", "auto"], codes: [0, -1, 2, 3] },
    },
    tags: { failed: { levels: ["True", "no"], codes: [-1, -1, 0, 1] } },
    truncated: false,
    defaults: {
      x: "connections",
      y: "squared_error",
      group: null,
      marker: [],
      replicate: null,
      x_direction: "min",
      y_direction: "min",
    },
    studies: [],
    bootstrap: null,
  };
}

describe("RunTable", () => {
  const table = new RunTable(runs());

  it("names the runs", () => {
    expect(table.length).toBe(4);
    expect([0, 1, 2].map((run) => table.name(run))).toEqual(["first", HOSTILE, "c"]);
    expect(table.id(3)).toBe("d");
    expect(table.place("c")).toBe(2);
    expect(table.place("toString")).toBe(-1);
  });

  it("gives numbers of metrics, params and the time", () => {
    expect([...table.numbers("connections")]).toEqual([31, Number.NaN, 0, 7]);
    expect([...table.numbers("params.l1_weight")]).toEqual([0.001, ...Array(3).fill(Number.NaN)]);
    expect([...table.numbers("started")]).toEqual([10, Number.NaN, 30, 40]);
    expect([...table.numbers("params.seed")], "a metric of that name comes first").toEqual([
      1, 2, 3, 4,
    ]);
    expect([...table.numbers("constructor")]).toEqual(Array(4).fill(Number.NaN));
    expect(table.numbers("connections")).toBe(table.numbers("connections"));
  });

  it("gives texts with sorted levels", () => {
    expect(table.texts("params.seed")).toEqual({
      levels: ["0009", "9", "10", "100"],
      codes: [2, 1, 3, 0],
    });
    expect(table.texts("params.group")).toEqual({
      levels: ["", HOSTILE, "L1", "sL1"],
      codes: [3, 1, 2, 0],
    });
    expect(table.texts("params.l1_weight").codes).toEqual([2, -1, 0, 3]);
    expect(table.texts("connections")).toEqual({ levels: ["0", "7", "31"], codes: [2, -1, 0, 1] });
    expect(table.texts("tags.nothing")).toEqual({ levels: [], codes: [-1, -1, -1, -1] });
  });

  it("knows the runs that failed", () => {
    expect([0, 1, 2, 3].map((run) => table.failed(run))).toEqual([false, true, true, false]);
  });

  it("gives rows and the names of columns", () => {
    expect(table.row(1)).toEqual({
      params: { seed: "9", group: HOSTILE, l1_weight: null },
      metrics: { connections: null, "params.seed": 2 },
      tags: { failed: null },
    });
    expect(table.columns()).toEqual({
      metrics: ["connections", "params.seed"],
      params: ["seed", "group", "l1_weight"],
      tags: ["failed"],
    });
    expect(table.names()).toContain("tags.failed");
    expect(table.names().at(-1)).toBe("started");
  });
});

describe("serverSource", () => {
  const asked = vi.fn<typeof fetch>();
  const from = serverSource("http://server/mlflow/sparse-lightning/");
  const answer = (body: unknown, status = 200) =>
    asked.mockResolvedValueOnce(new Response(JSON.stringify(body), { status }));

  beforeEach(() => vi.stubGlobal("fetch", asked));
  afterEach(() => {
    vi.unstubAllGlobals();
    asked.mockReset();
  });

  it("asks below the address of the page", async () => {
    answer({ version: 1 });
    expect(await from.overview()).toEqual({ version: 1 });
    expect(asked.mock.calls[0]?.[0]).toBe("http://server/mlflow/sparse-lightning/api/overview");
    answer(runs());
    await from.runs({ experiments: ["1", "2"], studies: ["s"], filter: " params.a = 'b&c' " });
    const address = new URL(asked.mock.calls[1]?.[0] as string);
    expect([...address.searchParams]).toEqual([
      ["experiment", "1"],
      ["experiment", "2"],
      ["study", "s"],
      ["filter", "params.a = 'b&c'"],
    ]);
    answer({});
    await from.history("../x");
    expect(asked.mock.calls[2]?.[0]).toMatch(/\/api\/networks\/\.\.%2Fx\/history$/);
    expect(from.live && from.inside("any")).toBe(true);
  });

  it("registers with the header that a foreign page cannot send", async () => {
    answer({ name: "m", version: "1", address: "#/models/m/versions/1" });
    expect((await from.register("r", "m")).version).toBe("1");
    const [, request] = asked.mock.calls[0] ?? [];
    expect(request?.method).toBe("POST");
    expect(request?.body).toBe('{"name":"m"}');
    const headers = new Headers(request?.headers);
    expect(headers.get("X-Sparse-Lightning")).toBe("1");
    expect(headers.get("Content-Type")).toBe("application/json");
  });

  it("passes on what the server says against it", async () => {
    answer({ error: "no such run" }, 404);
    const error = await from.network("r").catch((reason) => reason);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ status: 404, message: "no such run" });
    answer({ other: 1 }, 500);
    await expect(from.network("r")).rejects.toThrow("500");
    answer(null, 500);
    await expect(from.network("r")).rejects.toThrow("500");
    asked.mockResolvedValueOnce(new Response("<html>", { status: 200 }));
    await expect(from.network("r")).rejects.toMatchObject({ status: 200, name: "SourceError" });
    asked.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    await expect(from.network("r")).rejects.toMatchObject({ status: 0, name: "SourceError" });
  });

  it("gives up a question for runs when the next one comes", async () => {
    asked.mockImplementationOnce(
      (_, request) =>
        new Promise((_resolve, reject) => {
          request?.signal?.addEventListener("abort", () => reject(request.signal?.reason));
        }),
    );
    answer(runs());
    const query = { experiments: ["1"], studies: [], filter: "" };
    const first = from.runs(query);
    const second = from.runs({ ...query, filter: "metrics.a > 1" });
    await expect(first).rejects.toMatchObject({ name: "AbortError" });
    expect((await second).ids).toHaveLength(4);
  });
});

describe("embeddedSource", () => {
  const document = {
    overview: { version: 1 },
    runs: runs(),
    networks: { a: { run_id: "a" } },
    histories: {},
    report: { title: "t" },
  } as unknown as Embedded;

  it("gives what the report holds", async () => {
    const from = embeddedSource(document);
    expect(from.live).toBe(false);
    expect(await from.overview()).toEqual({ version: 1 });
    expect(await from.runs({ experiments: [], studies: [], filter: "" })).toBe(document.runs);
    expect(await from.network("a")).toEqual({ run_id: "a" });
    expect(from.inside("a")).toBe(true);
    expect(from.inside("toString")).toBe(false);
    await expect(from.network("b")).rejects.toMatchObject({ status: 404 });
    await expect(from.history("constructor")).rejects.toBeInstanceOf(SourceError);
    await expect(from.register("a", "m")).rejects.toBeInstanceOf(SourceError);
  });

  it("is what a page with data is fed with", async () => {
    expect(source(embedded()).live).toBe(true);
    const script = globalThis.document.createElement("script");
    script.id = "data";
    script.type = "application/json";
    script.textContent = JSON.stringify(document);
    globalThis.document.body.append(script);
    expect(source(embedded()).live).toBe(false);
    expect(
      (await source(embedded()).runs({ experiments: [], studies: [], filter: "" })).names[1],
    ).toBe(HOSTILE);
    script.remove();
  });
});
