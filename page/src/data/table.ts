/** Runs as columns, however the server coded them. */

import type { Coded, Runs } from "./types";

/** Statuses of runs whose metrics are not those of a finished training. */
const FAILED = new Set(["FAILED", "KILLED"]);

export interface Row {
  params: Record<string, string | null>;
  metrics: Record<string, number | null>;
  tags: Record<string, string | null>;
}

/**
 * The runs of one answer of the server.
 *
 * A column is named as in the documents: a bare word is a metric, `params.NAME` a param, `tags.NAME`
 * a tag, `started` the time in milliseconds. Columns are made once and kept.
 */
export class RunTable {
  readonly length: number;
  readonly #runs: Runs;
  readonly #numbers = new Map<string, Float64Array>();
  readonly #texts = new Map<string, Coded>();
  #places: Map<string, number> | null = null;

  constructor(runs: Runs) {
    this.#runs = runs;
    this.length = runs.ids.length;
  }

  id(run: number): string {
    return this.#runs.ids[run] ?? "";
  }

  name(run: number): string {
    return this.#runs.names[run] || this.id(run);
  }

  /** The place of the run with this id; -1 where it is not among the runs. */
  place(id: string): number {
    this.#places ??= new Map(this.#runs.ids.map((one, place) => [one, place]));
    return this.#places.get(id) ?? -1;
  }

  /** Whether the training of a run came to no end; this package marks failed networks so too. */
  failed(run: number): boolean {
    return FAILED.has(textAt(this.#runs.statuses, run) ?? "");
  }

  /** A column as numbers; NaN where a run has none. */
  numbers(column: string): Float64Array {
    const known = this.#numbers.get(column);
    if (known) return known;
    const made = new Float64Array(this.length).fill(Number.NaN);
    const plain = this.#metric(column);
    if (plain) {
      for (let run = 0; run < this.length; run += 1) made[run] = plain[run] ?? Number.NaN;
    } else {
      const coded = this.#coded(column);
      const values = coded?.levels.map(numberOf) ?? [];
      for (let run = 0; run < this.length; run += 1) {
        made[run] = values[coded?.codes[run] ?? -1] ?? Number.NaN;
      }
    }
    this.#numbers.set(column, made);
    return made;
  }

  /**
   * A column as texts. The levels are sorted, numbers by their value, so that the codes of seeds
   * follow the order in which the server draws them; code -1 where a run has none.
   */
  texts(column: string): Coded {
    const known = this.#texts.get(column);
    if (known) return known;
    const made = inOrder(this.#coded(column) ?? this.#codedNumbers(column));
    this.#texts.set(column, made);
    return made;
  }

  /** All columns, as they are named in the documents. */
  names(): string[] {
    const { metrics, params, tags } = this.columns();
    return [
      ...metrics,
      ...params.map((name) => `params.${name}`),
      ...tags.map((name) => `tags.${name}`),
      "started",
    ];
  }

  columns(): { metrics: string[]; params: string[]; tags: string[] } {
    const { metrics, params, tags } = this.#runs;
    return {
      metrics: Object.keys(metrics),
      params: Object.keys(params),
      tags: Object.keys(tags),
    };
  }

  row(run: number): Row {
    const { metrics, params, tags } = this.#runs;
    const texts = (columns: Record<string, Coded>) =>
      Object.fromEntries(
        Object.entries(columns).map(([name, column]) => [name, textAt(column, run)]),
      );
    return {
      params: texts(params),
      metrics: Object.fromEntries(
        Object.entries(metrics).map(([name, values]) => [name, values[run] ?? null]),
      ),
      tags: texts(tags),
    };
  }

  #metric(column: string): (number | null)[] | null {
    // A metric may be called `started` too; then it is the metric that is meant.
    const { metrics, started } = this.#runs;
    if (Object.hasOwn(metrics, column)) return metrics[column] ?? null;
    return column === "started" ? started : null;
  }

  #coded(column: string): Coded | null {
    for (const [prefix, columns] of [
      ["params.", this.#runs.params],
      ["tags.", this.#runs.tags],
    ] as const) {
      const name = column.slice(prefix.length);
      if (column.startsWith(prefix) && Object.hasOwn(columns, name)) return columns[name] ?? null;
    }
    return null;
  }

  /** A metric as texts, to group by it. */
  #codedNumbers(column: string): Coded {
    const values = this.numbers(column);
    const levels: string[] = [];
    const places = new Map<number, number>();
    const codes = Array.from(values, (value) => {
      if (Number.isNaN(value)) return -1;
      const place = places.get(value) ?? levels.push(String(value)) - 1;
      places.set(value, place);
      return place;
    });
    return { levels, codes };
  }
}

function textAt({ levels, codes }: Coded, run: number): string | null {
  return levels[codes[run] ?? -1] ?? null;
}

/** The number that a text stands for; NaN for an empty text and for all that is no number. */
function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

function inOrder({ levels, codes }: Coded): Coded {
  const values = levels.map(numberOf);
  const numeric = values.every((value) => !Number.isNaN(value));
  const order = [...levels.keys()].sort((a, b) => {
    const [first, second] = [levels[a] as string, levels[b] as string];
    const texts = first < second ? -1 : first > second ? 1 : 0;
    return numeric ? (values[a] as number) - (values[b] as number) || texts : texts;
  });
  const places = new Int32Array(levels.length);
  order.forEach((level, place) => {
    places[level] = place;
  });
  return {
    levels: order.map((level) => levels[level] as string),
    codes: codes.map((code) => places[code] ?? -1),
  };
}
