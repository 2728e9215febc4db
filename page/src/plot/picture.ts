/** A figure as a picture by itself: no style sheet, no script, no canvas. */

import type { Look } from "./looks";
import { type Dots, isSeen, mixedOrder, painted } from "./points";
import { outline } from "./shapes";
import { FONT, fitted, widthOf } from "./text";

interface Registered {
  title: string;
  entries: { group: string; look: Look }[];
}

/** What is not in the drawing itself: its title and its groups. */
const registered = new WeakMap<Element, Registered>();

export function register(figure: Element, parts: Registered): void {
  registered.set(figure, parts);
}

const SVG = "http://www.w3.org/2000/svg";

/** The properties that a drawing has from the style sheet. */
const INLINED = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "font-size",
  "font-weight",
  "font-style",
  "text-anchor",
  "dominant-baseline",
  "paint-order",
] as const;

/** Only for the pointer and the keyboard. */
const LEFT_OUT = ".ring, .brush-layer .overlay, .brush-layer .handle, .unsaved";

const MARGIN = 16;

/**
 * The picture of the first drawing in an element.
 *
 * @param figure holds SVG, and canvases with points, which are drawn as circles.
 * @returns the text of an SVG file with the title, the legend and the ground of the page.
 */
export async function pictureOf(figure: Element): Promise<{ svg: string }> {
  const drawings = [...figure.querySelectorAll("svg:not(.symbol)")] as SVGSVGElement[];
  const first = drawings[0];
  if (!first) throw new Error("There is no drawing in this figure.");
  const holder = first.parentElement as Element;
  const layers = [...holder.children].filter(
    (child) => child instanceof SVGSVGElement || child instanceof HTMLCanvasElement,
  );
  const width = Number(first.getAttribute("width")) || first.clientWidth;
  const height = Number(first.getAttribute("height")) || first.clientHeight;
  const style = getComputedStyle(figure);
  const ink = style.getPropertyValue("--ink").trim() || style.color || "#1a1f2b";
  const ground = style.getPropertyValue("--panel").trim() || "#ffffff";
  const owner = [figure, ...figure.querySelectorAll(".pareto")].find((one) => registered.has(one));
  const known = owner && registered.get(owner);
  const svg = element("svg", { xmlns: SVG, "font-family": FONT, "font-size": 12, fill: ink });

  const head = element("g", {});
  let top = MARGIN;
  const title = printable(
    known?.title || figure.querySelector("figcaption")?.textContent?.trim() || "",
  );
  if (title) {
    const text = element("text", { x: MARGIN, y: top + 14, "font-size": 15, "font-weight": 600 });
    text.textContent = fitted(title, width, 15);
    head.append(text);
    svg.append(nameOf(title));
    top += 28;
  }
  const legend = legendOf(known?.entries ?? [], width, top);
  head.append(legend.drawn);
  top = legend.bottom;

  const body = element("g", { transform: `translate(${MARGIN},${top})` });
  for (const layer of layers) {
    body.append(
      layer instanceof HTMLCanvasElement ? pointsOf(layer) : plainCopy(layer as SVGSVGElement),
    );
  }
  const full = { width: width + 2 * MARGIN, height: top + height + MARGIN };
  for (const [name, value] of Object.entries(full)) svg.setAttribute(name, String(value));
  svg.setAttribute("viewBox", `0 0 ${full.width} ${full.height}`);
  svg.append(element("rect", { ...full, fill: ground }), head, body);
  return { svg: new XMLSerializer().serializeToString(svg) };
}

/** Save the picture as an SVG file. */
export async function saveSVG(figure: Element, name: string): Promise<void> {
  const { svg } = await pictureOf(figure);
  offer(new Blob([svg], { type: "image/svg+xml" }), `${name}.svg`);
}

/** Save the picture as pixels, `scale` to a CSS pixel. */
export async function savePNG(figure: Element, name: string, scale = 2): Promise<void> {
  offer(await pngOf(figure, scale), `${name}.png`);
}

