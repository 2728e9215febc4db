/** Where the units of a diagram lie, and how they are labelled, in pixels. */

import type { NetworkDetail } from "../data/types";
import { widthOf } from "../plot/text";
import { shortened } from "./phrase";
import { isAutoencoder, type Structure } from "./reading";

/** Passes through the layers that put hidden units near what they are connected to. */
const SWEEPS = 8;

/** Between a one-hot variable and its neighbours, in rows. */
const GROUP_GAP = 0.7;

/** Room for the heads of the layers. */
export const HEAD = 42;
const PAD = 12;

export interface Label {
  shown: string;
  full: string;
  y: number;
  unit: number;
}

/** Adjacent units that stand for one variable by several levels. */
export interface Block {
  shown: string;
  full: string;
  top: number;
  bottom: number;
  units: number[];
}

export interface Side {
  labels: Label[];
  blocks: Block[];
  /** Distance of the brackets from the units. */
  room: number;
}

export interface Layout {
  width: number;
  height: number;
  /** Of every layer. */
  xs: number[];
  /** Of every layer and unit. */
  ys: number[][];
  row: number;
  text: number;
  radius: number;
  codeRadius: number;
  /** Of the inputs and of the outputs. */
  sides: [Side, Side];
}

/**
 * Place the units of a network.
 *
 * Inputs and outputs keep their order. Hidden units are sorted so that fewer connections cross, the
 * dead ones last; their numbers stay. Steps and labels grow and shrink with the room there is.
 */
export function layoutOf(detail: NetworkDetail, structure: Structure, room: number): Layout {
  const { rows, height } = rowsOf(detail, structure);
  const row = Math.min(30, Math.max(17, 640 / height));
  const text = Math.min(13, Math.max(12, 0.6 * row));
  const radius = Math.min(8, 0.3 * row);
  const steps = Math.max(1, rows.length - 1);
  const least = Math.min(58, Math.max(38, room / (2.4 * steps)));
  const free = Math.min((room - steps * least) / 2 - PAD, 0.22 * room);
  const most = Math.min(240, Math.max(64, free));
  const ys = rows.map((layer) => layer.map((at) => HEAD + (at + 0.5) * row));
  const groups = endGroups(detail);
  const sides = [0, 1].map((side) =>
    sideOf(detail, groups[side] as Group[], ys.at(-side) as number[], { side, most, text, row }),
  ) as [Side, Side];
  const [left, right] = sides.map((side) => radius + PAD + outer(side, text)) as [number, number];
  const step = Math.min(230, Math.max(least, (room - left - right) / steps));
  const width = Math.max(room, left + right + step * steps);
  const start = (width - left - right - step * steps) / 2 + left;
  return {
    width,
    height: HEAD + height * row + 8,
    xs: rows.map((_, layer) => start + layer * step),
    ys,
    row,
    text,
    radius,
    codeRadius: Math.max(radius, Math.min(10.5, 0.45 * row)),
    sides,
  };
}

interface Group {
  name: string;
  inputs: number[];
}

/** What stands for what at both ends; classes stand alone. */
function endGroups(detail: NetworkDetail): [Group[], Group[]] {
  const inputs = detail.variables;
  if (isAutoencoder(detail)) return [inputs, inputs];
  const outputs = detail.layers.at(-1)?.units ?? [];
  return [inputs, outputs.map((name, unit) => ({ name, inputs: [unit] }))];
}

function rowsOf(detail: NetworkDetail, structure: Structure) {
  const { widths } = structure;
  const ends = endGroups(detail).map(endRows);
  const height = Math.max(...widths, ...ends.map((rows) => (rows.at(-1) ?? 0) + 1));
  const rows = widths.map((width) => spread(width, height));
  for (const [side, end] of ends.entries()) {
    // Classes are few and stand apart as hidden units do.
    if (side === 1 && !isAutoencoder(detail)) continue;
    const shift = (height - 1 - (end.at(-1) ?? 0)) / 2;
    rows[side === 0 ? 0 : rows.length - 1] = end.map((at) => at + shift);
  }
  sortHidden(structure, rows);
  return { rows, height };
}

