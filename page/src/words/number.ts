/** Numbers as they are printed, the same in both languages. */

import type { Interval } from "../pareto/compare";

const NONE = "–";
const MINUS = "−";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Below and from here on, a number is printed with a power of ten. */
const SMALL = 1e-3;
const LARGE = 1e6;

/**
 * A number with so many significant digits; whole numbers below a million are given whole.
 *
 * @returns e.g. `0.01234`, `1280`, `−1.2×10⁻⁵`, `–` for what is no number
 */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return NONE;
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return value < 0 ? `${MINUS}∞` : "∞";
  if (size === 0) return "0";
  const sign = value < 0 ? MINUS : "";
  const [mantissa = "", exponent = "0"] = size.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  // The rounded number decides: 0.00099999 is 0.001, not 1×10⁻³.
  const rounded = Number(`${mantissa}e${power}`);
  if (rounded < SMALL || rounded >= LARGE) return `${sign}${trimmed(mantissa)}×10${raised(power)}`;
  if (power >= digits - 1) return sign + Math.round(size).toString();
  return sign + trimmed(size.toFixed(digits - 1 - power));
}

/** The value with both ends of its interval, if it has one. */
export function formatInterval({ value, low, high }: Interval, digits = 4): string {
  const shown = formatNumber(value, digits);
  if (Number.isNaN(low) || Number.isNaN(high)) return shown;
  return `${shown} [${formatNumber(low, digits)}, ${formatNumber(high, digits)}]`;
}

function trimmed(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

function raised(power: number): string {
  const figures = Array.from(String(Math.abs(power)), (figure) => SUPERSCRIPTS[Number(figure)]);
  return (power < 0 ? "⁻" : "") + figures.join("");
}
