"""A grid is its fills: whoever has them has its orders."""

from dataclasses import replace
from decimal import Decimal as D

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strategies.deal import NOTHING_CARRIED, Deal
from strategies.events import Tick
from strategies.grid import Beyond
from strategies.kinds import state_from_text, state_to_text
from strategies.orders import Side
from tests.strategies.grid.exchange import FIVE, MARKET, Desk
from tests.strategies.grid.settings import grids


def again(desk, fills, state):
    """The same deal from its rows."""
    carried = desk.grid.given(desk.deal.price, desk.market) or NOTHING_CARRIED
    ending = desk.deal.ending
    return Deal.of(fills, market=desk.market, price=desk.deal.price, carried=carried, ending=ending, state=state)


@st.composite
def histories(draw, kinds=grids()):  # noqa: B008 - a strategy is a value
    """A desk after some fills, whole and in parts, and some moves of the price."""
    grid = draw(kinds)
    price = draw(st.decimals(85, 115, places=2))
    assume(not any(grid.problems(price, MARKET)))
    desk = Desk(grid, price)
    for _ in range(draw(st.integers(0, 15))):
        wanted = desk.wanted
        if wanted and draw(st.integers(0, 3)):
            order = draw(st.sampled_from(wanted))
            missing = order.amount - desk.deal.filled(order.name)
            part = MARKET.amount_up(missing * draw(st.sampled_from([D("0.3"), D("0.999"), D(1)])))
            if part > 0 and (order.side is Side.BUY or part <= desk.deal.held):
                desk.fill(order.name, min(part, missing), order.price or desk.price)
        else:
            desk.move(desk.price * draw(st.decimals("0.85", "1.15", places=2)))
    return desk


@settings(max_examples=300, deadline=None)
@given(desk=histories(), chance=st.randoms(use_true_random=False))
def test_the_same_fills_in_any_order_want_the_same_orders(desk, chance):
    fills = [*desk.fills, *desk.fills[:3]]  # some of them reported twice
    chance.shuffle(fills)
    state = state_from_text(desk.grid, state_to_text(desk.deal.state))
    deal = again(desk, fills, state)
    assert list(desk.grid.orders(deal)) == desk.wanted
    assert list(desk.grid.watches(deal)) == list(desk.grid.watches(desk.deal))


@settings(max_examples=300, deadline=None)
@given(desk=histories())
def test_one_order_by_name_is_the_one_among_all(desk):
    wanted = {order.name: order for order in desk.wanted}
    assert all(desk.order(name) == order for name, order in wanted.items())
    for number in range(-3, 40):
        label = number if number >= 0 else f"below-{-number}"
        for name in (f"buy-{label}", f"sell-{label}"):
            assert desk.order(name) == wanted.get(name)


@settings(max_examples=300, deadline=None)
@given(desk=histories(), pick=st.integers(0, 50), share=st.sampled_from([D("0.4"), D("0.999"), D(1)]))
def test_a_fill_changes_no_order_but_those_that_are_named(desk, pick, share):
    before, awaited = {order.name: order for order in desk.wanted}, list(desk.grid.watches(desk.deal))
    assume(before)
    order = [*before.values()][pick % len(before)]
    part = min(MARKET.amount_up(desk.missing(order.name) * share), desk.missing(order.name))
    assume(part > 0 and (order.side is Side.BUY or part <= desk.deal.held))
    desk.fill(order.name, part, order.price or desk.price)
    touched = desk.grid.touched(desk.deal, desk.fills[-1])
    if touched is not None:
        after = {order.name: order for order in desk.wanted}
        assert {name for name in before | after if before.get(name) is not after.get(name)} <= set(touched)
        assert list(desk.grid.watches(desk.deal)) == awaited


@settings(max_examples=300, deadline=None)
@given(desk=histories())
def test_without_its_state_a_grid_offers_no_more_than_it_holds_and_asks_for_no_more(desk):
    assume(desk.deal.ending is None)
    deal = again(desk, desk.fills, None)
    desk.grid.on_event(deal, Tick(0, desk.price))
    assume(deal.ending is None)
    wanted = list(desk.grid.orders(deal))
    if [order.name for order in wanted] == ["start"]:
        return
    missing = {order.name: order.amount - deal.filled(order.name) for order in wanted}
    offered = sum(missing[order.name] for order in wanted if order.side is Side.SELL)
    assert offered <= deal.held + MARKET.lot_size * len(wanted)
    asked = sum(missing[order.name] * order.price for order in wanted if order.side is Side.BUY)
    spent = deal.tally.cost - deal.tally.proceeds
    at_market = sum(max(fill.price - deal.price, 0) * fill.amount for fill in desk.fills if fill.order == "start")
    dust = MARKET.min_notional * (len(wanted) + 2)  # a rest of a turn each, and twice as much of the start
    assert spent + asked <= desk.grid.capital(deal.price, MARKET) + at_market + dust


ORDINARY = st.builds(
    lambda lines, quote, active, above: replace(
        FIVE,
        lines=lines,
        quote_a_line=quote,
        active_lines=active,
        above=above,
        highest=D(120) if above is Beyond.EXPAND else None,
    ),
    st.integers(2, 9),
    st.decimals(10, 100, places=1),
    st.none() | st.integers(1, 3),
    st.sampled_from(Beyond),
)


@settings(max_examples=300, deadline=None)
@given(desk=histories(ORDINARY))
def test_whatever_came_before_a_rally_sells_the_coins_of_every_line(desk):
    """No rest of any fill leaves a line stuck with its coins."""
    deal, grid, desk.price = desk.deal, desk.grid, D(120)
    assert desk.wanted

    def due(order):
        """Every sell, and the rest of a buy that has begun."""
        missing = desk.missing(order.name)
        begun = order.price is None or order.side is Side.SELL or missing < plan.by_name[order.name].buy_amount
        return begun and MARKET.accepts(missing, order.price or desk.price)

    plan = deal.plan
    for _ in range(200):
        ready = [order for order in desk.wanted if due(order)]
        if not ready:
            break
        desk.fill(ready[0].name, desk.missing(ready[0].name), ready[0].price or desk.price)
        desk.price = D(120)
    cells = grid.lines + 1  # with those that an expansion added
    assert deal.held * 85 < (cells + 2) * (MARKET.min_notional + 85 * MARKET.lot_size)  # rests at the lowest price


def test_a_grid_that_trails_up_is_found_again_by_its_fills():
    grid = replace(FIVE, above=Beyond.TRAIL)
    desk = Desk(grid, "111")
    desk.move("121")
    desk.fill("buy-5", desk.missing("buy-5"), "115")
    lost = again(desk, desk.fills, None)
    assert list(grid.orders(lost)) == desk.wanted


def test_a_grid_that_expands_is_found_again_by_its_fills_and_the_price():
    grid = replace(FIVE, below=Beyond.EXPAND, lowest=D(70))
    desk = Desk(grid, "111")
    for name in ("buy-3", "buy-2", "buy-1", "buy-0"):
        desk.fill(name, desk.missing(name), desk.order(name).price)
    desk.move("80")
    desk.fill("buy-below-1", desk.missing("buy-below-1"), "80")
    lost = again(desk, desk.fills, None)
    grid.on_event(lost, Tick(0, desk.price))
    assert list(grid.orders(lost)) == desk.wanted
