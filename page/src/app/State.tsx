import { choice } from "../state/choice";
import { say } from "../words/words";
import { isRunning, loadOverview, loadRuns, overview, runs } from "./loading";
import { points } from "./view";

/** What is to be told before there is anything to look at, or beside it. */
export function State() {
  const words = say.value.app;
  const failed = overview.value.error ?? runs.value.error;
  const loaded = runs.value.value;
  const busy = overview.value.busy || runs.value.busy;
  const running = loaded?.runs.studies.some(isRunning);
  return (
    <div aria-live="polite" class="state">
      {failed && (
        <p class="error" role="alert">
          <bdi>{failed}</bdi> {loaded && words.former}{" "}
          <button
            type="button"
            onClick={() => void (overview.value.error ? loadOverview() : loadRuns())}
          >
            {words.retry}
          </button>
        </p>
      )}
      {busy && <p class="soft">{words.loading}</p>}
      {!busy && !failed && !loaded && <p class="empty">{words.start}</p>}
      {!busy && loaded && loaded.table.length === 0 && <p class="empty">{nothing()}</p>}
      {!busy && loaded && loaded.table.length > 0 && points.value?.x.length === 0 && (
        <p class="empty">{words.unplotted}</p>
      )}
      {!busy && loaded && loaded.table.length > 0 && running && (
        <p class="warning">{words.studyRunning}</p>
      )}
      {loaded?.runs.truncated && <p class="warning">{words.truncated}</p>}
      {!!loaded?.runs.columns_left_out && (
        <p class="warning">{words.columnsLeftOut(loaded.runs.columns_left_out)}</p>
      )}
    </div>
  );
}

/** Why there is nothing to compare. */
function nothing(): string {
  const words = say.value.app;
  const loaded = runs.value.value;
  if (choice.value.filter) return words.empty;
  if (loaded?.runs.studies.some(isRunning)) return words.emptyRunning;
  const left = loaded?.runs.left_out;
  const count = (left?.failed ?? 0) + (left?.running ?? 0) + (left?.without_metric ?? 0);
  if (left && count) return words.emptyOf(count, left.failed, left.running);
  return choice.value.studies.length ? words.emptyStudy : words.empty;
}
