/** Language and colours, which are properties of the document. */

import { useEffect } from "preact/hooks";
import { choice, framed } from "../state/choice";
import { shade } from "./view";

export function useDress(): void {
  useEffect(dress, [choice.value.language, choice.value.theme]);
}

function dress(): () => void {
  const root = document.documentElement;
  root.lang = choice.value.language;
  const { theme } = choice.value;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // A frame is dressed as the document around it, where that says how.
  const around = framed ? window.parent.document.documentElement.dataset.theme : undefined;
  const follow = () => {
    const system = around ?? (dark.matches ? "dark" : "light");
    root.dataset.theme = theme === "auto" ? system : theme;
    shade.value = root.dataset.theme;
  };
  follow();
  dark.addEventListener("change", follow);
  return () => dark.removeEventListener("change", follow);
}
