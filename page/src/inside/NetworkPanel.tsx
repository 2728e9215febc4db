import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { History, NetworkDetail } from "../data/types";
import { LineChart } from "../plot/LineChart";
import { savePNG, saveSVG } from "../plot/picture";
import { formatNumber } from "../words/number";
import { say } from "../words/words";
import { Diagram } from "./Diagram";
import { Losses } from "./Losses";
import { Named } from "./Named";
import { shortened } from "./phrase";
import { structureAt } from "./reading";
import { ThresholdSlider } from "./ThresholdSlider";
import { Words } from "./Words";

/** Milliseconds of rest after which a threshold that is being moved is handed on. */
const REST = 200;

interface NetworkPanelProps {
  detail: NetworkDetail | null;
  /** Left out where there is none to ask for. */
  history?: History | null;
  error: string | null;
  threshold: number;
  onThreshold: (threshold: number) => void;
  onClose: (() => void) | null;
  onRegister: (() => void) | null;
  runAddress: string | null;
}

/** One network, looked into. */
export function NetworkPanel({ detail, error, onClose, ...rest }: NetworkPanelProps) {
  const words = say.value.inside;
  const heading = useId();
  return (
    <article class="panel network" aria-labelledby={heading} aria-busy={!detail && !error}>
      <header class="network-head">
        <h2 id={heading}>
          {detail ? <Named parts={[{ name: detail.name }]} length={80} /> : words.structure}
        </h2>
        <div class="network-tools">
          {detail && rest.runAddress && (
            <a href={rest.runAddress} target="_blank" rel="noreferrer">
              {words.openRun}
            </a>
          )}
          {detail && rest.onRegister && (
            <button type="button" onClick={rest.onRegister}>
              {words.register}
            </button>
          )}
          {onClose && (
            <button type="button" onClick={onClose}>
              {words.close}
            </button>
          )}
        </div>
      </header>
      {error && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      {!detail && !error && <p role="status">{words.loading}</p>}
      {detail && <Inner key={detail.run_id} detail={detail} {...rest} />}
    </article>
  );
}

function Inner({
  detail,
  history,
  threshold,
  onThreshold,
}: { detail: NetworkDetail } & Pick<NetworkPanelProps, "history" | "threshold" | "onThreshold">) {
  const words = say.value.inside;
  const figure = useRef<HTMLDivElement>(null);
  const [current, move] = useMoved(threshold, onThreshold);
  const structure = useMemo(() => structureAt(detail, current), [detail, current]);
  const name = fileName(detail.name);
  const save = (how: typeof saveSVG) => () => {
    const drawing = figure.current?.querySelector(".diagram-figure");
    if (drawing) void how(drawing, name);
  };
  const at = words.atThreshold(formatNumber(current));
  return (
    <div class="network-body">
      <div class="network-main" ref={figure}>
        <ThresholdSlider detail={detail} structure={structure} onThreshold={move} />
        <Diagram
          detail={detail}
          structure={structure}
          title={`${shortened(detail.name, 80)} ${at}`}
          tools={
            <>
              <button type="button" onClick={save(savePNG)}>
                {words.png}
              </button>
              <button type="button" onClick={save(saveSVG)}>
                {words.svg}
              </button>
            </>
          }
        />
      </div>
      <div class="network-side">
        <Words detail={detail} structure={structure} />
        {detail.losses && (
          <Losses
            losses={detail.losses}
            threshold={detail.threshold}
            moved={current !== detail.threshold}
          />
        )}
        <Settings detail={detail} />
      </div>
      {history !== undefined && <Course history={history} />}
    </div>
  );
}

/** The metrics over the training, each in a chart of its own: their sizes differ. */
function Course({ history }: { history: History | null }) {
  const words = say.value.inside;
  const metrics = useMemo(
    () =>
      Object.entries(history?.metrics ?? {})
        .filter(([, { steps }]) => steps.length > 1)
        .map(([name, { steps, values }]) => ({ name, series: [{ name, steps, values }] })),
    [history],
  );
  return (
    <section class="course-of">
      <h3>{words.history}</h3>
      {metrics.length === 0 && <p class="soft">{words.noHistory}</p>}
      <div class="course-charts">
        {metrics.map(({ name, series }) => (
          <LineChart key={name} label={name} series={series} height={150} />
        ))}
      </div>
    </section>
  );
}

function Settings({ detail }: { detail: NetworkDetail }) {
  const words = say.value.inside;
  const numbers = Object.entries(detail.metrics).map(
    ([name, value]) => [name, formatNumber(value ?? Number.NaN)] as const,
  );
  const settings = [...Object.entries(detail.params), ...numbers];
  if (!settings.length) return null;
  return (
    <details class="settings">
      <summary>{words.settings}</summary>
      <dl>
        {settings.map(([name, value]) => (
          <div key={name}>
            <dt>
              <Named parts={[{ name }]} />
            </dt>
            <dd>
              <Named parts={[{ name: value }]} length={80} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** A value that follows the hand at once and is handed on when it rests, as the address holds it. */
function useMoved(value: number, onValue: (value: number) => void) {
  const [own, setOwn] = useState(value);
  const given = useRef(value);
  const timer = useRef(0);
  const hand = useRef(onValue);
  hand.current = onValue;
  if (given.current !== value) {
    given.current = value;
    if (own !== value && !timer.current) setOwn(value);
  }
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const move = (next: number, settled: boolean) => {
    setOwn(next);
    window.clearTimeout(timer.current);
    const give = () => {
      timer.current = 0;
      if (next === given.current) return;
      hand.current(next);
    };
    if (settled) give();
    else timer.current = window.setTimeout(give, REST);
  };
  return [own, move] as const;
}

/** What every system takes as the name of a file. */
function fileName(name: string): string {
  return shortened(name, 60).replace(/[^\p{L}\p{N}._+-]+/gu, "-") || "network";
}
