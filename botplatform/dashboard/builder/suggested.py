"""What stands in a new form: settings that work on the market as it is, for a little money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies.grid import Grid
from strategies.market import Market as Rules

_ORDER = Decimal(4)  # times the smallest order that the exchange takes
_LEAST = Decimal(20)  # quote, where it takes any
_LINES = 15
_MOST_LOTS = 10_000
_RANGE = Decimal("0.1")  # a grid's lines reach this far to either side


def suggested(kind: str, market: Market | None) -> Mapping[str, Any]:
    """JSON settings to begin with."""
    if market is None or market.last_price is None:
        return _FIXED[kind]
    price, rules = market.last_price, market.rules
    order = written(_order(price, rules))
    found: Mapping[str, Mapping[str, Any]] = {
        "dca": {**_FIXED["dca"], "base_order": order, "averaging_order": order},
        "grid": _grid(price, rules),
        "smart": {**_FIXED["smart"], "quote_amount": written(2 * _order(price, rules))},
        "signal": {**_FIXED["signal"], "order_amount": order, "max_position": written(2 * _order(price, rules))},
        "recurring": {**_FIXED["recurring"], "quote": order},
        "twap": {**_FIXED["twap"], "quote": written(10 * _order(price, rules))},
        "rebalance": {**_FIXED["rebalance"], "coins": [{"symbol": market.symbol, "weight": "0.5"}]},
    }
    return found[kind]


def _grid(price: Decimal, rules: Rules) -> Mapping[str, Any]:
    """A grid whose lines are large enough: where lots are coarse, the commission takes more than its share."""
    quote = _order(price, rules)
    while True:
        found = {
            "lower": written(rules.price_down(price * (1 - _RANGE))),
            "upper": written(rules.price_up(price * (1 + _RANGE))),
            "lines": _LINES,
            "quote_a_line": written(quote),
        }
        if quote > price * rules.lot_size * _MOST_LOTS or not any(Grid(**_numbers(found)).problems(price, rules)):
            return found
        quote *= 2


def _numbers(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Decimal(value) if isinstance(value, str) else value for name, value in found.items()}


def _order(price: Decimal, rules: Rules) -> Decimal:
    """A small order on a round figure; enough lots that rounding hardly matters."""
    least = max(_ORDER * rules.min_notional, _ORDER * rules.smallest * price, 20 * rules.lot_size * price)
    if not rules.min_notional:
        least = max(least, _LEAST) if rules.quote in ("USDT", "USDC", "USD", "EUR") else least
    step = Decimal(1).scaleb(least.adjusted())
    return (least / step).to_integral_value(rounding="ROUND_CEILING") * step


_FIXED: Mapping[str, Mapping[str, Any]] = {
    "dca": {
        "base_order": "50",
        "averaging_order": "50",
        "averaging_orders": 5,
        "step": "0.02",
        "step_scale": "1.2",
        "volume_scale": "1.3",
        "take_profit": "0.015",
    },
    "grid": {},
    "smart": {
        "quote_amount": "100",
        "take_profit": [{"profit": "0.03", "share": "0.5"}, {"profit": "0.06", "share": "0.5"}],
        "stop_loss": {"loss": "0.05"},
    },
    "signal": {
        "order_amount": "50",
        "max_position": "100",
        "take_profit": [{"profit": "0.03", "share": "1"}],
        "stop_loss": {"loss": "0.05"},
    },
    "recurring": {"quote": "50", "every": "week"},
    "twap": {"quote": "500", "slices": 24, "duration": 86400},
    "rebalance": {"coins": [], "cash": "1000", "drift": "0.05"},
}
