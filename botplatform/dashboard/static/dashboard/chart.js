// Candles with what the deal waits for as lines and its fills as markers.
const { createChart, createSeriesMarkers, CandlestickSeries, LineStyle } = globalThis.LightweightCharts;
const box = document.getElementById("chart");
const dark = matchMedia("(prefers-color-scheme: dark)");
const MINUTE = 60;
let last = null;
let lines = [];

// A custom property that follows light and dark is only resolved where something is painted with it.
const probe = box.appendChild(document.createElement("span"));

function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const chart = createChart(box, {
  autoSize: true,
  layout: { attributionLogo: false, background: { color: "transparent" }, fontSize: 12 },
  timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 6, minBarSpacing: 1 },
  rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.12 } },
  crosshair: { mode: 0 },
});
const candles = chart.addSeries(CandlestickSeries, { borderVisible: false });
const markers = createSeriesMarkers(candles, []);
let overlay = { lines: [], fills: [] };

function draw({ lines: wanted, fills }) {
  overlay = { lines: wanted, fills };
  for (const line of lines) candles.removePriceLine(line);
  lines = wanted.map(({ price, kind, title }) =>
    candles.createPriceLine({
      price,
      title: wide() ? title : "",
      color: colour(`--bp-line-${kind}`),
      lineWidth: 1,
      lineStyle: kind === "average" ? LineStyle.Dotted : LineStyle.Dashed,
      axisLabelVisible: true,
    }),
  );
  const first = candles.data()[0]?.time ?? 0;
  markers.setMarkers(
    fills
      .filter(({ time }) => time >= first)
      .map(({ time, side, text }) => ({
        time,
        position: side === "buy" ? "belowBar" : "aboveBar",
        shape: side === "buy" ? "arrowUp" : "arrowDown",
        color: colour(`--bp-line-${side}`),
        text: wide() ? text : "",
      })),
  );
}

const wide = () => box.clientWidth > 700;

function paint() {
  const up = colour("--bp-up");
  const down = colour("--bp-down");
  const grid = { color: colour("--bp-grid") };
  chart.applyOptions({
    layout: { textColor: colour("--bp-text") },
    grid: { vertLines: grid, horzLines: grid },
    timeScale: { borderColor: grid.color },
    rightPriceScale: { borderColor: grid.color },
  });
  candles.applyOptions({ upColor: up, wickUpColor: up, downColor: down, wickDownColor: down });
  draw(overlay);
}

function update(bar) {
  if (last === null || bar.time >= last.time) {
    last = bar;
    candles.update(bar);
  }
}

// Times are the server's; a tick of a minute that is over belongs to no candle any more.
document.addEventListener("live:tick", ({ detail: { price, at } }) => {
  if (last === null) return;
  const value = Number(price);
  const time = Math.floor(at / 1000 / MINUTE) * MINUTE;
  const grown = { ...last, high: Math.max(last.high, value), low: Math.min(last.low, value), close: value };
  const fresh = { time, open: last.close, high: Math.max(last.close, value), low: Math.min(last.close, value), close: value };
  update(time > last.time ? fresh : grown);
});
document.addEventListener("live:candle", ({ detail }) => detail && update(detail));
document.addEventListener("live:chart", ({ detail }) => draw(detail));
dark.addEventListener("change", () => requestAnimationFrame(paint));

const response = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
if (response.ok) {
  const all = await response.json();
  candles.applyOptions({ priceFormat: { type: "price", precision: all.places, minMove: all.step } });
  candles.setData(all.candles);
  last = all.candles.at(-1) ?? null;
  overlay = all;
  const shown = wide() ? 120 : 50;
  chart.timeScale().setVisibleLogicalRange({ from: all.candles.length - shown, to: all.candles.length + 6 });
}
paint();
box.dataset.drawn = "yes";
