import { useEffect } from "preact/hooks";
import { say } from "../words/words";
import { Chooser } from "./Chooser";
import { ColumnsForm } from "./ColumnsForm";
import { useDress } from "./dress";
import { Figure } from "./Figure";
import { IndexTable } from "./IndexTable";
import { Inside } from "./Inside";
import { from, loadOverview, loadRuns, overview, runs } from "./loading";
import { RunsTable } from "./RunsTable";
import { ViewForm } from "./ViewForm";
import { points } from "./view";

/** The whole page: choosing on the left, the comparison, and what is looked into below it. */
export function App() {
  const words = say.value.app;
  useDress();
  const study = runs.value.value?.runs.studies;
  const title = study?.length === 1 ? study[0]?.name : undefined;
  useEffect(() => {
    document.title = title ? `${title} – ${words.title}` : words.title;
  });
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        {words.skip}
      </button>
      <header class="bar">
        <h1>
          sparse-lightning <span class="soft">{words.title}</span>
        </h1>
        <ViewForm />
      </header>
      <div class={from.live ? "columns" : "columns alone"}>
        {from.live && (
          <nav class="side" aria-label={words.choose}>
            <Chooser />
            <ColumnsForm />
          </nav>
        )}
        <main id="comparison" tabIndex={-1}>
          <State />
          {points.value && points.value.x.length > 0 && (
            <>
              <Figure />
              <IndexTable />
              <Inside />
              <RunsTable />
              {!from.live && <ColumnsForm />}
            </>
          )}
        </main>
      </div>
    </>
  );
}

/** What is to be told before there is anything to look at, or beside it. */
function State() {
  const words = say.value.app;
  const failed = overview.value.error ?? runs.value.error;
  const loaded = runs.value.value;
  const busy = overview.value.busy || runs.value.busy;
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
      {!busy && loaded && loaded.table.length === 0 && <p class="empty">{words.empty}</p>}
      {!busy && loaded && loaded.table.length > 0 && points.value?.x.length === 0 && (
        <p class="empty">{words.unplotted}</p>
      )}
      {loaded?.runs.truncated && <p class="warning">{words.truncated}</p>}
      {!!loaded?.runs.columns_left_out && (
        <p class="warning">{words.columnsLeftOut(loaded.runs.columns_left_out)}</p>
      )}
    </div>
  );
}

/** No link: the part of the address after the # holds what is chosen. */
function skip(): void {
  document.getElementById("comparison")?.focus();
}
