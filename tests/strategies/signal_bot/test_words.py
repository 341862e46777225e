"""Webhook messages of alert senders, and what they mean."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from strategies.exits import Step, StopLoss
from strategies.orders import OrderType, Side
from strategies.signal_bot import Action, AmountIn, SignalBot, SignalExits, SignalOrder
from strategies.signal_bot.entering import MORE
from strategies.signal_bot.order import Details
from strategies.signal_bot.words import Refusal, identity, too_late, translate, while_enabled
from tests.strategies.exits.deals import FREE
from tests.strategies.signal_bot.signals import enter, leave, signal

NOW = int(datetime(2026, 5, 1, 12, 0, 10, tzinfo=UTC).timestamp() * 1000)
LONG = SignalBot(order_amount=D(100), max_position=D(300))
SHORT = SignalBot(order_amount=D(100), max_position=D(300), side=Side.SELL, coins=D(3))
MESSAGE = {
    "secret": "s",
    "max_lag": "300",
    "timestamp": "2026-05-01T12:00:00Z",
    "trigger_price": "100.5",
    "tv_exchange": "BINANCE",
    "tv_instrument": "BTCUSDT",
    "action": "enter_long",
    "bot_uuid": "u",
}


def heard(bot=LONG, **changes):
    message = {name: value for name, value in (MESSAGE | changes).items() if value is not ...}
    return translate(message, bot, FREE, now=NOW, last_price=D(99))


def details(**changes):
    return Details.of(heard(**changes))


def strategy(action, before, after, amount="2", size="2"):
    info = {
        "market_position": after,
        "market_position_size": size,
        "prev_market_position": before,
        "prev_market_position_size": "1",
    }
    return {"action": action, "strategy_info": info, "order": {"amount": amount, "currency_type": "base"}}


def test_a_custom_signal_says_its_action_price_and_time():
    found = heard()
    assert (found.action, found.price, found.at) == ("enter_long", D("100.5"), NOW - 10_000)


def test_without_a_price_the_markets_counts():
    assert heard(trigger_price=...).price == D(99)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"amount": "50", "currency_type": "quote"}, SignalOrder(amount=D(50))),
        ({"amount": 0.5, "currency_type": "base"}, SignalOrder(amount=D("0.5"), amount_in=AmountIn.BASE)),
        (
            {"amount": "40", "currency_type": "position_percent"},
            SignalOrder(amount=D("0.4"), amount_in=AmountIn.POSITION),
        ),
        ({"order_type": "limit", "price": "98"}, SignalOrder(order=OrderType.LIMIT, price=D(98))),
        ({"order_type": "limit", "price_percent": "2"}, SignalOrder(order=OrderType.LIMIT, better_by=D("0.02"))),
        ({"order_type": "market", "price": "98"}, SignalOrder()),
    ],
)
def test_an_order_says_amount_and_price(order, expected):
    assert details(order=order).order == expected


def test_exits_come_in_percent():
    found = details(
        take_profit={
            "enabled": True,
            "steps": [
                {"order_type": "limit", "price_percent": "2", "volume_percent": "40"},
                {
                    "order_type": "market",
                    "price_percent": "5",
                    "volume_percent": "60",
                    "trailing": {"enabled": True, "percent": "1"},
                },
            ],
        },
        stop_loss={"enabled": True, "trigger_price_percent": "-3", "trailing": False},
    )
    assert found.exits == SignalExits(
        take_profit=(
            Step(profit=D("0.02"), share=D("0.4")),
            Step(profit=D("0.05"), share=D("0.6"), order=OrderType.MARKET),
        ),
        trailing=D("0.01"),
        stop_loss=StopLoss(loss=D("0.03")),
    )


def test_exits_that_are_not_enabled_are_none():
    assert details(take_profit={"enabled": False, "steps": []}, stop_loss={"enabled": "false"}).exits is None


@pytest.mark.parametrize(
    ("bot", "said", "expected"),
    [
        (LONG, ("buy", "flat", "long"), Action.ENTER_LONG),
        (LONG, ("buy", "long", "long"), Action.ENTER_LONG),
        (LONG, ("sell", "long", "long"), Action.EXIT_LONG),
        (LONG, ("sell", "long", "flat"), Action.EXIT_LONG),
        (LONG, ("sell", "long", "short"), Action.EXIT_LONG),
        (LONG, ("buy", "short", "long"), Action.ENTER_LONG),
        (SHORT, ("sell", "flat", "short"), Action.ENTER_SHORT),
        (SHORT, ("sell", "short", "short"), Action.ENTER_SHORT),
        (SHORT, ("buy", "short", "short"), Action.EXIT_SHORT),
        (SHORT, ("buy", "short", "flat"), Action.EXIT_SHORT),
        (SHORT, ("buy", "short", "long"), Action.EXIT_SHORT),
        (SHORT, ("sell", "long", "short"), Action.ENTER_SHORT),
    ],
)
def test_what_a_strategys_order_means_is_told_by_the_position_before_and_after(bot, said, expected):
    assert heard(bot, **strategy(*said)).action == expected


@pytest.mark.parametrize(
    ("bot", "said"),
    [(LONG, ("sell", "flat", "short")), (SHORT, ("buy", "flat", "long")), (LONG, ("buy", "short", "flat"))],
)
def test_a_strategy_that_goes_the_other_way_is_told_so(bot, said):
    assert "this bot only goes" in heard(bot, **strategy(*said)).reason


def test_a_strategy_without_its_position_is_taken_at_its_word():
    assert heard(action="buy").action == Action.ENTER_LONG
    assert heard(action="sell").action == Action.EXIT_LONG
    assert heard(SHORT, action="sell").action == Action.ENTER_SHORT


def test_a_strategy_that_leaves_sells_everything_whatever_its_order_counts():
    order = Details.of(heard(**strategy("sell", "long", "flat", amount="0.1"))).order
    assert order == SignalOrder(amount=D(1), amount_in=AmountIn.POSITION)


def test_a_reversal_buys_what_is_held_afterwards_not_what_it_closed_as_well():
    order = Details.of(heard(**strategy("buy", "short", "long", amount="3", size="2"))).order
    assert order == SignalOrder(amount=D(2), amount_in=AmountIn.BASE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stop_los": {}}, "stop_los: not known: stop_los."),
        ({"order": {"amount": "1", "size": 2}}, "order.size: not known: order.size."),
        ({"take_profit": {"steps": [{"price_percent": 1, "x": 1}]}}, "take_profit.steps[0].x"),
        (
            {"order": {"amount": "5", "currency_type": "margin_percent"}},
            "margin_percent is a share of a futures margin",
        ),
        ({"order": {"amount": "5", "currency_type": "lots"}}, "order.currency_type: 'lots' is not known."),
        ({"order": {"amount": "{{strategy.order.contracts}}"}}, "the placeholder {{strategy.order.contracts}}"),
        ({"order": {"amount": "NaN"}}, "order.amount: 'NaN' is no number."),
        ({"order": {"amount": "-1"}}, "order.amount: -1 is too small."),
        ({"order": {"order_type": "limit"}}, "order.price: the limit order has no price."),
        ({"order": {"order_type": "stop"}}, "order.order_type: 'stop' is not known."),
        ({"order": "much"}, "order: 'much' is no object."),
        ({"action": "moon"}, "there is no action 'moon'."),
        ({"action": "{{strategy.order.action}}"}, "was not filled in"),
        ({"action": ...}, "there is no action None."),
        ({"tv_instrument": "ETHUSDT"}, "ETHUSDT is another market; this bot trades BTC/USDT."),
        ({"tv_instrument": "BINANCE:BTCUSDT.P"}, "is a derivative's"),
        ({"trigger_price": "0"}, "trigger_price: 0 is no price."),
        ({"timestamp": "soon"}, "timestamp: 'soon' is no time."),
        ({"timestamp": ...}, "it does not say when it was sent"),
        ({"timestamp": "2026-05-01T11:55:00Z"}, "it was sent 310 seconds ago, and may be 300 seconds old."),
        ({"timestamp": "2026-05-01T12:05:00Z"}, "it was sent 290 seconds from now."),
        ({"max_lag": "5"}, "it was sent 10 seconds ago, and may be 5 seconds old."),
        ({"take_profit": {"enabled": True}}, "take_profit.steps: there are no steps."),
        ({"take_profit": {"steps": [{"price_percent": 1, "volume_percent": 50}]}}, "the steps sell 50"),
        ({"stop_loss": {"enabled": True}}, "stop_loss.trigger_price_percent: None is no number."),
        ({"stop_loss": {"enabled": "perhaps"}}, "stop_loss.enabled: 'perhaps' is neither true nor false."),
        (
            {
                "take_profit": {
                    "steps": [
                        {"price_percent": 1, "volume_percent": 50, "trailing": {"percent": 1}},
                        {"price_percent": 2, "volume_percent": 50},
                    ]
                }
            },
            "take_profit.steps[0].trailing: only the last step can trail.",
        ),
        ({**strategy("buy", "flat", "up")}, "strategy_info.market_position: 'up' is no position."),
    ],
)
def test_a_message_that_is_no_signal_is_refused_with_the_reason(changes, words):
    found = heard(**changes)
    assert isinstance(found, Refusal)
    assert words in found.reason


def test_a_replay_is_refused():
    first = heard()
    again = translate(MESSAGE, LONG, FREE, now=NOW + 5000, last_price=D(99), heard={first.wish})
    assert "heard before" in again.reason


def test_the_order_of_a_messages_fields_and_its_secret_do_not_make_it_another():
    turned = dict(reversed(MESSAGE.items()))
    assert identity(MESSAGE, NOW) == identity(turned | {"secret": "other"}, NOW + 1)


def test_a_message_that_does_not_say_when_it_was_sent_may_come_again():
    timeless = {"action": "enter_long"}
    assert identity(timeless, NOW) != identity(timeless, NOW + 1)


def test_a_wish_can_be_an_orders_name():
    assert len(MORE + heard().wish) <= 40


def test_any_age_is_allowed_only_where_the_settings_say_so():
    assert too_late(None, NOW, None) is None
    assert too_late(NOW - 300_000, NOW, 300) is None
    assert too_late(NOW - 300_001, NOW, 300) is not None


def test_a_backtest_hears_nothing_after_the_bot_was_disabled():
    signals = [enter("a"), signal("disable", "b"), leave("c")]
    assert [each.wish for each in while_enabled(signals)] == ["a", "b"]
