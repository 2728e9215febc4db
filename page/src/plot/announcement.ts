import { say } from "../words/words";
import { groupName } from "./Legend";
import type { Curve, Hit } from "./markers";
import { intervalText } from "./Tooltip";

/** What is pointed at, in words, for those who do not see it; nothing for single points. */
export function announcement(
  hit: Hit | null,
  curves: Curve[],
  xLabel: string,
  yLabel: string,
): string {
  if (hit?.kind !== "marker") return "";
  const curve = curves[hit.curve];
  const drawn = curve?.markers[hit.marker];
  if (!curve || !drawn) return "";
  const words = say.value.plot;
  const { marker } = drawn;
  // A screen reader would read thousands of signs to the end.
  const group = groupName(curve.group).slice(0, 80);
  if (hit.run >= 0) return words.run(group, hit.run + 1, marker.points.length);
  return [
    words.marker(group, hit.marker + 1, curve.markers.length),
    marker.label.slice(0, 80),
    `${xLabel.slice(0, 80)} ${intervalText(marker.x)}`,
    `${yLabel.slice(0, 80)} ${intervalText(marker.y)}`,
    words.meanOf(marker.points.length),
    drawn.front ? words.onFront : words.dominated,
  ]
    .filter(Boolean)
    .join("; ");
}
