import { change, choice } from "../state/choice";
import { say } from "../words/words";
import { Select } from "./ColumnsForm";

/** Language, light or dark, and where groups are drawn their colours. */
export function ViewForm({ palettes = true }: { palettes?: boolean }) {
  const words = say.value.app;
  const { language, theme, palette } = choice.value;
  return (
    <fieldset class="view">
      <legend class="hidden">{words.view}</legend>
      <Select
        label={words.language}
        value={language}
        options={["en", "ja"]}
        names={{ en: "English", ja: "日本語" }}
        onChange={(value) => change({ language: value as typeof language }, "replace")}
      />
      <Select
        label={words.theme}
        value={theme}
        options={["auto", "light", "dark"]}
        names={{ auto: words.auto, light: words.light, dark: words.dark }}
        onChange={(value) => change({ theme: value as typeof theme }, "replace")}
      />
      {palettes && (
        <Select
          label={words.palette}
          value={palette}
          options={["published", "safe"]}
          names={{ published: words.published, safe: words.safe }}
          onChange={(value) => change({ palette: value as typeof palette }, "replace")}
        />
      )}
    </fieldset>
  );
}
