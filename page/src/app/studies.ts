/** The studies of the runs: which of them can be compared, and by what they are judged. */

import type { Columns, Runs, StudyFacts } from "../data/types";

/** What a comparison is measured by; null where it is not known. */
export interface Measure {
  floor: number | null;
  nullError: number | null;
  connectionsTotal: number | null;
}

const UNKNOWN: Measure = { floor: null, nullError: null, connectionsTotal: null };

/** Whether all studies are of one table, task and network, so that their curves can be joined. */
export function alike(studies: StudyFacts[]): boolean {
  const kinds = studies.map(({ task, dataset, layers, rows, rows_total }) =>
    JSON.stringify([task, dataset, layers, rows_total ?? rows]),
  );
  return new Set(kinds).size <= 1;
}

/**
 * The floor and the corner of studies that are alike, of the measure that is y. The floor is that
 * of the studies, whatever runs are shown of them.
 */
export function measureOf(studies: StudyFacts[], chosen: Columns, proposed: Columns): Measure {
  const [first] = studies;
  const sameX = chosen.x === proposed.x && chosen.x_direction === proposed.x_direction;
  if (!first || !sameX || chosen.y_direction !== proposed.y_direction) return UNKNOWN;
  const found = studies.map((study) => {
    if (study.measures && Object.hasOwn(study.measures, chosen.y)) return study.measures[chosen.y];
    return chosen.y === proposed.y ? study : undefined;
  });
  if (found.some((one) => one === undefined)) return UNKNOWN;
  const floors = found.map((one) => one?.floor ?? null).filter((one) => one !== null);
  return {
    floor: floors.length ? Math.min(...floors) : null,
    nullError: found[0]?.null_error ?? null,
    connectionsTotal: first.connections_total,
  };
}

/** The runs of a study; null: it is not known which they are. */
export function runsOf(runs: Runs, study: StudyFacts): ((run: number) => boolean) | null {
  const { parents } = runs;
  if (!parents) return null;
  const code = parents.levels.indexOf(study.run_id);
  return (run) => code >= 0 && parents.codes[run] === code;
}
