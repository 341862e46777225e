"""Settings of made-up bots, of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from botplatform.bots.seeding.markets import Place
from botplatform.lib.money import written

# How many of a hundred bots are of a kind.
SHARES: Mapping[str, int] = {
    "dca": 42,
    "grid": 20,
    "smart": 10,
    "signal": 10,
    "recurring": 9,
    "twap": 5,
    "rebalance": 4,
}


def settings(kind: str, place: Place, random: Random) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind
    """Settings that work on this market now."""
    spends, price = place.spends * random.choice((1, 1, 2, 4)), place.price
    match kind:
        case "grid":
            rules = place.market.rules
            wide = Decimal(random.choice(("0.04", "0.08", "0.15")))
            lines = random.choice((8, 12, 20))
            lower, upper = rules.price_down(price * (1 - wide)), rules.price_up(price * (1 + wide))
            return {"lower": written(lower), "upper": written(upper), "lines": lines, "quote_a_line": written(spends)}
        case "smart":
            target = [{"profit": "0.03", "share": "0.5"}, {"profit": "0.06", "share": "0.5"}]
            return {"quote_amount": written(spends * 8), "take_profit": target, "stop_loss": {"loss": "0.08"}}
        case "signal":
            target = [{"profit": "0.04", "share": "1"}]
            sizes = {"order_amount": written(spends * 4), "max_position": written(spends * 8), "entries": 2}
            return {**sizes, "take_profit": target, "stop_loss": {"loss": "0.06"}}
        case "recurring":
            return {"quote": written(spends), "every": "day", "hour": random.randrange(24), "take_profit": "0.12"}
        case "twap":
            return {"side": "buy", "quote": written(spends * 24), "slices": 12, "duration": 43200}
        case "rebalance":
            held = place.market.rules.amount_up(spends * 10 / price)
            coin = {"symbol": place.market.symbol, "weight": "0.6", "held": written(held)}
            return {"coins": [coin], "cash": written(spends * 10), "every": 1440}
        case _:
            return {
                "base_order": written(spends),
                "averaging_order": written(spends),
                "averaging_orders": random.choice((3, 5, 8)),
                "step": random.choice(("0.006", "0.01", "0.015")),
                "step_scale": "1.15",
                "volume_scale": random.choice(("1", "1.2", "1.4")),
                "take_profit": random.choice(("0.008", "0.012", "0.02")),
                "stop_loss": random.choice((None, None, "0.25")),
            }
