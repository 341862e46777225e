// Candles with what the deal waits for as lines and its fills as markers.
import { candleColours, colour, plain, whenRepainted } from "./palette.js";

const { createChart, createSeriesMarkers, CandlestickSeries, LineStyle } = globalThis.LightweightCharts;
const box = document.getElementById("chart");
const MINUTE = 60;
let last = null;
let lines = [];
let past = false; // whether a time that is over is shown

const chart = createChart(box, {
  ...plain(),
  timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 6, minBarSpacing: 0.5 },
  rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.12 } },
});
const candles = chart.addSeries(CandlestickSeries, candleColours());
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
  chart.applyOptions(plain());
  candles.applyOptions(candleColours());
  draw(overlay);
}

function update(bar) {
  if (past) return;
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
document.addEventListener("live:chart", ({ detail }) => past || draw(detail));
whenRepainted(paint);

// Shows the newest candles, or those between two times (seconds since 1970).
async function load(between = null) {
  const where = between ? `?from=${between.from}&to=${between.to}` : "";
  const response = await fetch(box.dataset.url + where, { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  const all = await response.json();
  past = between !== null;
  candles.applyOptions({ priceFormat: { type: "price", precision: all.places, minMove: all.step } });
  candles.setData(all.candles);
  last = past ? null : (all.candles.at(-1) ?? null);
  overlay = past ? { lines: [], fills: all.fills } : all;
  if (past) {
    chart.timeScale().fitContent();
  } else {
    const shown = wide() ? 120 : 50;
    chart.timeScale().setVisibleLogicalRange({ from: all.candles.length - shown, to: all.candles.length + 6 });
  }
  paint();
  box.dataset.drawn = past ? "past" : "yes";
  document.getElementById("chart-now").hidden = !past;
}

// A deal in the list moves the chart to its time.
document.addEventListener("click", (event) => {
  const deal = event.target.closest("[data-from]");
  if (deal) {
    load({ from: deal.dataset.from, to: deal.dataset.to || String(Math.floor(Date.now() / 1000)) });
    box.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
  if (event.target.closest("#chart-now")) load();
});

await load();
