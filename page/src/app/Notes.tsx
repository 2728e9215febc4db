import { say } from "../words/words";
import { runs } from "./loading";
import { networks, points, studies, whole } from "./view";

/** What is left out, and what stands for something else. */
export function Notes() {
  const words = say.value.app;
  const all = points.value;
  const shown = whole.value;
  const left = runs.value.value?.runs.left_out;
  const told = ({ group, failed, total }: { group: string; failed: number; total: number }) =>
    failed === total
      ? words.noneLeft(group || words.runs, total)
      : words.ofGroup(group || words.runs, failed, total);
  const notes = [
    all?.failed ? words.failed(all.failed, all.lost.map(told).join(", ")) : "",
    left?.failed ? words.endedBadly(left.failed) : "",
    left?.running ? words.stillRunning(left.running) : "",
    left?.without_metric ? words.withoutMetric(left.without_metric) : "",
    all?.missing ? words.missing(all.missing) : "",
    studies.value.length > 1 && shown ? words.manyStudies(studies.value.length) : "",
    shown && !shown.floorKnown && networks.value ? words.floorUnknown : "",
    shown && !shown.cornerKnown && networks.value ? words.cornerUnknown : "",
    shown && !shown.cornerKnown && !networks.value ? words.measuredOfRuns : "",
  ].filter(Boolean);
  return notes.length ? (
    <ul class="notes">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  ) : null;
}
