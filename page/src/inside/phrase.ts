/** Texts in which the names of the user's data stay apart from our own words. */

/** A name is marked up by itself: it may be of another script, hostile or very long. */
export type Phrase = (string | { name: string })[];

/** Characters of a name within a sentence. */
export const LONGEST = 40;

/** A phrase from a template; names and phrases are put in as they are. */
export function phrase(
  texts: TemplateStringsArray,
  ...parts: (Phrase | string | number)[]
): Phrase {
  return texts.flatMap((text, place): Phrase => {
    const part = place < parts.length ? (parts[place] as Phrase | string | number) : "";
    return [text, ...(Array.isArray(part) ? part : [String(part)])].filter((one) => one !== "");
  });
}

/** Phrases with something between them, e.g. `a, b and c`. */
export function joined(phrases: Phrase[], between: string, last = between): Phrase {
  return phrases.flatMap((one, place) => {
    if (place === 0) return one;
    return [place === phrases.length - 1 ? last : between, ...one];
  });
}

/** As plain text, the names cut. */
export function plain(parts: Phrase, none = ""): string {
  return parts
    .map((part) => (typeof part === "string" ? part : shortened(part.name, LONGEST) || none))
    .join("");
}

/**
 * A name on one line, without control characters and cut in its middle where it is too long: names
 * of one study tend to share their beginning and differ in their end.
 */
export function shortened(name: string, length: number): string {
  const line = name
    .trim()
    .split(/\s+/u)
    .join(" ")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "");
  if (line.length <= length) return line;
  const signs = Array.from(line);
  if (signs.length <= length) return line;
  const tail = Math.max(0, Math.floor((length - 1) / 3));
  const head = signs.slice(0, Math.max(0, length - 1 - tail)).join("");
  return `${head}…${signs.slice(signs.length - tail).join("")}`;
}
