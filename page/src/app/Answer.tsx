import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { bare } from "./gathering";
import { from, runs } from "./loading";
import { isNetwork, lookInside } from "./opening";
import { columns, study } from "./view";

const PERCENT = 100;

/** The recommended network in one sentence, and the way into it. */
export function Answer() {
  const words = say.value.app;
  const table = runs.value.value?.table;
  const id = study.value?.recommended;
  if (!table || !id) return null;
  const run = table.place(id);
  if (run < 0) return from.live ? <p class="soft answer">{words.recommendedFiltered}</p> : null;
  return (
    <section class="panel answer" aria-labelledby="recommended">
      <div>
        <h2 id="recommended">{words.recommended}</h2>
        <p class="sentence">{sentence(run)}</p>
        <details class="soft">
          <summary>{words.recommendedHow}</summary>
          <p>{words.recommendedRule}</p>
        </details>
      </div>
      {isNetwork(run) && (
        <button type="button" class="main" onClick={() => lookInside(id)}>
          {words.inside}
        </button>
      )}
    </section>
  );
}

/** What the report says of it, in the language of the page. */
function sentence(run: number): string {
  const words = say.value.app;
  const table = runs.value.value?.table;
  const facts = study.value;
  const proposed = runs.value.value?.runs.defaults;
  if (!table || !facts || !proposed) return "";
  const number = (name: string) => table.numbers(name)[run] as number;
  const rows = proposed.y?.startsWith("validation_") ? "validation_" : "";
  const share = (value: number) => `${Math.round(PERCENT * value)}\u00a0%`;
  const first = (...names: string[]) => {
    const value = names.map(number).find(Number.isFinite);
    return value === undefined ? null : share(value);
  };
  const explained = 1 - number(proposed.y ?? "") / (facts.null_error ?? Number.NaN);
  const { group, marker } = marked(run);
  const right = number(`${rows}accuracy`);
  const agreement = agreementAt(run);
  const measures = [
    ...(facts.task === "classifier" && Number.isFinite(right)
      ? [words.isRight(share(right), first("test_accuracy", "heldout_accuracy"))]
      : []),
    ...(Number.isFinite(explained)
      ? [
          words.explains(
            share(explained),
            first("test_explained", "heldout_explained", "test_r2", "heldout_r2"),
          ),
        ]
      : []),
  ];
  const unit = facts.task === "pca" ? "loadings" : "connections";
  const total = facts.connections_total ?? Number.NaN;
  const seed = table.row(run).params.seed ?? "–";
  const uses = words.uses(formatNumber(number("connections"), 6), formatNumber(total, 6), unit);
  return words.answer(
    [uses, ...measures],
    [group, marker].filter(Boolean).join(" "),
    seed,
    Number.isNaN(agreement) ? "" : formatNumber(agreement, 2),
  );
}

/** The group of a run, and the settings of its marker that vary. */
function marked(run: number): { group: string; marker: string } {
  const table = runs.value.value?.table;
  const proposed = runs.value.value?.runs.defaults;
  const text = (name: string) => {
    const column = table?.texts(name);
    return column?.levels[column.codes[run] ?? -1];
  };
  const settings = (proposed?.marker ?? []).flatMap((name) => {
    const value = text(name);
    if (value === undefined || !variesWithin(name, run)) return [];
    const short = bare(name) === "l1_weight" ? "λ" : bare(name).replaceAll("_", " ");
    return [`${short}=${value}`];
  });
  return { group: text("params.group") ?? "", marker: settings.join(", ") };
}

/** Whether a param differs among the runs of this run's group. */
function variesWithin(name: string, run: number): boolean {
  const table = runs.value.value?.table;
  const proposed = runs.value.value?.runs.defaults;
  if (!table || !proposed?.group) return true;
  const groups = table.texts(proposed.group).codes;
  const { codes } = table.texts(name);
  return codes.some((code, other) => groups[other] === groups[run] && code !== codes[run]);
}

/** The mean agreement of the seeds of a run's marker. */
function agreementAt(run: number): number {
  const table = runs.value.value?.table;
  const chosen = columns.value;
  const proposed = runs.value.value?.runs.defaults;
  if (!table || !proposed || !chosen) return Number.NaN;
  const same = [proposed.group, ...proposed.marker].filter((name) => name !== null);
  const codes = same.map((name) => table.texts(name).codes);
  const values = [...table.numbers("agreement")].filter(
    (value, other) =>
      Number.isFinite(value) &&
      !table.failed(other) &&
      codes.every((column) => column[other] === column[run]),
  );
  return values.length ? values.reduce((a, b) => a + b, 0) / values.length : Number.NaN;
}
