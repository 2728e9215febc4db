/**
 * Percentile bootstrap over the replicates, as in sparse_lightning/comparison/bootstrap.py. One
 * resample serves all groups, because runs of one seed share their data order and first weights.
 */

/** Draws of replicates, counted: which ones and how often, not in which order. */
export interface Resampling {
  /** How many replicates there are. */
  replicates: number;
  /** How many numbers a row of `counts` has: one a replicate, and a 1 for runs without one. */
  width: number;
  /** The draws that differ, one row each. */
  counts: Uint16Array;
  different: number;
  /** The row of each resample. */
  rows: Int32Array;
}

/** Few replicates have few different draws: of 5 there are 126, however many resamples. */
const FEW = 10;

/** Every replicate once: what is measured, not resampled. */
export function everyOnce(replicates: number): Resampling {
  const width = replicates + 1;
  const rows = new Int32Array(1);
  return { replicates, width, counts: new Uint16Array(width).fill(1), different: 1, rows };
}

const known = new WeakMap<number[][], Resampling>();

/** The draws that the server made, places among the replicates; null where they do not fit. */
export function givenDraws(draws: number[][], replicates: number): Resampling | null {
  let made = known.get(draws);
  if (made?.replicates === replicates) return made;
  const fits = draws.every(
    (draw) => draw.length === replicates && draw.every((place) => place >= 0 && place < replicates),
  );
  if (!fits || draws.length === 0) return null;
  made = counted(replicates, draws.length, (sample, place) => draws[sample]?.[place] as number);
  known.set(draws, made);
  return made;
}

const own = new Map<string, Resampling>();
const MOST_KEPT = 4;

/** Draws made here, the same for the same arguments. */
export function ownDraws(replicates: number, resamples: number): Resampling {
  const key = `${replicates} ${resamples}`;
  const kept = own.get(key);
  if (kept) return kept;
  const random = generator(18114870);
  const made = counted(replicates, resamples, () => Math.floor(random() * replicates));
  if (own.size >= MOST_KEPT) own.delete(own.keys().next().value as string);
  own.set(key, made);
  return made;
}

function counted(
  replicates: number,
  resamples: number,
  draw: (sample: number, place: number) => number,
): Resampling {
  const width = replicates + 1;
  const counts = new Uint16Array(resamples * width);
  const rows = new Int32Array(resamples);
  const places = new Map<string, number>();
  let different = 0;
  for (let sample = 0; sample < resamples; sample += 1) {
    const row = counts.subarray(different * width, (different + 1) * width).fill(0);
    for (let place = 0; place < replicates; place += 1) {
      const drawn = draw(sample, place);
      row[drawn] = (row[drawn] as number) + 1;
    }
    row[replicates] = 1;
    const key = replicates <= FEW ? row.join(" ") : String(sample);
    const place = places.get(key);
    if (place === undefined) {
      places.set(key, different);
      rows[sample] = different;
      different += 1;
    } else {
      rows[sample] = place;
    }
  }
  return { replicates, width, counts, different, rows };
}

/** Mulberry32: numbers in [0, 1) that are the same in every browser. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * The central interval that holds `confidence` of the resamples: numpy's linear quantiles.
 *
 * @param values one a different draw, NaN for a draw that has none
 * @returns both ends; NaN and NaN where no resample has a value
 */
export function percentileInterval(
  values: Float64Array,
  rows: Int32Array,
  confidence: number,
): [number, number] {
  const samples = new Float64Array(rows.length);
  let count = 0;
  for (let sample = 0; sample < rows.length; sample += 1) {
    const value = values[rows[sample] as number] as number;
    if (!Number.isNaN(value)) {
      samples[count] = value;
      count += 1;
    }
  }
  const valid = samples.subarray(0, count).sort();
  return [quantile(valid, (1 - confidence) / 2), quantile(valid, (1 + confidence) / 2)];
}

function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}
