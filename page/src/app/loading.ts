/** What the page has loaded, following what is chosen. */

import { effect, signal } from "@preact/signals";
import { embedded, source } from "../data/source";
import { RunTable } from "../data/table";
import type { History, NetworkDetail, Overview, Runs } from "../data/types";
import { choice } from "../state/choice";

export interface Loaded<T> {
  value: T | null;
  error: string | null;
  busy: boolean;
}

const nothing = { value: null, error: null, busy: false };

/** The data that the file holds itself. */
export const held = embedded();

export const from = source(held);

export const overview = signal<Loaded<Overview>>({ ...nothing, busy: true });
export const runs = signal<Loaded<{ runs: Runs; table: RunTable }>>(nothing);
export const networks = signal<Record<string, Loaded<NetworkDetail>>>({});
export const histories = signal<Record<string, Loaded<History>>>({});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export async function loadOverview(): Promise<void> {
  overview.value = { value: overview.value.value, error: null, busy: true };
  try {
    overview.value = { value: await from.overview(), error: null, busy: false };
  } catch (error) {
    overview.value = { value: null, error: messageOf(error), busy: false };
  }
}

// Answers may overtake each other: only that to the latest question is shown.
let asked = 0;

/** @param quietly without a word that it is loading: what is shown is looked at meanwhile */
export async function loadRuns(quietly = false): Promise<void> {
  const { experiments, studies, filter } = choice.value;
  asked += 1;
  const mine = asked;
  if (from.live && experiments.length === 0 && studies.length === 0) {
    runs.value = nothing;
    return;
  }
  if (!quietly) runs.value = { value: runs.value.value, error: null, busy: true };
  try {
    const found = await from.runs({ experiments, studies, filter });
    if (mine === asked) {
      runs.value = { value: { runs: found, table: new RunTable(found) }, error: null, busy: false };
    }
  } catch (error) {
    // The runs that are shown go on being shown; the message says that they are the former ones.
    if (mine === asked) {
      runs.value = { value: runs.value.value, error: messageOf(error), busy: false };
    }
  }
}

async function loadInside(id: string): Promise<void> {
  networks.value = { ...networks.value, [id]: { ...nothing, busy: true } };
  histories.value = { ...histories.value, [id]: { ...nothing, busy: true } };
  const keep = async <T>(promise: Promise<T>, put: (loaded: Loaded<T>) => void): Promise<void> => {
    try {
      put({ value: await promise, error: null, busy: false });
    } catch (error) {
      put({ value: null, error: messageOf(error), busy: false });
    }
  };
  await Promise.all([
    keep(from.network(id), (loaded) => {
      networks.value = { ...networks.value, [id]: loaded };
    }),
    keep(from.history(id), (loaded) => {
      histories.value = { ...histories.value, [id]: loaded };
    }),
  ]);
}

/** Milliseconds after which what a running study has meanwhile is asked for. */
const AGAIN = 10_000;

/** A study in training has more networks every now and then; one that has ended has not. */
function refresh(): void {
  const running = runs.value.value?.runs.studies.some(isRunning);
  if (from.live && running && !runs.value.busy && !document.hidden) void loadRuns(true);
}

/** Whether a study is still trained. */
export function isRunning({ status }: { status?: string }): boolean {
  return status === "RUNNING" || status === "SCHEDULED";
}

/** Load what is chosen now, and whatever is chosen later. */
export function follow(): void {
  void loadOverview();
  window.setInterval(refresh, AGAIN);
  let query = "";
  effect(() => {
    const { experiments, studies, filter } = choice.value;
    const next = JSON.stringify([experiments, studies, filter]);
    if (next !== query) {
      query = next;
      void loadRuns();
    }
  });
  effect(() => {
    for (const id of choice.value.open) {
      if (!networks.peek()[id]) void loadInside(id);
    }
  });
}
