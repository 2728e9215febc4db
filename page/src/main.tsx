import { render } from "preact";
import { Alone } from "./app/Alone";
import { App } from "./app/App";
import { follow, held } from "./app/loading";
import "./app/theme.css";
import "./app/app.css";
import "./plot/plot.css";
import "./inside/inside.css";

/** In a report the page is a frame, as high as what it shows. */
function fitFrame(shown: HTMLElement): void {
  const frame = window.frameElement as HTMLElement | null;
  if (!frame) return;
  new ResizeObserver(() => {
    frame.style.height = `${shown.scrollHeight}px`;
  }).observe(shown);
}

const place = document.getElementById("page");
if (place) {
  if (held && "network" in held) {
    render(<Alone detail={held.network} />, place);
  } else {
    follow();
    render(<App />, place);
  }
  fitFrame(document.body);
}
