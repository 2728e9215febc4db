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
}

/** The region as four numbers, for those who do not draw it. */
export function BrushFields({ region, whole, xLabel, yLabel, onRegion }: BrushFieldsProps) {
  const words = say.value.plot;
  const fields = [
    { place: 0, label: words.from(xLabel) },
    { place: 2, label: words.to(xLabel) },
    { place: 1, label: words.from(yLabel) },
    { place: 3, label: words.to(yLabel) },
  ];
  const set = (place: number, text: string) => {
    const made = [...(region ?? whole)] as Region;
    made[place] = text.trim() === "" ? (whole[place] as number) : Number(text);
    // The ends may be given in either order.
    const [x0, y0, x1, y1] = made;
    const next: Region = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
    if (next.join() !== (region ?? whole).join()) onRegion(next);
  };
  return (
    <fieldset class="brush-fields">
      <legend>{words.region}</legend>
      {fields.map(({ place, label }) => (
        <Field
          key={place}
          label={label}
          value={region?.[place] ?? null}
          onValue={(text) => set(place, text)}
        />
      ))}
      <button type="button" disabled={!region} onClick={() => onRegion(null)}>
        {words.clear}
      </button>
    </fieldset>
  );
}

interface FieldProps {
  label: string;
  value: number | null;
  onValue: (text: string) => void;
}

function Field({ label, value, onValue }: FieldProps) {
  const words = say.value.plot;
  const id = useId();
  const change = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const wrong = !Number.isFinite(Number(input.value));
    input.setCustomValidity(wrong ? words.notNumber : "");
    if (wrong) input.reportValidity();
    else onValue(input.value);
  };
  return (
    <div class="brush-field">
      <label for={id} title={label}>
        <bdi>{label}</bdi>
      </label>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autocomplete="off"
        value={value === null ? "" : String(Number(value.toPrecision(5)))}
        onChange={change}
      />
    </div>
  );
}
