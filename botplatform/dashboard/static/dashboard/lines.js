// Curves from an address that answers {"curves": [{"name", "unit", "points": [[second, value], ...]}]}: all of them
// over each other, or one at a time where [data-choices] names a place for buttons.
const { createChart, LineSeries, AreaSeries } = globalThis.LightweightCharts;
const dark = matchMedia("(prefers-color-scheme: dark)");
const NAMES = ["--bp-line-sell", "--bp-up", "--bp-line-average", "--bp-down", "--bp-text"];

function draw(box, curves) {
  // A custom property that follows light and dark is only resolved where something is painted with it.
  const probe = box.appendChild(document.createElement("span"));
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const chart = createChart(box, {
    autoSize: true,
    layout: { attributionLogo: false, background: { color: "transparent" }, fontSize: 11 },
    timeScale: { timeVisible: false, fixLeftEdge: true, fixRightEdge: true },
    rightPriceScale: { scaleMargins: { top: 0.1, bottom: 0.08 }, borderVisible: false },
    handleScale: { mouseWheel: false },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
  });
  const one = curves.length === 1 || box.dataset.choices;
  const made = [];
  const show = (wanted) => {
    for (const { series } of made.splice(0)) chart.removeSeries(series);
    wanted.forEach((curve, place) => {
      const series = chart.addSeries(one ? AreaSeries : LineSeries, { lineWidth: 2, title: one ? "" : curve.name, priceLineVisible: false });
      series.setData(curve.points.map(([time, value]) => ({ time, value })));
      const most = Math.max(...curve.points.map(([, value]) => Math.abs(value)), 0);
      const places = most >= 100 || most === 0 ? 2 : Math.min(8, Math.max(2, 3 - Math.floor(Math.log10(most))));
      series.applyOptions({ priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
      made.push({ series, name: NAMES[place % NAMES.length] });
    });
    paint();
    chart.timeScale().fitContent();
  };
  function paint() {
    const grid = { color: colour("--bp-grid") };
    chart.applyOptions({ layout: { textColor: colour("--bp-text") }, grid: { vertLines: { visible: false }, horzLines: grid }, timeScale: { borderColor: grid.color } });
    for (const { series, name } of made) {
      const line = colour(name);
      const faint = line.replace("rgb(", "rgba(").replace(")", ", 0.16)");
      series.applyOptions(one ? { lineColor: line, topColor: faint, bottomColor: "transparent" } : { color: line });
    }
  }
  dark.addEventListener("change", () => requestAnimationFrame(paint));
  const place = document.getElementById(box.dataset.choices ?? "");
  if (place === null) return show(curves);
  curves.forEach((curve, number) => {
    const button = place.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = "btn btn-sm";
    button.textContent = curve.name;
    button.addEventListener("click", () => {
      for (const each of place.children) each.setAttribute("aria-pressed", String(each === button));
      show([curve]);
    });
    if (number === 0) button.click();
  });
}

for (const box of document.querySelectorAll("[data-lines]")) {
  const response = await fetch(box.dataset.lines, { headers: { Accept: "application/json" } });
  const { curves } = response.ok ? await response.json() : { curves: [] };
  const drawn = curves.filter(({ points }) => points.length > 0);
  if (drawn.length) draw(box, drawn);
  else box.append(Object.assign(document.createElement("p"), { className: "bp-no-curve", textContent: response.ok ? "Nothing to draw yet." : "The curve could not be loaded. Load the page again." }));
  box.dataset.drawn = "yes";
}
