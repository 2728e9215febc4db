import { say } from "../words/words";
import type { Look } from "./looks";
import { outline } from "./shapes";

interface LegendProps {
  groups: string[];
  looks: Map<string, Look>;
  hidden: Set<string>;
  onToggle: (group: string) => void;
}

/** The groups with their colours and shapes; each can be switched off and on. */
export function Legend({ groups, looks, hidden, onToggle }: LegendProps) {
  const words = say.value.plot;
  return (
    <ul class="legend" aria-label={words.groups}>
      {groups.map((group) => {
        const name = groupName(group);
        return (
          <li key={group}>
            <button
              type="button"
              class="legend-entry"
              aria-pressed={!hidden.has(group)}
              title={words.toggle(name)}
              onClick={() => onToggle(group)}
            >
              <GroupSymbol look={looks.get(group)} />
              <bdi>{name}</bdi>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** The shape of a group's markers, for use in texts. */
export function GroupSymbol({ look }: { look: Look | undefined }) {
  if (!look) return null;
  return (
    <svg class="symbol" width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true">
      <path d={outline(look.shape, 5.2)} fill={look.colour} />
    </svg>
  );
}

/** How a group is called: the unregularized networks and runs of no group have no name of their own. */
export function groupName(group: string): string {
  const words = say.value.plot;
  if (group === "none") return words.unregularized;
  return group === "" ? words.ungrouped : group;
}
