"use strict";
// The page's colours are the charts' colours: a template carries them, so that figures themselves stay free of theme.
const dark = matchMedia("(prefers-color-scheme: dark)");

function template(isDark) {
  const chosen = structuredClone(isDark ? templates.dark : templates.light);
  chosen.layout.font.family = getComputedStyle(document.body).fontFamily;
  return chosen;
}

const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
const charts = [...document.querySelectorAll("figure.chart")].map(figure => {
  const place = figure.querySelector("div");
  const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
  Plotly.newPlot(place, data, { height: 400, ...layout, template: template(dark.matches) }, config);
  return place;
});

const paint = isDark => charts.forEach(place => Plotly.relayout(place, { template: template(isDark) }));
dark.addEventListener("change", event => paint(event.matches));
addEventListener("beforeprint", () => paint(false));
addEventListener("afterprint", () => paint(dark.matches));
// A chart in a folded part had no width to fill.
document.querySelectorAll("details").forEach(part => part.addEventListener("toggle", () =>
  part.querySelectorAll("figure.chart > div").forEach(place => Plotly.Plots.resize(place))));
