/** One network in a file of its own. */

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Alone } from "../src/app/Alone";
import type { NetworkDetail } from "../src/data/types";
import { app } from "../src/words/app";
import { inside } from "../src/words/inside";
import textbook from "./fixtures/inside/textbook.json";

const detail = { ...textbook.detail, params: {}, metrics: {}, biases: [] } as NetworkDetail;

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: true,
    addEventListener() {},
    removeEventListener() {},
  }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
});

afterEach(() => {
  act(() => render(null, document.body));
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("it is looked into at its threshold, with nothing around it that does not apply", () => {
  act(() => render(<Alone detail={detail} />, document.body));
  expect(document.documentElement.dataset.theme).toBe("dark");
  expect(document.querySelectorAll("[data-place]").length).toBe(6 + 5 + 6);
  expect(document.querySelector<HTMLInputElement>(".threshold-exact")?.value).toBe("0.02");
  const text = document.body.textContent ?? "";
  expect(text).toContain("age is kept alone by code 1.");
  const { close, register, history, settings } = inside.en;
  const buttons = [...document.querySelectorAll("button")].map((one) => one.textContent);
  for (const word of [close, register]) expect(buttons).not.toContain(word);
  for (const word of [history, settings, app.en.palette]) expect(text).not.toContain(word);
});
