/** Ways out of the comparison: into a network, and to MLflow's own pages. */

import { signal } from "@preact/signals";
import { change, choice } from "../state/choice";
import { from, overview, runs } from "./loading";
import { points, studies } from "./view";

/** MLflow's page draws no more runs side by side with any use. */
export const MOST_COMPARED = 100;

/** The network that was asked for last: its panel is brought into sight. */
export const asked = signal<{ id: string } | null>(lastOpen());

/** A shared address that names networks leads to them. */
function lastOpen(): { id: string } | null {
  const id = choice.value.open.at(-1);
  return id === undefined ? null : { id };
}

/** Look into a network beside the one that is open; the older of two makes room. */
export function lookInside(id: string): void {
  const { open } = choice.value;
  if (!from.inside(id)) return;
  if (!open.includes(id)) change({ open: [...open, id].slice(-2) }, "push");
  asked.value = { id };
}

/** Whether a run is a network of this package, which can be looked into. */
export function isNetwork(run: number): boolean {
  const table = runs.value.value?.table;
  if (!table || !from.inside(table.id(run))) return false;
  const { levels, codes } = table.texts("params.regularizer");
  return Boolean(levels[codes[run] ?? -1]);
}

/**
 * Of the runs of a marker the one that opens: the recommended one, else the one that agrees most
 * with the others, of equals the one of the smaller error; null where none can be looked into, or
 * nothing is known of their agreement.
 */
export function medoidOf(places: number[]): number | null {
  const all = points.value;
  const table = runs.value.value?.table;
  if (!all || !table) return null;
  const open = places.filter((place) => isNetwork(all.runs[place] as number));
  const best = studies.value.map(({ recommended }) => recommended);
  const agreement = table.numbers("agreement");
  const rank = (place: number) => {
    const run = all.runs[place] as number;
    if (best.includes(table.id(run))) return Number.POSITIVE_INFINITY;
    return agreement[run] as number;
  };
  const known = open.filter((place) => !Number.isNaN(rank(place)));
  known.sort((a, b) => rank(b) - rank(a) || (all.y[a] as number) - (all.y[b] as number));
  return known[0] ?? open[0] ?? null;
}

export function leave(id: string): void {
  change({ open: choice.value.open.filter((other) => other !== id) }, "push");
}

/** The address of MLflow's page of a study's run; null where there is no server. */
export function studyAddress(experiment: string, id: string): string | null {
  const base = overview.value.value?.mlflow;
  if (base === null || base === undefined || !id) return null;
  return `${base}#/experiments/${encodeURIComponent(experiment)}/runs/${encodeURIComponent(id)}`;
}

/** The address of MLflow's page of a run; null where there is no server. */
export function runAddress(run: number): string | null {
  const loaded = runs.value.value;
  if (!loaded) return null;
  const { levels, codes } = loaded.runs.experiments;
  return studyAddress(levels[codes[run] ?? -1] ?? "0", loaded.table.id(run));
}

export function compareAddress(places: number[]): string | null {
  const loaded = runs.value.value;
  const base = overview.value.value?.mlflow;
  if (!loaded || base === null || base === undefined || places.length < 2) return null;
  const { levels, codes } = loaded.runs.experiments;
  const ids = places.map((run) => loaded.table.id(run));
  const experiments = [...new Set(places.map((run) => levels[codes[run] ?? -1] ?? "0"))];
  const query = [
    `runs=${encodeURIComponent(JSON.stringify(ids))}`,
    `experiments=${encodeURIComponent(JSON.stringify(experiments))}`,
  ].join("&");
  return `${base}#/compare-runs?${query}`;
}