export async function pngOf(figure: Element, scale: number): Promise<Blob> {
  const { svg } = await pictureOf(figure);
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("No picture.")))),
    );
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** A copy that looks the same without the style sheet. */
function plainCopy(drawing: SVGSVGElement): SVGGElement {
  const copy = element("g", {});
  for (const child of drawing.children) {
    const made = plain(child);
    if (made) copy.append(made);
  }
  return copy;
}

function plain(original: Element): Element | null {
  const style = getComputedStyle(original);
  const unseen = style.display === "none" || style.visibility === "hidden";
  if (original.matches(LEFT_OUT) || (unseen && original.localName !== "title")) return null;
  const made = original.cloneNode(false) as Element;
  for (const name of ["class", "style", "cursor", "pointer-events", "tabindex", "role"]) {
    made.removeAttribute(name);
  }
  if (original.localName !== "title") {
    for (const name of INLINED) {
      const value = style.getPropertyValue(name);
      if (value) made.setAttribute(name, value);
    }
  }
  for (const child of original.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(printable(child.textContent ?? ""));
    else if (child instanceof Element) {
      const inner = plain(child);
      if (inner) made.append(inner);
    }
  }
  return made;
}

/** The points of a canvas as circles; those within its clip alone, if it has one. */
function pointsOf(canvas: HTMLCanvasElement): SVGGElement {
  const holder = element("g", {});
  const found = painted.get(canvas);
  const style = getComputedStyle(canvas);
  if (!found || style.display === "none" || style.visibility === "hidden") return holder;
  const { dots, opacity } = found;
  holder.setAttribute("fill-opacity", String(opacity));
  holder.setAttribute("opacity", style.opacity || "1");
  const box = clipOf(canvas);
  const radius = String(round(dots.radius));
  for (const place of mixedOrder(dots.x.length)) {
    const group = dots.group[place] as number;
    if (!dots.shown[group] || !isSeen(dots, place) || !within(dots, place, box)) continue;
    holder.append(
      element("circle", {
        cx: round(dots.x[place] as number),
        cy: round(dots.y[place] as number),
        r: radius,
        fill: dots.colours[group] ?? "",
      }),
    );
  }
  return holder;
}

function clipOf(canvas: HTMLCanvasElement): [number, number, number, number] | null {
  const insets = /inset\(([^)]*)\)/.exec(canvas.style.clipPath)?.[1]?.split(/\s+/);
  if (!insets) return null;
  const [top, right, bottom, left] = [0, 1, 2, 3].map((side) =>
    // A browser shortens equal sides as in other properties.
    Number.parseFloat(insets[side] ?? insets[side - 2] ?? insets[0] ?? "0"),
  ) as [number, number, number, number];
  const width = Number.parseFloat(canvas.style.width);
  const height = Number.parseFloat(canvas.style.height);
  return [left, top, width - right, height - bottom];
}

function within(dots: Dots, place: number, box: [number, number, number, number] | null): boolean {
  if (!box) return true;
  const [x, y] = [dots.x[place] as number, dots.y[place] as number];
  return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

function legendOf(entries: Registered["entries"], width: number, top: number) {
  const drawn = element("g", {});
  let [x, y] = [MARGIN, top];
  for (const { group, look } of entries) {
    const name = fitted(printable(group), Math.min(220, width - 40), 12);
    const needed = 34 + widthOf(name, 12);
    if (x > MARGIN && x + needed > width + MARGIN) [x, y] = [MARGIN, y + 20];
    const text = element("text", { x: x + 17, y: y + 12 });
    text.textContent = name;
    drawn.append(
      element("path", {
        transform: `translate(${x + 7},${y + 8})`,
        d: outline(look.shape, 5.2),
        fill: look.colour,
      }),
      text,
    );
    x += needed;
  }
  return { drawn, bottom: entries.length ? y + 28 : top };
}

function nameOf(title: string): SVGElement {
  const made = element("title", {});
  made.textContent = title;
  return made;
}

/** XML has no place for control signs and halves of surrogates. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, " ").slice(0, 2000);
}

function element<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== "xmlns") made.setAttribute(key, String(value));
  }
  return made;
}

function offer(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser needs the address until it has begun to save.
  window.setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
