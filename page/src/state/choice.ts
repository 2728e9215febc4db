/** What is chosen, as a signal and in the address, so that an address shows one view to all. */

import { signal } from "@preact/signals";
import type { Columns, Direction, IndexName } from "../data/types";

export type Language = "en" | "ja";
export type Theme = "auto" | "light" | "dark";
export type Palette = "published" | "safe";

/** x0, y0, x1, y1. */
export type Region = [number, number, number, number];

export interface Choice {
  experiments: string[];
  /** Runs of studies. */
  studies: string[];
  filter: string;
  /** null: as the server proposes. */
  columns: Columns | null;
  /** null: where the markers crowd at the low end. */
  xLog: boolean | null;
  yLog: boolean | null;
  /** null: the one that compares curves of different ranges. */
  index: IndexName | null;
  /** Groups that are switched off. */
  hidden: string[];
  /** x0, y0, x1, y1 in the units of the data, x0 ≤ x1, y0 ≤ y1. */
  brush: Region | null;
  /** What part of the picture is seen; null: all of it. */
  zoom: Region | null;
  /** Runs that are looked into, at most two. */
  open: string[];
  /** Thresholds of connections, by run. */
  threshold: Record<string, number>;
  language: Language;
  theme: Theme;
  palette: Palette;
}

const MOST_OPEN = 2;
const LANGUAGES = ["en", "ja"] as const;
const THEMES = ["auto", "light", "dark"] as const;
const PALETTES = ["published", "safe"] as const;
const INDICES = ["area_marker", "area_axis", "hypervolume_gap"] as const;
const DIRECTIONS = ["min", "max"] as const;

/** In a report the page is a frame of the document, which says its language and its colours. */
export const framed = window.frameElement !== null;

function usualLanguage(): Language {
  const said = framed ? window.parent.document.documentElement.lang : navigator.language;
  return said?.toLowerCase().startsWith("ja") ? "ja" : "en";
}

/** What is shown when the address says nothing. */
export function initial(): Choice {
  return {
    experiments: [],
    studies: [],
    filter: "",
    columns: null,
    xLog: null,
    yLog: null,
    index: null,
    hidden: [],
    brush: null,
    zoom: null,
    open: [],
    threshold: {},
    language: usualLanguage(),
    theme: "auto",
    palette: "published",
  };
}

/** The choice as the part of an address after `#`; only what differs from the initial is said. */
export function format(chosen: Choice): string {
  const usual = initial();
  const said = new URLSearchParams();
  const all = (key: string, values: string[]) => {
    for (const value of values) said.append(key, value);
  };
  const other = (key: string, value: string, than: string) => {
    if (value !== than) said.append(key, value);
  };
  all("experiment", chosen.experiments);
  all("study", chosen.studies);
  other("filter", chosen.filter, "");
  const { columns } = chosen;
  if (columns) {
    said.append("x", columns.x);
    said.append("y", columns.y);
    other("group", columns.group ?? "", "");
    all("marker", columns.marker);
    other("replicate", columns.replicate ?? "", "");
    other("x_direction", columns.x_direction, "min");
    other("y_direction", columns.y_direction, "min");
  }
  const axes = [
    ["x", chosen.xLog],
    ["y", chosen.yLog],
  ] as const;
  const scaled = (as: boolean) => axes.filter(([, log]) => log === as).map(([axis]) => axis);
  other("log", scaled(true).join(""), "");
  other("linear", scaled(false).join(""), "");
  other("index", chosen.index ?? "", "");
  all("hide", chosen.hidden);
  if (chosen.brush) said.append("region", chosen.brush.join(","));
  if (chosen.zoom) said.append("zoom", chosen.zoom.join(","));
  all("open", chosen.open);
  all(
    "threshold",
    Object.entries(chosen.threshold).map(([run, value]) => `${value}:${run}`),
  );
  if (!framed) {
    other("language", chosen.language, usual.language);
    other("theme", chosen.theme, usual.theme);
  }
  other("palette", chosen.palette, usual.palette);
  return said.toString();
}

