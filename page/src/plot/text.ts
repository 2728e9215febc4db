/** Texts in SVG have no ellipsis of their own. */

let context: CanvasRenderingContext2D | null | undefined;

/** The width of a text in pixels, as far as it can be told. */
export function widthOf(text: string, size: number, weight = 400): number {
  if (context === undefined) {
    context = document.createElement("canvas").getContext("2d") ?? null;
  }
  if (!context) return text.length * size * 0.55;
  context.font = `${weight} ${size}px ${FONT}`;
  return context.measureText(text).width;
}

export const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Hiragino Sans", "Noto Sans CJK JP", "Noto Sans JP", Meiryo, sans-serif';

/** The text on one line and no wider than this; what is cut is told by an ellipsis. */
export function fitted(text: string, width: number, size: number, weight = 400): string {
  // More than this is never seen, and a name may have thousands of signs.
  const line = text
    .slice(0, 400)
    .replace(/\s+/g, " ")
    .replace(/\p{Cs}/gu, "")
    .trim();
  const whole = text.length <= 400;
  if (whole && widthOf(line, size, weight) <= width) return line;
  const signs = [...line];
  let [low, high] = [0, signs.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(`${signs.slice(0, middle).join("")}…`, size, weight) <= width) low = middle;
    else high = middle - 1;
  }
  return `${signs.slice(0, low).join("").trimEnd()}…`;
}
