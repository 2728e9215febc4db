/** Every text of the page, in the language that is chosen. */

import { computed, type ReadonlySignal } from "@preact/signals";
import { choice, type Language } from "../state/choice";
import { type AppWords, app } from "./app";
import { inside } from "./inside";
import { plot } from "./plot";
import { type SourceWords, source } from "./source";

export interface Words {
  app: AppWords;
  inside: (typeof inside)["en"];
  plot: (typeof plot)["en"];
  source: SourceWords;
}

/** The whole dictionary; each part sees to it that both languages are complete. */
export const dictionary: Record<Language, Words> = {
  en: { app: app.en, inside: inside.en, plot: plot.en, source: source.en },
  ja: { app: app.ja, inside: inside.ja, plot: plot.ja, source: source.ja },
};

export const say: ReadonlySignal<Words> = computed(() => dictionary[choice.value.language]);