/** The choice that an address says; what it says wrongly is as if it were not said. */
export function parse(hash: string): Choice {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const usual = initial();
  const [log, linear] = [said.get("log") ?? "", said.get("linear") ?? ""];
  const scaled = (axis: string) =>
    log.includes(axis) ? true : linear.includes(axis) ? false : null;
  return {
    experiments: unique(said.getAll("experiment")),
    studies: unique(said.getAll("study")),
    filter: said.get("filter") ?? "",
    columns: columnsOf(said),
    xLog: scaled("x"),
    yLog: scaled("y"),
    index: INDICES.find((one) => one === said.get("index")) ?? null,
    hidden: unique(said.getAll("hide")),
    brush: regionOf(said.get("region")),
    zoom: regionOf(said.get("zoom")),
    open: unique(said.getAll("open")).slice(0, MOST_OPEN),
    threshold: thresholdsOf(said.getAll("threshold")),
    language: oneOf(LANGUAGES, framed ? null : said.get("language"), usual.language),
    theme: oneOf(THEMES, framed ? null : said.get("theme"), usual.theme),
    palette: oneOf(PALETTES, said.get("palette"), usual.palette),
  };
}

function columnsOf(said: URLSearchParams): Columns | null {
  const x = said.get("x");
  const y = said.get("y");
  if (!x || !y) return null;
  const direction = (key: string): Direction => oneOf(DIRECTIONS, said.get(key), "min");
  return {
    x,
    y,
    group: said.get("group") || null,
    marker: unique(said.getAll("marker")),
    replicate: said.get("replicate") || null,
    x_direction: direction("x_direction"),
    y_direction: direction("y_direction"),
  };
}

function regionOf(said: string | null): Region | null {
  const ends = (said ?? "").split(",").map(Number);
  const [x0, y0, x1, y1] = ends as [number, number, number, number];
  if (!said || ends.length !== 4 || !ends.every(Number.isFinite)) return null;
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}

function thresholdsOf(said: string[]): Record<string, number> {
  const pairs = said.flatMap((text) => {
    const colon = text.indexOf(":");
    const value = colon > 0 ? Number(text.slice(0, colon)) : Number.NaN;
    const run = text.slice(colon + 1);
    return Number.isFinite(value) && value >= 0 && run ? [[run, value] as const] : [];
  });
  return Object.fromEntries(pairs);
}

function oneOf<T extends string>(known: readonly T[], said: string | null, usual: T): T {
  return known.find((one) => one === said) ?? usual;
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}

/** The window whose address says what is chosen: in a report the page is a frame of the document. */
const place = framed ? window.parent : window;

/** Links within a report have their own use of the part after `#`. */
function said(): string {
  const hash = place.location.hash.replace(/^#/, "");
  return place === window || hash.includes("=") ? hash : "";
}

export const choice = signal<Choice>(parse(said()));

/** Browsers refuse many changes of an address in a short time; a region changes at every move. */
const PAUSE = 250;

let waiting: number | null = null;

/**
 * Change what is chosen. The signal follows at once.
 *
 * @param how `push`: the browser's Back comes back to what was; `replace`: it does not, and the
 *   address follows after a short rest
 */
export function change(part: Partial<Choice>, how: "push" | "replace" = "replace"): void {
  if (how === "push") {
    // What was is written first, so that Back finds it as it was left.
    rest();
    choice.value = { ...choice.value, ...part };
    write("push");
    return;
  }
  choice.value = { ...choice.value, ...part };
  if (waiting === null) waiting = window.setTimeout(rest, PAUSE);
}

/** Write what the address does not say yet. */
export function rest(): void {
  if (waiting === null) return;
  window.clearTimeout(waiting);
  waiting = null;
  write("replace");
}

function write(how: "push" | "replace"): void {
  const hash = format(choice.value);
  if (hash === said()) return;
  const address = hash ? `#${hash}` : place.location.href.replace(/#.*$/, "");
  try {
    if (how === "push") place.history.pushState(null, "", address);
    else place.history.replaceState(null, "", address);
  } catch {
    // Some browsers refuse this to a file, or too often; the page itself goes on without.
  }
}

/** Back, Forward, and an address typed by hand. */
function follow(): void {
  if (waiting !== null) window.clearTimeout(waiting);
  waiting = null;
  const hash = said();
  if (!hash && place !== window && place.location.hash) return;
  if (format(choice.value) !== hash) choice.value = parse(hash);
}

place.addEventListener("popstate", follow);
place.addEventListener("hashchange", follow);
