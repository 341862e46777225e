"""What a bot's grant allows follows from its settings."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from botplatform.bots.limits import Need, NoPrice, limits
from botplatform.markets.models import Market
from strategies.kinds import from_json
from vault.messages.terms import check, terms, wider_than

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DCA = {"base_order": "50", "averaging_order": "50", "averaging_orders": 2, "step": "0.01", "take_profit": "0.01"}


def market(symbol="BTC/USDT", price="50000"):
    return Market(
        exchange="paper",
        symbol=symbol,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        min_notional=Decimal(5),
        last_price=None if price is None else Decimal(price),
    )


def need(more=0, on=None, **settings):
    return Need.of(from_json("dca", DCA | settings), on or market(), Decimal(more))


def written(*needs, exchange="binance", deals_at_once=1, now=NOW):
    allowed = limits(needs, exchange=exchange, deals_at_once=deals_at_once, now=now)
    check(allowed)  # the signer takes it as it is written
    return allowed


def wider(old, new):
    return set(wider_than(terms(old, paper=False), terms(new, paper=False)))


def test_a_real_account_has_every_limit():
    allowed = written(need())
    assert all(getattr(allowed, name) is not None for name in allowed.__struct_fields__)
    assert (allowed.collar, allowed.exit_collar, allowed.inventory) == ("0.05", "0.2", {})
    assert Decimal(allowed.turnover) >= 20 * 150
    assert Decimal(allowed.loss) <= Decimal("0.3") * 160


def test_the_same_settings_say_the_same_all_day():
    late = NOW.replace(hour=23, minute=59)
    assert written(need()) == written(need(), now=late)


def test_a_long_bot_may_sell_only_what_it_buys_and_a_short_one_what_its_ladder_needs():
    assert written(need()).inventory == {}
    short = written(need(direction="short"))
    given = from_json("dca", DCA | {"direction": "short"}).given(Decimal(50000), market().rules).amount
    assert Decimal(short.inventory["BTC"]) >= given


def test_adding_funds_is_wider():
    assert wider(written(need()), written(need(more=100))) >= {"order_notional", "turnover", "loss", "slippage"}


def test_more_deals_at_once_are_wider():
    both = need(), need(on=market("ETH/USDT", "2500"))
    assert wider(written(*both), written(*both, deals_at_once=2)) >= {"turnover", "loss"}


def test_paper_has_room_for_a_market_that_runs_sixty_times_as_fast():
    paper = written(need(), exchange="paper")
    assert {"turnover", "collar", "exit_collar"} <= wider(written(need()), paper)


def test_a_market_without_a_price_has_no_limits_yet():
    with pytest.raises(NoPrice):
        need(on=market(price=None))
