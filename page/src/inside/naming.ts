/** What units are called, in the language of the page. */

import type { NetworkDetail } from "../data/types";
import type { InsideWords } from "../words/inside";
import type { Phrase } from "./phrase";
import type { Place } from "./reading";

/** Names that the package gives to hidden units; those of others stay as they are. */
const OWN = /^(code \d+|unit \d+ of hidden layer \d+)$/;

/** Whether a layer holds codes; without a hidden layer there are none. */
export function isCode(detail: NetworkDetail, layer: number): boolean {
  const last = detail.layers.length - 1;
  return layer === detail.code_layer && layer > 0 && layer < last;
}

export function unitName(
  detail: NetworkDetail,
  { layer, unit }: Place,
  words: InsideWords,
): Phrase {
  const name = detail.layers[layer]?.units[unit] ?? "";
  if (layer === 0) return words.input([{ name }]);
  if (layer === detail.layers.length - 1) return words.output([{ name }]);
  if (name && !OWN.test(name)) return [{ name }];
  const code = layer === detail.code_layer;
  return [code ? words.code(unit + 1) : words.hiddenUnit(unit + 1, layer)];
}

/** What a layer is. */
export function layerName(detail: NetworkDetail, layer: number, words: InsideWords): string {
  if (layer === 0) return words.inputs;
  if (layer === detail.layers.length - 1) return words.outputs;
  return isCode(detail, layer) ? words.codes : words.hidden;
}

/** Neither at an end nor the codes. */
export function isHidden(detail: NetworkDetail, layer: number): boolean {
  return layer > 0 && layer < detail.layers.length - 1 && !isCode(detail, layer);
}
