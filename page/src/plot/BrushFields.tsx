import { useId } from "preact/hooks";
import { say } from "../words/words";
import type { Region } from "./brush";

interface BrushFieldsProps {
  region: Region | null;
  /** The region of all that is shown: what an empty field stands for. */
  whole: Region;
  xLabel: string;
  yLabel: string;
  onRegion: (region: Region | null) => void;
  /** Whether a part of the picture is seen. */
  zoomed?: boolean;
  onZoom?: ((zoom: Region | null) => void) | undefined;
}

/** The region as four numbers, for those who do not draw it. */
export function BrushFields(props: BrushFieldsProps) {
  const { region, whole, xLabel, yLabel, onRegion, zoomed, onZoom } = props;
  const words = say.value.plot;
  const axes = [
    { label: xLabel, low: 0, high: 2 },
    { label: yLabel, low: 1, high: 3 },
  ];
  const set = (place: number, text: string) => {
    const made = [...(region ?? whole)] as Region;
    made[place] = text.trim() === "" ? (whole[place] as number) : numberIn(text);
    // The ends may be given in either order.
    const [x0, y0, x1, y1] = made;
    const next: Region = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
    if (next.join() !== (region ?? whole).join()) onRegion(next);
  };
  const field = (place: number, label: string, short: string) => (
    <Field
      label={label}
      short={short}
      value={region?.[place] ?? null}
      whole={whole[place] as number}
      onValue={(text) => set(place, text)}
    />
  );
  return (
    <fieldset class="brush-fields">
      <legend>{words.region}</legend>
      {axes.map(({ label, low, high }) => (
        <div class="brush-axis" key={low}>
          <span class="brush-name" title={label.slice(0, 500)} aria-hidden="true">
            <bdi>{label}</bdi>
          </span>
          {field(low, words.from(label), words.low)}
          {field(high, words.to(label), words.high)}
        </div>
      ))}
      <span class="row">
        <button type="button" disabled={!region} onClick={() => onRegion(null)}>
          {words.clear}
        </button>
        {onZoom && (
          <button
            type="button"
            disabled={!region}
            onClick={() => {
              onZoom(region);
              onRegion(null);
            }}
          >
            {words.zoom}
          </button>
        )}
        {onZoom && zoomed && (
          <button type="button" onClick={() => onZoom(null)}>
            {words.unzoom}
          </button>
        )}
      </span>
    </fieldset>
  );
}

interface FieldProps {
  label: string;
  short: string;
  value: number | null;
  whole: number;
  onValue: (text: string) => void;
}

function Field({ label, short, value, whole, onValue }: FieldProps) {
  const words = say.value.plot;
  const id = useId();
  const change = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const wrong = !Number.isFinite(numberIn(input.value));
    input.setCustomValidity(wrong ? words.notNumber : "");
    if (wrong) input.reportValidity();
    else onValue(input.value);
  };
  return (
    <span class="brush-field">
      <span aria-hidden="true">{short}</span>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autocomplete="off"
        aria-label={label.slice(0, 200)}
        value={value === null ? "" : String(Number(value.toPrecision(5)))}
        placeholder={String(Number(whole.toPrecision(3)))}
        onChange={change}
      />
    </span>
  );
}

/** A number as it is typed, also with the minus sign that the page itself writes; NaN if it is none. */
export function numberIn(text: string): number {
  return Number(text.trim().replace("−", "-"));
}
