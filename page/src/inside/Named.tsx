import { say } from "../words/words";
import { LONGEST, type Phrase, shortened } from "./phrase";

/** A phrase with its names marked up by themselves; the whole name is in the title. */
export function Named({ parts, length = LONGEST }: { parts: Phrase; length?: number }) {
  return (
    <>
      {parts.map((part, place) => {
        if (typeof part === "string") return part;
        const shown = shortened(part.name, length) || say.value.inside.noName;
        return (
          <bdi key={place} title={shown === part.name ? undefined : part.name}>
            {shown}
          </bdi>
        );
      })}
    </>
  );
}
