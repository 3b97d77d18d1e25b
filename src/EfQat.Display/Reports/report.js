"use strict";
// The page's colours are the charts' colours: a template carries them, so that figures themselves stay free of theme.
const dark = matchMedia("(prefers-color-scheme: dark)");

function template(isDark) {
  const ink = isDark ? "#e3e7ec" : "#1f2328";
  const soft = isDark ? "#97a1ad" : "#59636e";
  const grid = isDark ? "#2a3037" : "#e9edf1";
  const line = isDark ? "#4a525c" : "#b6bec7";
  const axis = {
    gridcolor: grid, linecolor: line, zerolinecolor: line, zerolinewidth: 1, ticks: "outside", ticklen: 4, tickcolor: line,
    tickfont: { color: soft }, title: { font: { color: soft, size: 13 }, standoff: 12 }, automargin: true,
  };
  return {
    layout: {
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink },
      title: { font: { size: 16 }, x: 0, xref: "paper", xanchor: "left", y: 1, yanchor: "top", pad: { t: 12 } },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      colorway: ["#3f7fd1", "#1e8f5a", "#e0892f", "#8a63c9", "#d1495b", "#57b894", "#9bb83b", "#8b9099"],
      xaxis: { ...axis, showgrid: false, showline: true }, yaxis: axis,
      legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom", font: { color: soft } },
      hoverlabel: { bgcolor: isDark ? "#252b32" : "#ffffff", bordercolor: line, font: { color: ink } },
      margin: { l: 56, r: 16, t: 44, b: 48 }, bargap: 0.35, bargroupgap: 0.08,
      modebar: { bgcolor: "rgba(0,0,0,0)", color: line, activecolor: soft },
      annotationdefaults: { font: { color: ink } },
    },
    data: {
      scatter: [{ cliponaxis: false, line: { width: 2.5 }, marker: { size: 7 } }],
      bar: [{ marker: { line: { width: 0 } }, textfont: { color: ink }, cliponaxis: false }],
      heatmap: [{ colorbar: { outlinewidth: 0, thickness: 12 }, xgap: 1, ygap: 1 }],
    },
  };
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
