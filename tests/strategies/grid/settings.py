"""Grids of every sort, for tests with random settings."""

from decimal import Decimal as D

from hypothesis import strategies as st

from strategies.grid import Beyond, Grid, ProfitIn, Spacing, StopAction
from strategies.market import Market

MARKET = Market(symbol="X/USDT", tick_size=D("0.01"), lot_size=D("0.0001"), min_notional=D(5))


def decimal(low, high, places=2):
    return st.decimals(str(low), str(high), places=places)


@st.composite
def grids(draw):
    """Grids for a market that stands near 100. Some are refused by that market: ask `problems`."""
    width = draw(decimal("0.03", "0.3"))
    middle = draw(decimal(90, 110, 1))
    lower, upper = middle * (1 - width), middle * (1 + width)
    values = {"lower": lower, "profit_in": draw(st.sampled_from(ProfitIn))}
    if draw(st.integers(0, 4)) == 0:
        values |= {"step": draw(decimal("0.01", "0.06", 3)), "quote_a_line": draw(decimal(20, 200, 1))}
        top, bottom = middle * 2, lower
    else:
        top, bottom = _range(draw, values, lower, upper)
    values["active_lines"] = draw(st.none() | st.integers(1, 6))
    values["coins_held"] = draw(st.none() | decimal(0, 30, 3))
    if draw(st.booleans()):
        values["stop_below"] = bottom * draw(decimal("0.8", "0.99"))
        values["stop_below_action"] = draw(st.sampled_from(sorted(set(StopAction) - {StopAction.BUY})))
    if draw(st.booleans()):
        values["stop_above"] = top * draw(decimal("1.01", "1.2"))
        values["stop_above_action"] = draw(st.sampled_from(StopAction))
    if draw(st.integers(0, 3)) == 0:
        values["take_profit_price"] = min(values.get("stop_above", 1000) - 1, upper * draw(decimal("0.95", "1.1")))
    if draw(st.integers(0, 3)) == 0:
        values["take_profit"] = draw(decimal("0.001", "0.1", 3))
    return Grid(**values)


def _range(draw, values, lower, upper):
    """Lines from lower to upper, and what happens beyond them: the outermost prices that they may come to."""
    values |= {
        "upper": upper,
        "lines": draw(st.integers(2, 3 + int((upper / lower - 1) * 100))),
        "spacing": draw(st.sampled_from(Spacing)),
    }
    if draw(st.booleans()):
        values["quote_a_line"] = draw(decimal(20, 200, 1))
    else:
        values["base_a_line"] = draw(decimal("0.2", 2, 3))
    top, bottom = upper, lower
    values["above"], values["below"] = draw(st.sampled_from([*Beyond, Beyond.TRAIL])), draw(st.sampled_from(Beyond))
    if values["above"] is Beyond.EXPAND or (
        values["above"] is Beyond.TRAIL and (values["below"] is not Beyond.STAY or draw(st.booleans()))
    ):
        top = values["highest"] = upper * draw(decimal("1.05", "1.8"))
    if values["below"] is not Beyond.STAY:
        bottom = values["lowest"] = lower * draw(decimal("0.5", "0.95"))
    return top, bottom
