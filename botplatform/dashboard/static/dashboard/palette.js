// The page's colours for charts, in light and dark.
const dark = matchMedia("(prefers-color-scheme: dark)");
// A custom property that follows light and dark is only resolved where something is painted with it.
const probe = document.body.appendChild(document.createElement("span"));
probe.hidden = true;

export function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

// Options that every chart shares; `sizes` are a chart's own.
export function plain() {
  const grid = { color: colour("--bp-grid") };
  return {
    autoSize: true,
    layout: { attributionLogo: false, background: { color: "transparent" }, fontSize: 12, textColor: colour("--bp-text") },
    grid: { vertLines: grid, horzLines: grid },
    timeScale: { borderColor: grid.color },
    rightPriceScale: { borderColor: grid.color },
    crosshair: { mode: 0 },
  };
}

export function candleColours() {
  const up = colour("--bp-up");
  const down = colour("--bp-down");
  return { upColor: up, wickUpColor: up, downColor: down, wickDownColor: down, borderVisible: false };
}

// Calls `paint` again when the system changes from light to dark.
export const whenRepainted = (paint) => dark.addEventListener("change", () => requestAnimationFrame(paint));
