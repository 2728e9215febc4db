import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { shortened } from "../inside/phrase";
import { choice } from "../state/choice";
import { say } from "../words/words";
import { Answer } from "./Answer";
import { Chooser } from "./Chooser";
import { ColumnsForm, NARROW } from "./ColumnsForm";
import { useDress } from "./dress";
import { Figure, More } from "./Figure";
import { Head, shownName } from "./Head";
import { IndexTable } from "./IndexTable";
import { Inside } from "./Inside";
import { from } from "./loading";
import { Multiples } from "./Multiples";
import { RunsTable } from "./RunsTable";
import { State } from "./State";
import { ViewForm } from "./ViewForm";
import { joined, points } from "./view";

/** Characters of a name in the title of the document. */
const TITLE = 80;

/** The whole page: choosing on the left, the comparison, and what is looked into below it. */
export function App() {
  const words = say.value.app;
  useDress();
  const name = shownName();
  useEffect(() => {
    document.title = name ? `${shortened(name, TITLE)} – ${words.title}` : words.title;
  });
  if (!from.live) return <Framed />;
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
      <div class="columns">
        <Side />
        <main id="comparison" tabIndex={-1}>
          <Head />
          <State />
          {hasPoints() && (
            <>
              <Answer />
              {joined.value ? (
                <>
                  <Figure />
                  <IndexTable />
                </>
              ) : (
                <Multiples />
              )}
              <Inside />
              <RunsTable />
            </>
          )}
        </main>
      </div>
    </>
  );
}

function hasPoints(): boolean {
  return points.value !== null && points.value.x.length > 0;
}

/** The choosers; where there is little room they are closed once something is chosen. */
function Side() {
  const words = say.value.app;
  const { studies, experiments } = choice.value;
  const chosen = studies.length + experiments.length > 0;
  const wide = innerWidth > NARROW;
  const name = shownName();
  return (
    <nav class="side" aria-label={words.choose}>
      <details class="choosers" open={wide || !chosen}>
        <summary>{name ? words.chosenNow(shortened(name, TITLE)) : words.choose}</summary>
        <div class="choosers-inner">
          <Chooser />
          <ColumnsForm />
        </div>
      </details>
    </nav>
  );
}

/** In a report: the curves alone, and what is opened by a press; the rest is the report's. */
function Framed() {
  const words = say.value.app;
  const opened = useSignal(false);
  return (
    <main id="comparison" class="framed" tabIndex={-1}>
      <State />
      {hasPoints() && (
        <>
          <Figure />
          <Inside />
          <details
            class="more"
            onToggle={(event) => {
              opened.value = event.currentTarget.open;
            }}
          >
            <summary>{words.more}</summary>
            {opened.value && (
              <>
                <More figure={() => document.querySelector(".figure")} />
                <ColumnsForm />
                <RunsTable />
              </>
            )}
          </details>
        </>
      )}
    </main>
  );
}

/** No link: the part of the address after the # holds what is chosen. */
function skip(): void {
  document.getElementById("comparison")?.focus();
}
