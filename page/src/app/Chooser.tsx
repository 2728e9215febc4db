import { useSignal } from "@preact/signals";
import { change, choice } from "../state/choice";
import { say } from "../words/words";
import { isRunning, overview } from "./loading";

/** Experiments, studies and a filter. */
export function Chooser() {
  const words = say.value.app;
  const search = useSignal("");
  const found = overview.value.value;
  const { experiments, studies } = choice.value;
  const meets = (name: string) => name.toLowerCase().includes(search.value.toLowerCase());
  const begin = { columns: null, hidden: [], brush: null, zoom: null, open: [] };
  return (
    <section class="panel">
      <h2>{words.choose}</h2>
      <label class="field">
        <span>{words.search}</span>
        <input
          type="search"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      </label>
      <Choices
        legend={words.studies}
        entries={(found?.studies ?? [])
          .filter((study) => meets(study.name))
          .map((study) => ({
            id: study.run_id,
            name: study.name,
            more: [
              isRunning(study) ? words.running : study.status === "FAILED" ? words.ended : "",
              study.task,
              study.dataset,
              when(study.started),
            ]
              .filter(Boolean)
              .join(" · "),
          }))}
        chosen={studies}
        onChange={(next) => change({ ...begin, studies: next, experiments: [] }, "push")}
      />
      <Choices
        legend={words.experiments}
        entries={(found?.experiments ?? [])
          .filter((experiment) => meets(experiment.name))
          .map(({ id, name, runs }) => ({ id, name, more: words.allOf(runs) }))}
        chosen={experiments}
        onChange={(next) => change({ ...begin, experiments: next, studies: [] }, "push")}
      />
      <Filter />
    </section>
  );
}

interface ChoicesProps {
  legend: string;
  entries: { id: string; name: string; more: string }[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

function Choices({ legend, entries, chosen, onChange }: ChoicesProps) {
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {entries.length === 0 && <p class="soft">{say.value.app.none}</p>}
      {entries.map(({ id, name, more }) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the box does the same
        <label
          key={id}
          title={`${name}: ${say.value.app.only}`}
          onClick={(event) => {
            // A press on the name chooses it alone, one on the box adds it.
            if (event.target instanceof HTMLInputElement) return;
            event.preventDefault();
            onChange([id]);
          }}
        >
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onKeyDown={(event) => {
              if (event.key === "Enter") onChange([id]);
            }}
            onChange={(event) =>
              onChange(
                event.currentTarget.checked
                  ? [...chosen, id]
                  : chosen.filter((other) => other !== id),
              )
            }
          />
          <span class="name">
            <bdi>{name}</bdi>
            <small>{more}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A filter is sent when it is applied, not with every letter. */
function Filter() {
  const words = say.value.app;
  const typed = useSignal<string | null>(null);
  const apply = (filter: string) => {
    typed.value = null;
    change({ filter, brush: null }, "push");
  };
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault();
        apply(typed.value ?? choice.value.filter);
      }}
    >
      <label class="field">
        <span>{words.filter}</span>
        <textarea
          rows={2}
          spellcheck={false}
          placeholder={words.filterHint}
          value={typed.value ?? choice.value.filter}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </label>
      <div class="row">
        <button type="submit">{words.apply}</button>
        <button type="button" onClick={() => apply("")}>
          {words.clear}
        </button>
      </div>
    </form>
  );
}

function when(started: number | null): string {
  return started === null
    ? ""
    : new Date(started).toLocaleString(choice.value.language, {
        dateStyle: "medium",
        timeStyle: "short",
      });
}
