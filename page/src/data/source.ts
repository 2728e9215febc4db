/** Where the documents come from: the server that serves this page, or the report file itself. */

import { say } from "../words/words";
import type {
  Embedded,
  EmbeddedNetwork,
  History,
  NetworkDetail,
  Overview,
  Registered,
  Runs,
} from "./types";

export interface RunsQuery {
  experiments: string[];
  studies: string[];
  filter: string;
}

export interface Source {
  /** Whether there is a server: runs can be chosen, networks registered. */
  live: boolean;
  overview(): Promise<Overview>;
  runs(query: RunsQuery): Promise<Runs>;
  network(id: string): Promise<NetworkDetail>;
  history(id: string): Promise<History>;
  register(id: string, name: string): Promise<Registered>;
  /** Whether this network can be looked into. */
  inside(id: string): boolean;
}

/** An answer that is no document. `status` is that of HTTP, 0 where no answer came. */
export class SourceError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "SourceError";
    this.status = status;
  }
}

/**
 * The server whose addresses lie below `base`, which ends with a slash.
 *
 * A question for runs puts an end to the one before it, whose promise is rejected with the
 * browser's AbortError.
 */
export function serverSource(base: string): Source {
  const addressOf = (path: string): string => new URL(path, base).href;
  const get = <T>(path: string, signal?: AbortSignal): Promise<T> =>
    ask<T>(addressOf(path), { headers: { Accept: "application/json" }, signal: signal ?? null });
  let latest: AbortController | null = null;
  return {
    live: true,
    overview: () => get("api/overview"),
    async runs(query) {
      latest?.abort();
      const mine = new AbortController();
      latest = mine;
      try {
        return await get<Runs>(`api/runs?${queryOf(query)}`, mine.signal);
      } finally {
        if (latest === mine) latest = null;
      }
    },
    network: (id) => get(`api/networks/${encodeURIComponent(id)}`),
    history: (id) => get(`api/networks/${encodeURIComponent(id)}/history`),
    register: (id, name) =>
      ask(addressOf(`api/networks/${encodeURIComponent(id)}/register`), {
        method: "POST",
        headers: {
          Accept: "application/json",
          "Content-Type": "application/json",
          // A foreign page cannot send this header, so none can register in the user's name.
          "X-Sparse-Lightning": "1",
        },
        body: JSON.stringify({ name }),
      }),
    inside: () => true,
  };
}

function queryOf({ experiments, studies, filter }: RunsQuery): string {
  const query = new URLSearchParams();
  for (const id of experiments) query.append("experiment", id);
  for (const run of studies) query.append("study", run);
  if (filter.trim()) query.append("filter", filter.trim());
  return query.toString();
}

async function ask<T>(address: string, request: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...request });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new SourceError(0, say.value.source.unreachable);
  }
  let document: unknown;
  try {
    document = await answer.json();
  } catch (error) {
    if (isAbort(error)) throw error;
    // A proxy's error page, or a login page in place of the document.
    throw new SourceError(answer.status, say.value.source.notADocument(answer.status));
  }
  if (answer.ok) return document as T;
  const told = (document as { error?: unknown } | null)?.error;
  throw new SourceError(
    answer.status,
    typeof told === "string" && told ? told : say.value.source.refused(answer.status),
  );
}

function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === "AbortError";
}

/** A report file: all its runs at once, and those networks from inside that it holds. */
export function embeddedSource(document: Embedded): Source {
  const held = <T>(documents: Record<string, T>, id: string): Promise<T> => {
    const found = Object.hasOwn(documents, id) ? documents[id] : undefined;
    return found === undefined
      ? Promise.reject(new SourceError(404, say.value.source.notInReport))
      : Promise.resolve(found);
  };
  return {
    live: false,
    overview: () => Promise.resolve(document.overview),
    runs: () => Promise.resolve(document.runs),
    network: (id) => held(document.networks, id),
    history: (id) => held(document.histories, id),
    register: () => Promise.reject(new SourceError(0, say.value.source.notInReport)),
    inside: (id) => Object.hasOwn(document.networks, id),
  };
}

/** What this page is fed with: the data that its file holds, else the server it came from. */
export function source(held: Embedded | EmbeddedNetwork | null): Source {
  // The file of one network asks for nothing, and may have no address that a server could be at.
  if (held) return embeddedSource(held as Embedded);
  return serverSource(new URL(".", document.baseURI).href);
}

/** What this file holds itself; null where it comes from a server. */
export function embedded(): Embedded | EmbeddedNetwork | null {
  const held = document.querySelector('script#data[type="application/json"]');
  return held && JSON.parse(held.textContent ?? "");
}
