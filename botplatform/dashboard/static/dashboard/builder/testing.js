// What the capital would have become: the bot, holding, the kept settings, and the band over many starts.
import { colour, plain, whenRepainted } from "../palette.js";

const { createChart, AreaSeries, LineSeries, LineStyle } = globalThis.LightweightCharts;
const DAY = 86400000;

const percent = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value * 100).toFixed(2)} %`;
const length = (ms) => (ms >= 2 * DAY ? `${Math.round(ms / DAY)} days` : `${Math.max(1, Math.round(ms / 3600000))} h`);
const points = (times, values) => times.map((time, place) => ({ time: Math.floor(time / 1000), value: (values[place] - 1) * 100 }));

export function testing(box, { figures, covers, words, legend }) {
  const chart = createChart(box, { ...plain(), handleScroll: false, handleScale: false, timeScale: { timeVisible: true } });
  const quiet = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };
  const number = { priceFormat: { type: "custom", formatter: (value) => `${value.toFixed(1)} %`, minMove: 0.1 } };
  const band = ["p50", "p25", "p5"].map(() => chart.addSeries(LineSeries, { ...quiet, ...number, lineWidth: 1 }));
  const holding = chart.addSeries(LineSeries, { ...quiet, ...number, lineWidth: 1 });
  const kept = chart.addSeries(LineSeries, { ...quiet, ...number, lineWidth: 2, lineStyle: LineStyle.Dashed });
  const equity = chart.addSeries(LineSeries, { ...quiet, ...number, lineWidth: 2 });
  const drawdown = chart.addSeries(AreaSeries, { ...quiet, ...number, lineWidth: 1, invertFilledArea: true }, 1);
  chart.panes()[1].setStretchFactor(0.28);
  let shown = null;
  let compared = null;

  function paint() {
    chart.applyOptions(plain());
    const equityColour = colour("--bp-line-sell");
    equity.applyOptions({ color: equityColour });
    kept.applyOptions({ color: colour("--bp-line-average") });
    holding.applyOptions({ color: colour("--bp-text") });
    for (const line of band) line.applyOptions({ color: colour("--bp-band") });
    const down = colour("--bp-down");
    drawdown.applyOptions({ lineColor: down, topColor: "transparent", bottomColor: colour("--bp-fall") });
  }
  paint();
  whenRepainted(paint);

  function write(rows) {
    figures.replaceChildren(
      ...rows.flatMap(([name, value, tone, note]) => {
        const row = document.createElement("div");
        const title = document.createElement("dt");
        const text = document.createElement("dd");
        title.textContent = name;
        text.textContent = value;
        if (tone) text.className = tone;
        if (note) text.append(Object.assign(document.createElement("small"), { textContent: ` ${note}` }));
        row.append(title, text);
        return [row];
      }),
    );
  }

  const tone = (value) => (value > 0 ? "bp-gain" : value < 0 ? "bp-loss" : "");

  return {
    run(test) {
      box.parentElement.dataset.tested = test.problem ? "no" : "yes";
      if (test.problem) {
        words.textContent = test.problem;
        words.dataset.why = "yes";
        write([]);
        for (const line of [equity, holding, drawdown, ...band]) line.setData([]);
        shown = null;
        return;
      }
      shown = test;
      delete words.dataset.why;
      if (!words.dataset.band) words.textContent = "";
      covers.textContent = `${test.covers} of minutes, all fees counted`;
      equity.setData(points(test.times, test.equity));
      holding.setData(points(test.times, test.holding));
      drawdown.setData(test.times.map((time, place) => ({ time: Math.floor(time / 1000), value: -test.drawdown[place] * 100 })));
      const against = compared ? [["The kept one", percent(compared.profit), tone(compared.profit), `deepest fall ${percent(-compared.deepest)}`]] : [];
      write([
        ["Profit", percent(test.profit), tone(test.profit), "of the capital"],
        ["Simply holding", percent(test.held), tone(test.held)],
        ["Deepest fall", percent(-test.deepest), test.deepest ? "bp-loss" : ""],
        ["Deals", String(test.deals), "", test.deals ? `${Math.round((test.won / test.deals) * 100)} % in profit` : `${test.fills} fills`],
        ["Longest deal", test.longest ? length(test.longest) : "–"],
        ...against,
      ]);
      chart.timeScale().fitContent();
    },
    // The band belongs to settings that have been changed since.
    stale() {
      for (const line of band) line.setData([]);
      delete words.dataset.band;
      if (!words.dataset.why) words.textContent = "";
    },
    band(answer) {
      const found = answer.band;
      if (!found || !shown) return;
      const times = found.elapsed.map((each) => each + shown.began);
      ["p50", "p25", "p5"].forEach((name, place) => band[place].setData(points(times, found[name])));
      words.textContent = `Begun at ${found.runs} different moments (the thin lines: the middle, the worst quarter, the worst twentieth): ${found.sentence}`;
      words.dataset.band = "yes";
      chart.timeScale().fitContent();
    },
    keep() {
      compared = shown;
      legend.hidden = !compared;
      kept.setData(compared ? points(compared.times, compared.equity) : []);
      if (shown) this.run(shown);
    },
  };
}
