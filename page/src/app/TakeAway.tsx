import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { savePNG, saveSVG } from "../plot/picture";
import { rest } from "../state/choice";
import { say } from "../words/words";
import { runs } from "./loading";
import { indicesCSV, runsCSV, saveText, shownJSON } from "./saving";
import { study } from "./view";

/** Milliseconds for which it is said that the address is copied. */
const SAID = 2500;

/** What is shown, as files. */
export function TakeAway({
  figure,
  live,
}: {
  figure: RefObject<HTMLElement | null>;
  live: boolean;
}) {
  const words = say.value.app;
  const copied = useSignal(false);
  const name = fileName(study.value?.name ?? "comparison");
  if (!runs.value.value) return null;
  const picture = (save: typeof saveSVG) => () => {
    if (figure.current) void save(figure.current, name);
  };
  return (
    <fieldset class="row plain">
      <legend class="hidden">{words.takeAway}</legend>
      <button type="button" onClick={picture((element, title) => savePNG(element, title, 2))}>
        {words.png}
      </button>
      <button type="button" onClick={picture(saveSVG)}>
        {words.svg}
      </button>
      <button type="button" onClick={() => saveText(`${name}.csv`, "text/csv", runsCSV())}>
        {words.csv}
      </button>
      <button
        type="button"
        onClick={() => saveText(`${name}-indices.csv`, "text/csv", indicesCSV())}
      >
        {words.indicesCsv}
      </button>
      <button
        type="button"
        onClick={() => saveText(`${name}.json`, "application/json", shownJSON())}
      >
        {words.json}
      </button>
      {live && navigator.clipboard && (
        <button
          type="button"
          onClick={() => {
            // The address follows a change after a short rest; what is copied must be what is seen.
            rest();
            void navigator.clipboard?.writeText(location.href).then(() => {
              copied.value = true;
              window.setTimeout(() => {
                copied.value = false;
              }, SAID);
            });
          }}
        >
          {copied.value ? words.copied : words.address}
        </button>
      )}
    </fieldset>
  );
}

/** A name that every system takes. */
function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 80) || "comparison";
}
