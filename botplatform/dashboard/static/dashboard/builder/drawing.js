// Candles with the bot's orders as lines. A line that has a handle can be dragged: `moved(handle, price, done)` hears of it.
import { candleColours, colour, plain, whenRepainted } from "../palette.js";

const { createChart, CandlestickSeries, LineStyle } = globalThis.LightweightCharts;
const NEAR = 7; // pixels around a line in which it is meant
const MOST_WIDENED = 0.6; // of the price: lines further away do not make the candles flat

export function drawing(box, moved) {
  const chart = createChart(box, { ...plain(), timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 8 } });
  let wanted = [];
  let drawn = [];
  let held = null; // the handle that is being dragged
  let last = null;
  const series = chart.addSeries(CandlestickSeries, {
    ...candleColours(),
    // The lines that matter are in sight, not only the candles.
    autoscaleInfoProvider: (original) => {
      const found = original();
      const near = wanted.map((line) => line.price).filter((price) => last && Math.abs(price / last - 1) < MOST_WIDENED);
      if (!found || !near.length) return found;
      const { minValue, maxValue } = found.priceRange;
      return { ...found, priceRange: { minValue: Math.min(minValue, ...near), maxValue: Math.max(maxValue, ...near) } };
    },
  });

  const look = (line) => ({
    price: line.price,
    title: line.title,
    color: colour(`--bp-line-${line.kind}`),
    lineWidth: line.handle && line.handle === held ? 3 : 1,
    lineStyle: line.kind === "entry" ? LineStyle.Dotted : LineStyle.Dashed,
    axisLabelVisible: Boolean(line.title),
  });

  function redraw() {
    while (drawn.length > wanted.length) series.removePriceLine(drawn.pop());
    wanted.forEach((line, place) => {
      if (place < drawn.length) drawn[place].applyOptions(look(line));
      else drawn.push(series.createPriceLine(look(line)));
    });
  }

  function lineAt(y) {
    let best = null;
    for (const line of wanted) {
      if (!line.handle) continue;
      const at = series.priceToCoordinate(line.price);
      const away = at === null ? Infinity : Math.abs(at - y);
      if (away <= NEAR && (best === null || away < best.away)) best = { line, away };
    }
    return best?.line ?? null;
  }

  const y = (event) => event.clientY - box.getBoundingClientRect().top;

  box.addEventListener(
    "pointerdown",
    (event) => {
      const line = event.button === 0 ? lineAt(y(event)) : null;
      if (!line) return;
      held = line.handle;
      chart.applyOptions({ handleScroll: false, handleScale: false });
      // The other lines move with this one: if the scale followed them, the hand would chase its own line.
      series.priceScale().applyOptions({ autoScale: false });
      box.setPointerCapture(event.pointerId);
      event.preventDefault();
      event.stopPropagation();
      redraw();
    },
    { capture: true },
  );

  box.addEventListener("pointermove", (event) => {
    if (held === null) {
      box.classList.toggle("bp-draggable", lineAt(y(event)) !== null);
      return;
    }
    follow(event, false);
  });

  function follow(event, done) {
    const price = series.coordinateToPrice(y(event));
    if (price === null || price <= 0) return;
    const handle = held;
    for (const line of wanted) if (line.handle === handle) line.price = price;
    redraw();
    moved(handle, price, done);
  }

  function release(event) {
    if (held === null) return;
    follow(event, true);
    held = null;
    chart.applyOptions({ handleScroll: true, handleScale: true });
    series.priceScale().applyOptions({ autoScale: true });
    redraw();
  }
  box.addEventListener("pointerup", release);
  box.addEventListener("pointercancel", release);

  whenRepainted(() => {
    chart.applyOptions(plain());
    series.applyOptions(candleColours());
    redraw();
  });

  return {
    candles({ candles, places, step, price }) {
      last = price ?? candles.at(-1)?.close ?? null;
      series.applyOptions({ priceFormat: { type: "price", precision: places, minMove: step } });
      series.setData(candles);
      chart.timeScale().setVisibleLogicalRange({ from: candles.length - (box.clientWidth > 700 ? 160 : 60), to: candles.length + 8 });
      box.dataset.drawn = "yes";
    },
    lines(lines) {
      const kept = held === null ? null : wanted.find((line) => line.handle === held);
      wanted = lines.map((line) => (kept && line.handle === held ? { ...line, price: kept.price } : { ...line }));
      redraw();
      box.dataset.lines = String(wanted.length);
    },
    // Where a handle's line is drawn, in pixels from the chart's top; null if it is out of sight.
    place(handle) {
      const line = wanted.find((each) => each.handle === handle);
      return line ? series.priceToCoordinate(line.price) : null;
    },
  };
}
