import { useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { choice } from "../state/choice";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { bare } from "./gathering";
import { runs } from "./loading";
import { compareAddress, isNetwork, lookInside, MOST_COMPARED, runAddress } from "./opening";
import { columns, networks, points, selected } from "./view";

const PAGE = 25;

/** The selected runs, sorted by any column. */
export function RunsTable() {
  const words = say.value.app;
  const order = useSignal<{ column: string; down: boolean }>({ column: "y", down: false });
  const page = useSignal(0);
  const all = points.value;
  const chosen = columns.value;
  const table = runs.value.value?.table;
  if (!all || !chosen || !table) return null;
  const places = [...all.x.keys()].filter((place) => selected.value?.[place]);
  const texts = [...new Set([chosen.group, ...chosen.marker, chosen.replicate])].filter(
    (name): name is string => name !== null,
  );
  const values = new Map(texts.map((name) => [name, table.texts(name)]));
  const cell = (name: string, place: number): string => {
    const column = values.get(name);
    return column?.levels[column.codes[all.runs[place] as number] ?? -1] ?? "";
  };
  const { column, down } = order.value;
  places.sort((a, b) => {
    const sign = down ? -1 : 1;
    if (column === "x" || column === "y") {
      return sign * ((all[column][a] as number) - (all[column][b] as number)) || a - b;
    }
    const [first, second] =
      column === "name"
        ? [table.name(all.runs[a] as number), table.name(all.runs[b] as number)]
        : [cell(column, a), cell(column, b)];
    return sign * first.localeCompare(second, undefined, { numeric: true }) || a - b;
  });
  const pages = Math.max(1, Math.ceil(places.length / PAGE));
  const current = Math.min(page.value, pages - 1);
  const heads = [
    { id: "name", title: words.name, number: false },
    { id: "x", title: chosen.x, number: true },
    { id: "y", title: chosen.y, number: true },
    ...texts.map((id) => ({ id, title: bare(id), number: false })),
  ];
  const looked = networks.value;
  const compared = places.slice(0, MOST_COMPARED).map((place) => all.runs[place] as number);
  const address = compareAddress(compared);
  return (
    <section class="panel">
      <h2 id="runs">{words.runs}</h2>
      <div class="row">
        <span>{words.selection(places.length, all.x.length)}</span>
        {address && (
          <a class="button" href={address} target="_blank" rel="noopener">
            {words.compareInMlflow}
          </a>
        )}
        {address && places.length > MOST_COMPARED && (
          <span class="soft">{words.tooMany(MOST_COMPARED)}</span>
        )}
      </div>
      <section class="scroll" tabIndex={0} aria-labelledby="runs">
        <table>
          <thead>
            <tr>
              {heads.map(({ id, title, number }, place) => (
                <Fragment key={id}>
                  {place === 1 && looked && (
                    <th scope="col">
                      <span class="hidden">{words.inside}</span>
                    </th>
                  )}
                  <th
                    scope="col"
                    class={number ? "number" : ""}
                    aria-sort={column === id ? (down ? "descending" : "ascending") : "none"}
                  >
                    <button
                      type="button"
                      class="plain"
                      aria-label={words.sortBy(title.slice(0, 80))}
                      onClick={() => {
                        order.value = { column: id, down: column === id && !down };
                        page.value = 0;
                      }}
                    >
                      <bdi title={title}>{title}</bdi>
                      <span aria-hidden="true">{column === id ? (down ? " ↓" : " ↑") : ""}</span>
                    </button>
                  </th>
                </Fragment>
              ))}
            </tr>
          </thead>
          <tbody>
            {places.slice(current * PAGE, (current + 1) * PAGE).map((place) => {
              const run = all.runs[place] as number;
              const name = table.name(run);
              const outside = runAddress(run);
              const id = table.id(run);
              return (
                <tr key={id}>
                  <th scope="row">
                    {outside ? (
                      <a href={outside} target="_blank" rel="noopener" title={name}>
                        <bdi>{name}</bdi>
                      </a>
                    ) : (
                      <bdi title={name}>{name}</bdi>
                    )}
                  </th>
                  {looked && (
                    <td>
                      {isNetwork(run) && (
                        <button
                          type="button"
                          disabled={choice.value.open.includes(id)}
                          aria-label={`${words.inside}: ${name.slice(0, 80)}`}
                          onClick={() => lookInside(id)}
                        >
                          {words.inside}
                        </button>
                      )}
                    </td>
                  )}
                  <td class="number">{formatNumber(all.x[place] as number)}</td>
                  <td class="number">{formatNumber(all.y[place] as number)}</td>
                  {texts.map((column) => (
                    <td key={column}>
                      <bdi title={cell(column, place)}>{cell(column, place)}</bdi>
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      {pages > 1 && (
        <div class="row pages">
          <button
            type="button"
            disabled={current === 0}
            onClick={() => {
              page.value = current - 1;
            }}
          >
            {words.previous}
          </button>
          <span>{words.page(current + 1, pages)}</span>
          <button
            type="button"
            disabled={current === pages - 1}
            onClick={() => {
              page.value = current + 1;
            }}
          >
            {words.next}
          </button>
        </div>
      )}
    </section>
  );
}
