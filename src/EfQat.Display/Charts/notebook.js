// Once a page: unpacks plotly.js, draws the charts that wait in efqatCharts, and from then on each new one.
(async () => {
  if (window.efqatCharts && !Array.isArray(window.efqatCharts)) return;
  const waiting = window.efqatCharts ?? [];
  window.efqatCharts = { push: chart => waiting.push(chart) };
  const packed = Uint8Array.from(atob(plotly), character => character.charCodeAt(0));
  const script = document.createElement("script");
  script.textContent = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  document.head.append(script);

  const isDark = place => {
    for (let node = place; node; node = node.parentElement) {
      const [red, green, blue, alpha = 1] = getComputedStyle(node).backgroundColor.match(/[\d.]+/g).map(Number);
      if (alpha > 0) return red + green + blue < 384;
    }
    return false;
  };
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
  // An output may run its script before the page shows it: look again for a while.
  const draw = (chart, tries = 50) => {
    const places = document.querySelectorAll(`[data-chart="${chart.id}"]:not(.js-plotly-plot)`);
    if (places.length === 0 && tries > 0) setTimeout(() => draw(chart, tries - 1), 100);
    for (const place of places) {
      const template = structuredClone(isDark(place) ? templates.dark : templates.light);
      template.layout.font.family = getComputedStyle(place).fontFamily;
      place.replaceChildren();
      Plotly.newPlot(place, chart.data, { height: 400, ...chart.layout, template }, config);
    }
  };
  window.efqatCharts = { push: draw };
  waiting.forEach(chart => draw(chart));
})();
