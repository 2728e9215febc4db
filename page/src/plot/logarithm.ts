/** When an axis is logarithmic unless somebody says otherwise. */

/** The median in this part of the range, or less, lies among markers that cannot be told apart. */
const LOWEST = 1 / 5;

/** Over a smaller factor a logarithmic axis looks as a linear one does. */
const SEEN = 3;

/** Counts that span more than this are of different orders. */
const SPAN = 100;

/**
 * Whether the values of the markers ask for a logarithmic axis: their median lies in the lowest
 * fifth of the range, or, of counts, the largest is more than 100 times the smallest above 0.
 *
 * @param values of the markers
 * @param counts whether they are means of whole numbers, which may be 0
 */
export function crowded(values: number[], counts: boolean): boolean {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const above = sorted.filter((value) => value > 0);
  const [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  if (high < SEEN * (above[0] ?? high)) return false;
  if (above.length < 3 || low < 0 || (!counts && above.length < sorted.length)) return false;
  const middle = (sorted.length - 1) / 2;
  const median =
    ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
  if (high > low && median <= low + LOWEST * (high - low)) return true;
  return counts && high > SPAN * Math.max(1, above[0] as number);
}

/** Whether all values are whole numbers, none below 0. */
export function areCounts(values: ArrayLike<number>): boolean {
  for (let place = 0; place < values.length; place += 1) {
    const value = values[place] as number;
    if (!Number.isInteger(value) || value < 0) return false;
  }
  return values.length > 0;
}
