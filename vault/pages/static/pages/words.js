// A grant in words: every term, written in it or not, so that nothing is approved unseen.

const list = (values) => [...values].sort().join(", ");
const ORDERS = { limit: "limit", ioc: "at once, at a worst price" };
const LASTING = { gtc: "until it is cancelled", ioc: "at once or not at all" };

/** A fraction as it is written, in percent: exact, because it is shown to be approved. */
export function percent(fraction) {
  const [whole, rest = ""] = fraction.split(".");
  const digits = rest.padEnd(2, "0");
  const moved = `${whole}${digits.slice(0, 2)}.${digits.slice(2)}`;
  return `${moved.replace(/^0+(?=\d)/, "").replace(/\.?0*$/, (tail) => (tail.startsWith(".") ? "" : tail))} %`;
}

/** Thousands apart, nothing rounded. */
function grouped(number) {
  const [whole, rest] = `${number}`.split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? apart : `${apart}.${rest}`;
}

/** [name of the term, what it limits, to what], of the terms as the signer itself reads them. */
export function grantInWords(terms) {
  const quote = terms.markets[0].split("/")[1];
  const money = (amount) => (amount === null ? "without limit" : `${grouped(amount)} ${quote}`);
  const count = grouped;
  return [
    ["markets", "Trades on", list(terms.markets)],
    ["sides", "May", list(terms.sides)],
    ["types", "Kinds of orders", list(terms.types.map((type) => ORDERS[type] ?? type))],
    ["time_in_force", "An order stays", list(terms.time_in_force.map((time) => LASTING[time] ?? time))],
    ["order_notional", "One order is worth at most", money(terms.order_notional)],
    ["turnover", "Traded in 24 hours, at most", money(terms.turnover)],
    ["slippage", "Given away at bad prices in 24 hours, at most", money(terms.slippage)],
    ["loss", "Lost in a day, at most", money(terms.loss)],
    ["open_orders", "Open orders, at most", count(terms.open_orders)],
    ["orders_a_minute", "Orders a minute, at most", count(terms.orders_a_minute)],
    ["exits_a_minute", "Exits a minute, at most", count(terms.exits_a_minute)],
    ["reads_a_minute", "Readings a minute, at most", count(terms.reads_a_minute)],
    ["collar", "Prices worse than the market's, at most", percent(terms.collar)],
    ["exit_collar", "Exits' prices worse, at most", percent(terms.exit_collar)],
    ["market_volume", "Only where others trade in 24 hours at least", money(terms.market_volume)],
    ["inventory", "May sell coins that were there before", coins(terms.inventory)],
    ["expires", "Opens nothing from", ends(terms.expires)],
    ["withdrawing", "May withdraw", "never: there is no such request"],
  ];
}

function coins(inventory) {
  if (inventory === null) return "without limit";
  const held = Object.entries(inventory).map(([asset, amount]) => `${grouped(amount)} ${asset}`);
  return held.length ? list(held) : "none";
}

function ends(expires) {
  if (expires === null) return "no day: it does not end";
  return expires ? `${new Date(expires * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC` : "now on: it was given no end, and only exits";
}
