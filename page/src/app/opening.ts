/** Ways out of the comparison: into a network, and to MLflow's own pages. */

import { change, choice } from "../state/choice";
import { from, overview, runs } from "./loading";

/** MLflow's page draws no more runs side by side with any use. */
export const MOST_COMPARED = 100;

/** Look into a network beside the one that is open; the older of two makes room. */
export function lookInside(id: string): void {
  const { open } = choice.value;
  if (!from.inside(id) || open.includes(id)) return;
  change({ open: [...open, id].slice(-2) }, "push");
  // The panel lies below what was clicked; it is brought into sight once it is there.
  requestAnimationFrame(() =>
    document.querySelector(".inside-all")?.scrollIntoView({ block: "start" }),
  );
}

/** Whether a run is a network of this package, which can be looked into. */
export function isNetwork(run: number): boolean {
  const table = runs.value.value?.table;
  if (!table || !from.inside(table.id(run))) return false;
  return Boolean(table.row(run).params.regularizer);
}

export function leave(id: string): void {
  change({ open: choice.value.open.filter((other) => other !== id) }, "push");
}

/** The address of MLflow's page of a run; null where there is no server. */
export function runAddress(run: number): string | null {
  const loaded = runs.value.value;
  const base = overview.value.value?.mlflow;
  if (!loaded || base === null || base === undefined) return null;
  const { levels, codes } = loaded.runs.experiments;
  const experiment = levels[codes[run] ?? -1] ?? "0";
  const id = loaded.table.id(run);
  return `${base}#/experiments/${encodeURIComponent(experiment)}/runs/${encodeURIComponent(id)}`;
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
