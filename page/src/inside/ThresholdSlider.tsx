import { useId, useMemo, useState } from "preact/hooks";
import type { NetworkDetail } from "../data/types";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { liveConnections, meanLoadings, type Structure, sweepAt } from "./reading";
import { ladderOf, PLACES, placeOf, thresholdAt } from "./thresholds";

interface ThresholdSliderProps {
  detail: NetworkDetail;
  /** At the threshold. */
  structure: Structure;
  onThreshold: (threshold: number, settled: boolean) => void;
}

/** The threshold on a logarithmic scale, and what it makes of the network. */
export function ThresholdSlider({ detail, structure, onThreshold }: ThresholdSliderProps) {
  const words = say.value.inside;
  const [slider, exact] = [useId(), useId()];
  const ladder = useMemo(() => ladderOf(detail), [detail]);
  const [typed, setTyped] = useState<string | null>(null);
  const { threshold } = structure;
  const units = structure.alive.flat();
  const dead = units.filter((alive) => !alive).length;
  const counted =
    detail.task === "pca"
      ? words.loadings(formatNumber(meanLoadings(structure), 3), structure.widths[0] ?? 0)
      : words.counted(liveConnections(structure), detail.connections_total);
  const place = ladder ? placeOf(ladder, threshold) : 0;
  const type = (text: string) => {
    setTyped(text);
    const value = Number(text);
    if (text.trim() && Number.isFinite(value) && value >= 0) onThreshold(value, false);
  };
  return (
    <section class="threshold" aria-labelledby={slider}>
      <div class="threshold-head">
        <h3 id={slider}>{words.threshold}</h3>
        <label class="hidden" for={exact}>
          {words.thresholdExact}
        </label>
        <input
          id={exact}
          class="threshold-exact"
          type="number"
          min="0"
          step="any"
          value={typed ?? String(threshold)}
          onInput={(event) => type(event.currentTarget.value)}
          onBlur={() => {
            setTyped(null);
            onThreshold(threshold, true);
          }}
        />
        <button
          type="button"
          disabled={threshold === detail.threshold}
          onClick={() => onThreshold(detail.threshold, true)}
        >
          {words.trained(formatNumber(detail.threshold))}
        </button>
      </div>
      {ladder && (
        <div class="threshold-track">
          <SweepLine detail={detail} threshold={threshold} place={(t) => placeOf(ladder, t)} />
          <input
            type="range"
            min="0"
            max={PLACES}
            step="1"
            value={Math.round(place)}
            aria-labelledby={slider}
            aria-valuetext={`${formatNumber(threshold)}: ${counted}`}
            onInput={(event) =>
              onThreshold(thresholdAt(ladder, Number(event.currentTarget.value)), false)
            }
            onChange={(event) =>
              onThreshold(thresholdAt(ladder, Number(event.currentTarget.value)), true)
            }
          />
          <div class="threshold-ends soft" aria-hidden="true">
            <span>0</span>
            <span>{formatNumber(ladder.largest, 3)}</span>
          </div>
        </div>
      )}
      <p class="threshold-facts" aria-live="polite">
        <strong>{counted}</strong>
        <span>{words.deadCount(dead, units.length)}</span>
        <Tracked detail={detail} threshold={threshold} />
      </p>
      <p class="soft small">{words.thresholdHint}</p>
    </section>
  );
}

/** The error that was tracked at the nearest threshold at or below, and which that is. */
function Tracked({ detail, threshold }: { detail: NetworkDetail; threshold: number }) {
  const words = say.value.inside;
  if (!detail.sweep) return <span class="soft">{words.noSweep}</span>;
  const tracked = sweepAt(detail, threshold);
  if (!tracked || (tracked.squared_error === null && tracked.accuracy === null))
    return <span class="soft">{words.untracked}</span>;
  const error = formatNumber(tracked.squared_error ?? Number.NaN);
  return (
    <>
      <span>{words.errorAt(error, formatNumber(tracked.threshold))}</span>
      {tracked.accuracy !== null && <span>{words.accuracyAt(formatNumber(tracked.accuracy))}</span>}
    </>
  );
}

const HEIGHT = 34;

/** The tracked errors above the slider, each where its threshold is; steps, as none is between. */
function SweepLine({
  detail,
  threshold,
  place,
}: {
  detail: NetworkDetail;
  threshold: number;
  place: (threshold: number) => number;
}) {
  const sweep = detail.sweep;
  if (!sweep) return null;
  const points = sweep.thresholds.flatMap((at, index) => {
    const error = sweep.squared_error[index];
    return error === null || error === undefined ? [] : [{ at, error }];
  });
  points.sort((a, b) => a.at - b.at);
  if (points.length < 2) return null;
  const most = Math.max(...points.map(({ error }) => error));
  const least = Math.min(...points.map(({ error }) => error));
  const y = (error: number) => HEIGHT - 4 - ((HEIGHT - 8) * (error - least)) / (most - least || 1);
  const path = points.map(({ at, error }, index) => {
    const x = place(at);
    return index === 0 ? `M${x} ${y(error)}` : `H${x}V${y(error)}`;
  });
  const now = sweepAt(detail, threshold);
  return (
    <svg
      class="sweep-line"
      viewBox={`0 0 ${PLACES} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={`${path.join("")}H${PLACES}`} />
      <line class="now" x1={place(threshold)} x2={place(threshold)} y1="0" y2={HEIGHT} />
      {now && (
        <line
          class="tracked"
          x1={place(now.threshold)}
          x2={place(now.threshold)}
          y1="0"
          y2={HEIGHT}
        />
      )}
    </svg>
  );
}