function endRows(groups: Group[]): number[] {
  const rows: number[] = [];
  let [at, before] = [0, 1];
  for (const [place, { inputs }] of groups.entries()) {
    if (place && Math.max(inputs.length, before) > 1) at += GROUP_GAP;
    for (const input of inputs) {
      rows[input] = at;
      at += 1;
    }
    before = inputs.length;
  }
  return rows;
}

/** Rows of a hidden layer: wider apart than inputs, but a smaller layer looks smaller. */
function spread(width: number, height: number): number[] {
  if (width === 1) return [(height - 1) / 2];
  const step = Math.min((height / width) ** 0.88, (height - 1) / (width - 1));
  return Array.from(
    { length: width },
    (_, unit) => (height - 1) / 2 + (unit - (width - 1) / 2) * step,
  );
}

/** Each hidden unit near the mean row of what it is connected to, from both sides in turn. */
function sortHidden(structure: Structure, rows: number[][]): void {
  const last = rows.length - 1;
  const alive = structure.connections.filter((one) => one.alive);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forwards = sweep % 2 === 0;
    const both = sweep >= SWEEPS - 2;
    for (let turn = 1; turn < last; turn += 1) {
      const layer = forwards ? turn : last - turn;
      const slots = [...(rows[layer] as number[])].sort((a, b) => a - b);
      const pull = slots.map(() => 0);
      const total = slots.map(() => 0);
      const add = (unit: number, weight: number, towards: number | undefined) => {
        pull[unit] = (pull[unit] as number) + Math.abs(weight) * (towards ?? 0);
        total[unit] = (total[unit] as number) + Math.abs(weight);
      };
      for (const one of alive) {
        if (one.layer === layer - 1 && (forwards || both))
          add(one.target, one.weight, rows[layer - 1]?.[one.source]);
        if (one.layer === layer && (!forwards || both))
          add(one.source, one.weight, rows[layer + 1]?.[one.target]);
      }
      const middle = pull.map((sum, unit) =>
        total[unit] ? sum / (total[unit] as number) : Number.MAX_VALUE,
      );
      const order = [...middle.keys()].sort(
        (a, b) => (middle[a] as number) - (middle[b] as number),
      );
      for (const [place, unit] of order.entries())
        (rows[layer] as number[])[unit] = slots[place] as number;
    }
  }
}

interface Measures {
  side: number;
  most: number;
  text: number;
  row: number;
}

function sideOf(detail: NetworkDetail, groups: Group[], ys: number[], measures: Measures): Side {
  const { side, most, text, row } = measures;
  const names = (side === 0 ? detail.layers[0] : detail.layers.at(-1))?.units ?? [];
  const blocked = groups.filter(({ inputs }) => inputs.length > 1);
  const roomOfBlocks = blocked.length ? Math.floor(0.45 * most) : 0;
  const labels = groups.flatMap(({ name, inputs }) =>
    inputs.map((unit): Label => {
      const full = names[unit] ?? "";
      const own = inputs.length > 1 && full.startsWith(`${name}=`);
      const short = own ? full.slice(name.length + 1) : full;
      const shown = narrowed(short, most - roomOfBlocks, text);
      return { shown, full, y: ys[unit] as number, unit };
    }),
  );
  const blocks = blocked.map(({ name, inputs }): Block => {
    const at = inputs.map((unit) => ys[unit] as number);
    const shown = narrowed(name, roomOfBlocks - 12, text);
    const [top, bottom] = [Math.min(...at) - 0.35 * row, Math.max(...at) + 0.35 * row];
    return { shown, full: name, top, bottom, units: inputs };
  });
  return { labels, blocks, room: Math.max(...labels.map(({ shown }) => widthOf(shown, text)), 0) };
}

function outer(side: Side, text: number): number {
  const blocks = side.blocks.map(({ shown }) => widthOf(shown, text));
  return side.room + 6 + (blocks.length ? Math.max(...blocks) + 16 : 0);
}

/** A name no wider than this, cut in its middle. */
export function narrowed(name: string, width: number, size: number): string {
  const whole = shortened(name, 120);
  if (widthOf(whole, size) <= width) return whole;
  let [low, high] = [1, Math.min(120, whole.length)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(shortened(whole, middle), size) <= width) low = middle;
    else high = middle - 1;
  }
  return shortened(whole, low);
}
