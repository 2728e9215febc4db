/** Language and colours, which are properties of the document. */

import { useEffect } from "preact/hooks";
import { choice } from "../state/choice";
import { shade } from "./view";

export function useDress(): void {
  useEffect(dress, [choice.value.language, choice.value.theme]);
}

function dress(): () => void {
  const root = document.documentElement;
  root.lang = choice.value.language;
  const { theme } = choice.value;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const system = dark.matches ? "dark" : "light";
    root.dataset.theme = theme === "auto" ? system : theme;
    shade.value = root.dataset.theme;
  };
  follow();
  dark.addEventListener("change", follow);
  return () => dark.removeEventListener("change", follow);
}
