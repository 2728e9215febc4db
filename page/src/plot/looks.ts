/** One colour and one shape a group, the same in every figure; as published where it was. */

export const SHAPES = [
  "circle",
  "square",
  "triangle",
  "diamond",
  "triangle-down",
  "pentagon",
  "x",
  "cross",
  "hexagon",
  "triangle-left",
  "triangle-right",
  "star",
] as const;

export type Shape = (typeof SHAPES)[number];

export interface Look {
  colour: string;
  shape: Shape;
}

export type Palette = "published" | "safe";

/** What a figure can lie on: --panel and --ground of theme.css, light and dark. */
export const GROUNDS = {
  light: ["#ffffff", "#f7f8fa"],
  dark: ["#1a1e27", "#12151b"],
} as const;

/** Graphics must stand out from their ground by this much (WCAG 2.2, 1.4.11). */
export const CONTRAST = 3;

const KNOWN_SHAPES = new Map<string, Shape>([
  ["L1", "circle"],
  ["sL1", "square"],
  ["sL1+sh", "triangle"],
  ["sL1+sh2", "diamond"],
  ["sL1+KL", "triangle-down"],
  ["sL1+decs", "pentagon"],
  ["none", "x"],
]);

// L1 blue, sL1 orange, sh pink and sh2 green are the publication's colours.
const KNOWN_COLOURS: Record<Palette, Map<string, string>> = {
  published: new Map([
    ["L1", "#2f6fd0"],
    ["sL1", "#f08a1d"],
    ["sL1+sh", "#ec5fa8"],
    ["sL1+sh2", "#2c9c4b"],
    ["sL1+KL", "#7d4fc0"],
    ["sL1+decs", "#8a5a3c"],
    ["none", "#8b8f98"],
  ]),
  safe: new Map([
    ["L1", "#0072b2"],
    ["sL1", "#e69f00"],
    ["sL1+sh", "#cc79a7"],
    ["sL1+sh2", "#009e73"],
    ["sL1+KL", "#56b4e9"],
    ["sL1+decs", "#d55e00"],
    ["none", "#8b8f98"],
  ]),
};

const TURNS: Record<Palette, readonly string[]> = {
  published: [
    "#0f9ba8",
    "#b3313f",
    "#a39a16",
    "#4a5a8c",
    "#d8693b",
    "#5f8f2f",
    "#a44fa0",
    "#5b6b73",
  ],
  // Okabe and Ito, without black, which is the ink's; yellow last, as it darkens most on white.
  safe: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442"],
};

const TURN_SHAPES: readonly Shape[] = [
  "cross",
  "hexagon",
  "triangle-left",
  "triangle-right",
  "star",
];

// Where no group is known there is no reason to begin with rare shapes.
const PLAIN_SHAPES: readonly Shape[] = SHAPES.filter((shape) => shape !== "x");

/**
 * The look of every group; those of other names take turns in the palette.
 *
 * Colours that would stand out too little from the ground are mixed with black (on white) or with
 * white (on dark) by the least amount that does.
 */
export function looksOf(groups: string[], palette: Palette, dark: boolean): Map<string, Look> {
  const known = KNOWN_COLOURS[palette];
  const anyKnown = groups.some((group) => known.has(group) && group !== "none");
  const shapes = anyKnown ? TURN_SHAPES : PLAIN_SHAPES;
  const looks = new Map<string, Look>();
  let turn = 0;
  for (const group of groups) {
    let colour = known.get(group);
    let shape = KNOWN_SHAPES.get(group);
    if (!colour || !shape) {
      colour = TURNS[palette][turn % TURNS[palette].length] as string;
      shape = shapes[turn % shapes.length] as Shape;
      turn += 1;
    }
    looks.set(group, { colour: readable(colour, dark), shape });
  }
  return looks;
}

/** The colour nearest to this one that can be told from the grounds of the theme. */
export function readable(colour: string, dark: boolean): string {
  const grounds = GROUNDS[dark ? "dark" : "light"];
  const far = dark ? "#ffffff" : "#000000";
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = mix(colour, far, share);
    if (grounds.every((ground) => contrast(mixed, ground) >= CONTRAST)) return mixed;
  }
  return far;
}

/** The contrast ratio of WCAG, from 1 to 21. */
export function contrast(first: string, second: string): number {
  const [low, high] = [luminance(first), luminance(second)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function mix(colour: string, other: string, share: number): string {
  const to = channels(other);
  const mixed = channels(colour).map((value, place) =>
    Math.round(value + ((to[place] as number) - value) * share),
  );
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
