"use strict";
(() => {
  const ink = () => getComputedStyle(document.body).color;
  const paper = () => getComputedStyle(document.body).backgroundColor;
  const place = document.querySelector("[data-figure=components]");
  const drawn = JSON.parse(document.getElementById("components").textContent);

  // A figure on the page's own ground has its colours; what is drawn in ink has that of its text.
  const dress = () => {
    Plotly.relayout(place, {
      "font.color": ink(),
      "hoverlabel.bgcolor": paper(),
      "hoverlabel.font.color": ink(),
    });
    const inked = place.data.flatMap((trace, number) => trace.meta === "ink" ? [number] : []);
    if (inked.length) Plotly.restyle(place, { "line.color": ink(), "marker.color": ink() }, inked);
  };

  Plotly.newPlot(place, drawn.data, drawn.layout, {
    responsive: true,
    displaylogo: false,
    // plotly's own bar offers to send the data to its maker's server.
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  }).then(() => {
    dress();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
  });
})();
