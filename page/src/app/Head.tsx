import type { StudyFacts } from "../data/types";
import { shortened } from "../inside/phrase";
import { choice } from "../state/choice";
import { say } from "../words/words";
import { isRunning, overview, runs } from "./loading";
import { studyAddress } from "./opening";
import { comparison, studies, study, whole } from "./view";

/** What is shown, by its name; empty where nothing is. */
export function shownName(): string {
  const loaded = runs.value.value;
  if (!loaded) return "";
  const named = studies.value.map(({ name }) => name).filter(Boolean);
  if (named.length) return named.join(", ");
  const known = new Map(overview.value.value?.experiments.map(({ id, name }) => [id, name]));
  const { levels } = loaded.runs.experiments;
  // Runs that are not there are of no experiment; it is still the one that was chosen.
  const shown = levels.length ? levels : choice.value.experiments;
  return shown.map((id) => known.get(id) ?? id).join(", ");
}

/** Characters of the name of what is shown. */
const TITLE = 160;

/** The name of what is shown, what it is of, and where MLflow shows it. */
export function Head() {
  const words = say.value.app;
  const loaded = runs.value.value;
  const name = shownName();
  if (!loaded || !name) return null;
  const one = study.value;
  const address = one && studyAddress(one.experiment_id, one.run_id);
  const facts = one?.run_id
    ? factsOf(one)
    : loaded.table.length > 0
      ? [words.allOf(loaded.table.length)]
      : [];
  return (
    <header class="head">
      <h2 class="title">
        <bdi title={name}>{shortened(name, TITLE)}</bdi>
      </h2>
      <p class="soft">
        {facts.map((fact, place) => (
          <span key={place}>
            {place > 0 && " · "}
            <bdi>{fact}</bdi>
          </span>
        ))}
        {one && isRunning(one) && <strong class="badge">{words.running}</strong>}
        {address && (
          <>
            {" · "}
            <a href={address} target="_blank" rel="noopener">
              {words.outside}
            </a>
          </>
        )}
      </p>
    </header>
  );
}

function factsOf(one: StudyFacts): string[] {
  const words = say.value.app;
  const rows = one.rows_total ?? one.rows;
  const size = [
    ...(rows ? [words.rows(rows)] : []),
    ...(one.columns ? [words.tableColumns(one.columns)] : []),
  ].join(", ");
  const shown = whole.value ?? comparison.value;
  const strengths = Math.max(0, ...(shown?.groups ?? []).map(({ markers }) => markers.length));
  return [
    one.dataset,
    size,
    one.layers.length > 1 ? words.kind(one.task, one.layers, one.columns ?? 0) : "",
    shown ? words.grid(shown.groups.length, strengths, shown.seeds) : "",
  ].filter(Boolean);
}
