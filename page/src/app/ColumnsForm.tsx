import type { Columns, Direction } from "../data/types";
import { change, choice } from "../state/choice";
import { say } from "../words/words";
import { from, runs } from "./loading";
import { columns, logs } from "./view";

/** Windows up to this width have no room for choosers beside the comparison. */
export const NARROW = 860;

/** Which metrics are the axes, and which runs belong together. */
export function ColumnsForm() {
  const words = say.value.app;
  const table = runs.value.value?.table;
  const chosen = columns.value;
  if (!table || !chosen || table.length === 0) return null;
  const known = table.columns();
  // Where there is little room, and in a report, the comparison comes first.
  const wide = from.live && innerWidth > NARROW;
  const labels = [...known.params.map((n) => `params.${n}`), ...known.tags.map((n) => `tags.${n}`)];
  const set = (part: Partial<Columns>) =>
    change({ columns: { ...chosen, ...part }, brush: null, zoom: null, hidden: [] }, "push");
  return (
    <details class="panel" open={wide}>
      <summary>
        <h2>{words.columns}</h2>
      </summary>
      {(["x", "y"] as const).map((axis) => (
        <fieldset class="axis" key={axis}>
          <legend>{words[axis]}</legend>
          <Select
            label={words[axis]}
            value={chosen[axis]}
            names={{ "": words.no }}
            options={[...known.metrics, ...known.params.map((n) => `params.${n}`)]}
            onChange={(name) => set({ [axis]: name } as Partial<Columns>)}
          />
          <div class="row">
            <Select
              label={`${words[axis]}: ${words.smaller} / ${words.larger}`}
              value={chosen[`${axis}_direction`]}
              options={["min", "max"]}
              names={{ min: words.smaller, max: words.larger }}
              onChange={(direction) =>
                set({ [`${axis}_direction`]: direction as Direction } as Partial<Columns>)
              }
            />
            <label class="check">
              <input
                type="checkbox"
                checked={logs.value[axis]}
                onChange={(event) =>
                  change(
                    axis === "x"
                      ? { xLog: event.currentTarget.checked }
                      : { yLog: event.currentTarget.checked },
                    "push",
                  )
                }
              />
              {words.log}
            </label>
          </div>
        </fieldset>
      ))}
      <label class="field">
        <span>{words.group}</span>
        <Select
          value={chosen.group ?? ""}
          options={["", ...labels]}
          names={{ "": words.no }}
          onChange={(name) => set({ group: name || null })}
        />
      </label>
      <fieldset class="choices short">
        <legend>{words.marker}</legend>
        {labels.map((name) => (
          <label key={name} title={name}>
            <input
              type="checkbox"
              checked={chosen.marker.includes(name)}
              onChange={(event) =>
                set({
                  marker: event.currentTarget.checked
                    ? [...chosen.marker, name]
                    : chosen.marker.filter((other) => other !== name),
                })
              }
            />
            <span class="name">
              <bdi>{name}</bdi>
            </span>
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>{words.replicate}</span>
        <Select
          value={chosen.replicate ?? ""}
          options={["", ...labels]}
          names={{ "": words.no }}
          onChange={(name) => set({ replicate: name || null })}
        />
      </label>
      {(choice.value.columns || choice.value.xLog !== null || choice.value.yLog !== null) && (
        <button
          type="button"
          onClick={() =>
            change(
              { columns: null, xLog: null, yLog: null, brush: null, zoom: null, hidden: [] },
              "push",
            )
          }
        >
          {words.defaults}
        </button>
      )}
    </details>
  );
}

interface SelectProps {
  label?: string;
  value: string;
  options: string[];
  names?: Record<string, string>;
  onChange: (value: string) => void;
}

export function Select({ label, value, options, names, onChange }: SelectProps) {
  // A shared address may name a column that these runs do not have.
  const all = options.includes(value) ? options : [value, ...options];
  return (
    <select
      {...(label ? { "aria-label": label } : {})}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {all.map((option) => (
        <option key={option} value={option}>
          {names?.[option] ?? shortened(option)}
        </option>
      ))}
    </select>
  );
}

function shortened(name: string): string {
  return name.length > 80 ? `${name.slice(0, 79)}…` : name;
}
