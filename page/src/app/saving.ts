/** What is shown, as text files. */

import { runs } from "./loading";
import { columns, comparison, points, selected } from "./view";

/** Offer a text as a download. */
export function saveText(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

/** The selected runs with all their params and metrics. */
export function runsCSV(): string {
  const table = runs.value.value?.table;
  const all = points.value;
  if (!table || !all) return "";
  const { metrics, params } = table.columns();
  const heads = ["run_id", "name", ...params, ...metrics];
  const rows = [...all.x.keys()]
    .filter((place) => selected.value?.[place])
    .map((place) => {
      const run = all.runs[place] as number;
      const row = table.row(run);
      return [
        table.id(run),
        table.name(run),
        ...params.map((name) => row.params[name] ?? ""),
        ...metrics.map((name) => row.metrics[name] ?? ""),
      ];
    });
  return csv([heads, ...rows]);
}

export function indicesCSV(): string {
  const names = ["area_marker", "area_axis", "hypervolume_gap"] as const;
  const heads = ["group", "runs", ...names.flatMap((n) => [n, `${n}_low`, `${n}_high`])];
  const rows = (comparison.value?.groups ?? []).map((group) => [
    group.group,
    group.networks,
    ...names.flatMap((name) => {
      const { value, low, high } = group.indices[name];
      return [value, low, high].map((number) => (Number.isNaN(number) ? "" : number));
    }),
  ]);
  return csv([heads, ...rows]);
}

export function shownJSON(): string {
  const table = runs.value.value?.table;
  const all = points.value;
  const shown = comparison.value;
  if (!table || !all || !shown) return "{}";
  return JSON.stringify(
    {
      columns: columns.value,
      floor: shown.floor,
      corner: shown.corner,
      groups: shown.groups.map(({ group, networks, markers, front, indices }) => ({
        group,
        networks,
        indices,
        markers: markers.map(({ x, y, label }, place) => ({
          x,
          y,
          label,
          front: front.includes(place),
        })),
      })),
      pairs: shown.pairs,
      runs: [...all.x.keys()]
        .filter((place) => selected.value?.[place])
        .map((place) => {
          const run = all.runs[place] as number;
          return { run_id: table.id(run), name: table.name(run), ...table.row(run) };
        }),
    },
    null,
    1,
  );
}

/**
 * Lines of RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before
 * it; numbers stay as they are, also those that are texts.
 */
export function csv(rows: (string | number)[][]): string {
  const cell = (value: string | number): string => {
    const formula = /^[=+\-@\t\r]/.test(String(value)) && Number.isNaN(Number(value));
    const text = formula ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
