"use strict";
(() => {
  const page = document.getElementById("pareto");
  const figure = JSON.parse(document.getElementById("figure").textContent);
  const ink = () => getComputedStyle(document.body).color;
  const paper = () => getComputedStyle(document.body).backgroundColor;
  const colours = () => ({
    "font.color": ink(),
    "hoverlabel.bgcolor": paper(),
    "hoverlabel.font.color": ink(),
  });

  // plotly labels a logarithmic axis by single digits; 0.002, 0.005, 0.01 read better.
  const steps = [];
  for (let power = -12; power <= 6; power += 1) {
    for (const step of [1, 2, 5]) steps.push(Number(`${step}e${power}`));
  }
  const scale = (type) => type === "log"
    ? { "yaxis.type": "log", "yaxis.tickmode": "array", "yaxis.tickvals": steps, "yaxis.ticktext": steps.map(String) }
    : { "yaxis.type": "linear", "yaxis.tickmode": "auto", "yaxis.tickvals": null, "yaxis.ticktext": null };

  Plotly.newPlot(page, figure.data, figure.layout, {
    responsive: true,
    displaylogo: false,
    // plotly's own bar offers to send the data to its maker's server.
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  }).then(() => {
    Plotly.relayout(page, { ...colours(), ...scale(figure.layout.yaxis.type) });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
      Plotly.relayout(page, colours()));
    page.on("plotly_click", (event) => {
      const address = event.points[0].customdata;
      if (typeof address === "string") window.open(address, "_blank", "noopener");
    });
  });

  // A figure on the page's own ground has its colours; what is drawn in ink has that of its text.
  const dress = (place) => {
    Plotly.relayout(place, colours());
    const inked = place.data.flatMap((trace, number) => trace.meta === "ink" ? [number] : []);
    if (inked.length) Plotly.restyle(place, { "line.color": ink(), "marker.color": ink() }, inked);
  };

  // The structures of networks keep their white ground and their size: gray and black mean signs.
  document.querySelectorAll("[data-figure]").forEach((place) => {
    const drawn = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    const onPage = place.dataset.ground === "page";
    Plotly.newPlot(place, drawn.data, drawn.layout, {
      responsive: onPage,
      displaylogo: false,
      showSendToCloud: false,
      plotlyServerURL: "",
      modeBarButtonsToRemove: onPage ? ["select2d", "lasso2d", "autoScale2d"] : [],
    }).then(() => {
      if (!onPage) return;
      dress(place);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dress(place));
    });
  });

  const buttons = document.querySelectorAll(".switch button");
  const press = (type) => buttons.forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.scale === type)));
  buttons.forEach((button) => button.addEventListener("click", () => {
    Plotly.relayout(page, { ...scale(button.dataset.scale), "yaxis.autorange": true });
    press(button.dataset.scale);
  }));
  press(figure.layout.yaxis.type);
})();
