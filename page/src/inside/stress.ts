/** What is stressed in the diagram, and how its units are told. */

import type { NetworkDetail } from "../data/types";
import type { InsideWords } from "../words/inside";
import type { Hit } from "./hit";
import { unitName } from "./naming";
import { plain } from "./phrase";
import { type Connection, type Place, pathsThrough, type Structure } from "./reading";

function stateOf(structure: Structure, { layer, unit }: Place) {
  if (!structure.used[layer]?.[unit]) return "dead";
  return structure.fed[layer]?.[unit] ? "alive" : "constant";
}

/** What a reader without the picture hears of each unit. */
export function labelsOf(
  detail: NetworkDetail,
  structure: Structure,
  words: InsideWords,
): string[][] {
  const counts = structure.widths.map((width) =>
    Array.from({ length: width }, () => ({ incoming: 0, outgoing: 0 })),
  );
  for (const { layer, source, target } of structure.connections) {
    const [from, to] = [counts[layer]?.[source], counts[layer + 1]?.[target]];
    if (from) from.outgoing += 1;
    if (to) to.incoming += 1;
  }
  return counts.map((units, layer) =>
    units.map(({ incoming, outgoing }, unit) => {
      const state = stateOf(structure, { layer, unit });
      const parts = [
        plain(unitName(detail, { layer, unit }, words), words.noName),
        layer > 0 && words.incoming(incoming),
        layer < counts.length - 1 && words.outgoing(outgoing),
        state === "dead" && words.isDead,
        state === "constant" && words.isConstant,
      ];
      return parts.filter(Boolean).join(", ");
    }),
  );
}

/** The same thing at the present threshold; a connection may no longer count. */
export function current(hit: Hit, structure: Structure): Hit {
  if (!hit || "unit" in hit) return hit;
  const { layer, source, target } = hit.connection;
  const connection = structure.connections.find(
    (one) => one.layer === layer && one.source === source && one.target === target,
  );
  return connection ? { connection } : null;
}

export function stressedBy(hit: Hit, structure: Structure) {
  if (!hit) return null;
  const connections =
    "unit" in hit ? pathsThrough(structure, hit.unit) : new Set<Connection>([hit.connection]);
  const units = new Set("unit" in hit ? [key(hit.unit.layer, hit.unit.unit)] : []);
  for (const { layer, source, target } of connections) {
    units.add(key(layer, source));
    units.add(key(layer + 1, target));
  }
  return { connections, units };
}

export function key(layer: number, unit: number): string {
  return `${layer}-${unit}`;
}

export function same(a: Place, b: Place): boolean {
  return a.layer === b.layer && a.unit === b.unit;
}
