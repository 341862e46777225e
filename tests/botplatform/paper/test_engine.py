"""What must be true of book and engine whatever happens."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from botplatform.paper.accounts import Account
from botplatform.paper.book import Book
from botplatform.paper.engine import Cut, Engine
from botplatform.paper.errors import Refusal
from botplatform.paper.markets import MARKETS
from botplatform.paper.money import ZERO, ceil8
from botplatform.paper.orders import Order, Wanted

MARKET = MARKETS["ETHBTC"]  # its tick times its lot has nine decimals: the hardest to round
SYMBOL = MARKET.symbol
START = {"ETH": Decimal(20), "BTC": Decimal(1)}
PRICES = st.integers(4990, 5010).map(lambda ticks: ticks * MARKET.tick)
QUANTITIES = st.integers(20, 40_000).map(lambda lots: lots * MARKET.lot)
SIDES = st.sampled_from(["BUY", "SELL"])
PEOPLE = st.integers(1, 3)

limits = st.tuples(
    st.just("limit"),
    PEOPLE,
    SIDES,
    PRICES,
    QUANTITIES,
    st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK"]),
    st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]),
)
markets = st.tuples(
    st.just("market"), PEOPLE, SIDES, st.booleans(), QUANTITIES, st.sampled_from(["NONE", "EXPIRE_MAKER"])
)
house = st.tuples(st.just("house"), SIDES, PRICES, QUANTITIES, st.booleans())
cancels = st.tuples(st.just("cancel"), PEOPLE, st.integers(0, 5))
cuts = st.tuples(st.just("cut"), st.sampled_from(["0", "0.3", "0.9"]))
actions = st.lists(st.one_of(limits, limits, markets, house, house, cancels, cuts), min_size=8, max_size=40)


def engine_with_three_people() -> Engine:
    engine = Engine({SYMBOL: MARKET}, lambda _symbol: MARKET.start)
    for number, rate in ((1, "0.001"), (2, "0.00075"), (3, "0")):
        account = Account(id=number, maker=Decimal(rate), taker=Decimal(rate))
        for asset, amount in START.items():
            account.balance(asset).free = amount
        engine.accounts[number] = account
    return engine


def act(engine: Engine, action) -> None:
    kind, *values = action
    if kind == "limit":
        who, side, price, quantity, time_in_force, stp = values
        wish = {"price": price, "quantity": quantity, "time_in_force": time_in_force, "stp": stp, "type": "LIMIT"}
        engine.place(engine.accounts[who], Wanted(symbol=SYMBOL, side=side, **wish))
    elif kind == "market":
        who, side, by_quote, quantity, stp = values
        amount = {"quote_quantity": quantity / 20} if by_quote else {"quantity": quantity}
        wish = {"time_in_force": "GTC", "stp": stp, "type": "MARKET", **amount}
        engine.place(engine.accounts[who], Wanted(symbol=SYMBOL, side=side, **wish))
    elif kind == "house":
        side, price, quantity, rest = values
        (engine.post if rest else engine.strike)(SYMBOL, side, price, quantity)
    elif kind == "cancel":
        who, number = values
        orders = engine.open_orders(who)
        if orders:
            engine.cancel(orders[number % len(orders)])
    else:
        cuts = [Cut(Decimal(values[0]), 0.0)]
        engine.cut = lambda _order: cuts.pop() if cuts else None


def must_hold(engine: Engine) -> None:
    for asset, amount in START.items():
        everywhere = [account.balance(asset) for account in engine.accounts.values()]
        assert sum((b.free + b.locked for b in everywhere), ZERO) == 3 * amount, "money came or went"
    for number in (1, 2, 3):
        for asset in START:
            balance = engine.accounts[number].balance(asset)
            assert balance.free >= 0
            orders = [o for o in engine.open_orders(number) if engine.ledger.paid_with(o) == asset]
            assert balance.locked == sum((order.locked for order in orders), ZERO), "locked without an order"
        for order in engine.open_orders(number):
            needed = ceil8(order.price * order.remaining) if order.side == "BUY" else order.remaining
            assert order.locked == needed, "an order locks more or less than it may still cost"
    book = engine.books[SYMBOL]
    bid, ask = book.best_price("BUY"), book.best_price("SELL")
    assert bid is None or ask is None or bid < ask, "the book is crossed"
    for side in ("BUY", "SELL"):
        assert all(order.is_open and order.remaining > 0 for order in book.orders(side))


@settings(max_examples=200, deadline=None)
@given(actions)
def test_no_money_comes_or_goes_and_no_balance_falls_below_zero(script):
    engine = engine_with_three_people()
    for action in script:
        with suppress(Refusal):
            act(engine, action)
        must_hold(engine)


@settings(max_examples=100, deadline=None)
@given(actions)
def test_trade_ids_ascend_and_an_order_s_trades_add_up_to_what_it_executed(script):
    engine = engine_with_three_people()
    for action in script:
        with suppress(Refusal):
            act(engine, action)
    changes = engine.ledger.take_changes()
    ids = [trade.id for trade in changes.prints]
    assert ids == sorted(set(ids))
    for order in changes.orders:
        mine = [trade for trade in changes.trades if trade.order_id == order.id]
        assert sum((trade.quantity for trade in mine), ZERO) == order.executed
        assert sum((trade.quote for trade in mine), ZERO) == order.quote_done
        assert order.executed <= order.quantity
        assert order.is_open or order.locked == 0


def _order(number: int, side, price: Decimal, quantity: Decimal) -> Order:
    return Order(
        symbol=SYMBOL,
        id=number,
        account=1,
        client_id="",
        side=side,
        type="LIMIT",
        time_in_force="GTC",
        price=price,
        quantity=quantity,
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(SIDES, PRICES, QUANTITIES), max_size=40), st.data())
def test_the_book_serves_the_better_price_first_and_the_earlier_order_at_the_same_price(entries, data):
    book = Book()
    orders = [_order(number, *entry) for number, entry in enumerate(entries)]
    for order in orders:
        book.add(order)
    gone = data.draw(st.sets(st.sampled_from(orders))) if orders else set()
    for order in gone:
        book.remove(order)
        book.remove(order)
    left = [order for order in orders if order not in gone]
    bids = sorted((o for o in left if o.side == "BUY"), key=lambda o: (-o.price, o.id))
    asks = sorted((o for o in left if o.side == "SELL"), key=lambda o: (o.price, o.id))
    assert list(book.orders("BUY")) == bids
    assert list(book.orders("SELL")) == asks
    assert book.best("BUY") is (bids[0] if bids else None)
    assert sum((amount for _, amount in book.depth("SELL", 5000)), ZERO) == sum((o.remaining for o in asks), ZERO)
