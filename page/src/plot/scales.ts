import { scaleLinear, scaleLog } from "d3-scale";
import { formatNumber } from "../words/number";

/** The size of a plot and the room around what is drawn, in CSS pixels. */
export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** From data to pixels and back. */
export interface Scale {
  (value: number): number;
  invert(pixel: number): number;
  domain: [number, number];
  log: boolean;
}

export interface Ticks {
  labelled: { value: number; text: string }[];
  /** Lines between them that carry no text. */
  minor: number[];
}

/** The range of an axis: that of the values with some room, so that no point lies on the edge. */
export function domainOf(
  values: ArrayLike<number>,
  extra: number[],
  log: boolean,
  room = 0.05,
): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const take = (value: number) => {
    if (!Number.isFinite(value) || (log && value <= 0)) return;
    if (value < low) low = value;
    if (value > high) high = value;
  };
  for (let place = 0; place < values.length; place += 1) take(values[place] as number);
  extra.forEach(take);
  if (low > high) return log ? [1, 10] : [0, 1];
  if (log) {
    const factor = low === high ? 1.5 : (high / low) ** room;
    return [low / factor, high * factor];
  }
  const wide = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * room;
  return [low - wide, high + wide];
}

/** A value that a logarithmic axis has no place for lies at its lower end. */
export function scaleOf(domain: [number, number], range: [number, number], log: boolean): Scale {
  const inner = (log ? scaleLog() : scaleLinear()).domain(domain).range(range);
  const scale = (value: number) => inner(log && value <= 0 ? domain[0] : value) as number;
  return Object.assign(scale, { invert: (pixel: number) => inner.invert(pixel), domain, log });
}

/**
 * Where an axis has its texts.
 *
 * A logarithmic axis is labelled at 1, 2, 5 where there is room, else at the decades or at some of
 * them; where it spans less than a decade, evenly.
 *
 * @param spacing the least distance of two texts in pixels.
 */
export function ticksOf(
  domain: [number, number],
  log: boolean,
  pixels: number,
  spacing: number,
): Ticks {
  const even = () =>
    evenTicks(domain, scaleOf(domain, [0, pixels], log), pixels / spacing, spacing);
  if (!log) return even();
  const decades = Math.log10(domain[1] / domain[0]);
  const room = pixels / decades;
  const steps = room * 0.3 >= spacing ? [1, 2, 5] : room * 0.47 >= spacing ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(spacing / room));
  const [first, last] = domain.map((end) => Math.floor(Math.log10(end))) as [number, number];
  const values: number[] = [];
  const minor: number[] = [];
  for (let power = first; power <= last; power += 1) {
    for (let step = 1; step <= 9; step += 1) {
      // Parsing gives 0.003 where multiplying gives 0.0030000000000000001.
      const value = Number(`${step}e${power}`);
      if (value < domain[0] || value > domain[1]) continue;
      if (power % every === 0 && steps.includes(step)) values.push(value);
      else if (room >= 60 && every === 1) minor.push(value);
    }
  }
  if (values.length < 3 && decades < 1.5) return even();
  const texts = logTexts(values);
  return {
    labelled: values.map((value, place) => ({ value, text: texts[place] as string })),
    minor,
  };
}

function evenTicks(domain: [number, number], scale: Scale, most: number, spacing: number): Ticks {
  let count = Math.max(2, Math.floor(most));
  let values = scaleLinear().domain(domain).ticks(count);
  // d3 takes the number as a hint and may give half as many again.
  const crowded = () =>
    values.some((value, i) => i > 0 && scale(value) - scale(values[i - 1] as number) < spacing);
  while (count > 2 && crowded()) {
    count -= 1;
    values = scaleLinear().domain(domain).ticks(count);
  }
  const texts = evenTexts(values);
  return {
    labelled: values.map((value, place) => ({ value, text: texts[place] as string })),
    minor: [],
  };
}

/** Texts of evenly spaced values: as many decimals as the step needs, one power of ten for all. */
export function evenTexts(values: number[]): string[] {
  const largest = Math.max(...values.map(Math.abs));
  if (!(largest > 0)) return values.map(String);
  const step =
    values.length > 1 ? Math.abs((values[1] as number) - (values[0] as number)) : largest;
  const power = Math.floor(Math.log10(largest) + 1e-9);
  const stepPower = Math.floor(Math.log10(step) + 1e-9);
  if (largest >= 1e6 || largest < 2e-3) {
    const digits = Math.max(0, power - stepPower);
    return values.map((value) =>
      value === 0 ? "0" : `${minus((value / 10 ** power).toFixed(digits))}×10${raised(power)}`,
    );
  }
  const decimals = Math.max(0, -stepPower);
  return values.map((value) =>
    minus(
      value.toLocaleString("en-US", {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      }),
    ),
  );
}

function logTexts(values: number[]): string[] {
  const plain = values.every((value) => value >= 1e-4 && value < 1e6);
  return values.map((value) => {
    if (plain) return value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
    const power = Math.floor(Math.log10(value) + 1e-9);
    const first = Math.round(value / 10 ** power);
    return `${first === 1 ? "" : `${first}×`}10${raised(power)}`;
  });
}

function raised(power: number): string {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return [...String(power)].map((sign) => (sign === "-" ? "⁻" : digits[Number(sign)])).join("");
}

/** A single value, written as the texts of its axis are: both with powers of ten or neither. */
export function valueText(value: number, ticks: Ticks): string {
  const powers = ticks.labelled.some(
    ({ text }) => text.includes("10") && /[⁰¹²³⁴⁵⁶⁷⁸⁹]/.test(text),
  );
  const size = Math.abs(value);
  if (powers || size >= 1e7 || size < 1e-6) return formatNumber(value, 3);
  return minus(value.toLocaleString("en-US", { maximumSignificantDigits: size >= 100 ? 4 : 3 }));
}

function minus(text: string): string {
  return text.replace("-", "−");
}
