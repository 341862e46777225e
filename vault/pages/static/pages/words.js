// A grant in words: every limit, written or not, so that nothing is approved unseen.

const list = (values) => values.join(", ");
const percent = (fraction) => `${Number(fraction) * 100} %`; // shown only; what is signed is the text itself

/** Pairs of what is limited and to what. What is left out has the signer's defaults for real accounts. */
export function grantInWords({ limits }) {
  const quote = limits.markets[0].split("/")[1];
  const money = (amount) => `${amount} ${quote}`;
  const held = Object.entries(limits.inventory ?? {}).map(([asset, amount]) => `${amount} ${asset}`);
  return [
    ["Markets", list(limits.markets)],
    ["May", list(limits.sides)],
    ["Orders", list(limits.types)],
    ["Orders stay", list(limits.time_in_force ?? ["as their types say"])],
    ["One order is worth at most", money(limits.order_notional)],
    ["Traded in 24 hours at most", money(limits.turnover ?? "0")],
    ["Given away at bad prices in 24 hours at most", money(limits.slippage ?? "0")],
    ["Lost a day at most", money(limits.loss ?? "0")],
    ["Open orders at most", `${limits.open_orders ?? 20}`],
    ["Orders a minute at most", `${limits.orders_a_minute ?? 30}`],
    ["Exits a minute at most", `${limits.exits_a_minute ?? 30}`],
    ["Readings a minute at most", `${limits.reads_a_minute ?? 120}`],
    ["Prices at most away from the market's", percent(limits.collar ?? "0.05")],
    ["Exits' prices at most away", percent(limits.exit_collar ?? "0.2")],
    ["The market must trade in 24 hours", money(limits.market_volume ?? "1000000")],
    ["May sell coins that were there before", held.length ? list(held) : "none"],
    ["Until", limits.expires ? new Date(limits.expires * 1000).toUTCString() : "it is given an end: exits only"],
    ["May withdraw", "never: no such request exists"],
  ];
}
