import { render } from "preact";
import { App } from "./app/App";
import { follow } from "./app/loading";
import "./app/theme.css";
import "./app/app.css";
import "./plot/plot.css";
import "./inside/inside.css";

const place = document.getElementById("page");
if (place) {
  follow();
  render(<App />, place);
}
