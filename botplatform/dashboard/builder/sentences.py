"""What each section of a bot's settings comes to, in one sentence, so that a folded section can be read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import singledispatch

from botplatform.dashboard.figures import money, percent
from botplatform.lib.money import written
from strategies.conditions.conditions import Conditions
from strategies.dca import DCA
from strategies.dca.choices import Direction, Reckoned, VolumeIn
from strategies.exits import Step, StopLoss
from strategies.grid import Beyond, Grid, StopAction
from strategies.market import ONE, ZERO, Market
from strategies.orders import OrderType, Side
from strategies.rebalance import Rebalance
from strategies.recurring import Recurring
from strategies.signal_bot import ExitsFrom, SignalBot
from strategies.smart import SmartTrade
from strategies.smart.settings import Entry
from strategies.strategy import Strategy
from strategies.twap import TWAP

Said = Mapping[str, str]
_KEYS = ("market", "entry", "averaging", "exit", "protection")


@singledispatch
def sentences(strategy: Strategy, market: Market) -> Said:
    """A sentence for each section."""
    del strategy, market
    return dict.fromkeys(_KEYS, "")


def _said(market: str, entry: str, averaging: str, leaving: str, protection: str) -> Said:
    return dict(zip(_KEYS, (market, entry, averaging, leaving, protection), strict=True))


@sentences.register
def _dca(bot: DCA, market: Market) -> Said:
    long = bot.direction is Direction.LONG
    unit = {VolumeIn.QUOTE: market.quote, VolumeIn.BASE: market.base, VolumeIn.PERCENT: "% of the free balance"}
    deals = "" if bot.deals_at_once == 1 else f", at most {bot.deals_at_once} deals at once"
    entry = f"{written(bot.base_order)} {unit[bot.volume_in]} at {bot.base_order_type.value}"
    return _said(
        f"{'Long' if long else 'Short'} on {market.symbol}{deals}",
        f"{entry}, {_when(bot.start_conditions)}",
        _ladder(bot, unit[bot.volume_in], long=long),
        _dca_exit(bot, long=long),
        _dca_protection(bot),
    )


def _ladder(bot: DCA, unit: str, *, long: bool) -> str:
    offers, word = bot.offers, "buys" if long else "sells"
    if not offers:
        return f"No further {word}"
    deepest = max(offer.deviation for offer in offers)
    whole = sum((offer.size for offer in offers), ZERO)
    away = percent(-deepest if long else deepest)
    count = f"{len(offers)} {word if len(offers) > 1 else word[:-1]}"
    reach = f"down to {away}" if long else f"up to {away}"
    if bot.averaging_conditions is not None:
        reach += f" while {_conditions(bot.averaging_conditions)}"
    return f"{count} {reach}, {money(whole)} {unit} in all"


def _dca_exit(bot: DCA, *, long: bool) -> str:
    verb = "Sells" if long else "Buys back"
    of = "of the whole cost" if bot.take_profit_from is Reckoned.TOTAL else "of the base order"
    parts = []
    if bot.take_profit is not None:
        follow = "" if bot.trailing is None else f", and follows the price from there by {_plain(bot.trailing)}"
        parts.append(f"{verb} all at {percent(bot.take_profit)} {of}{follow}")
    elif bot.take_profit_steps:
        steps = ", ".join(f"{_plain(step.share)} at {percent(step.profit)}" for step in bot.take_profit_steps)
        parts.append(f"{verb} {steps}")
    if bot.close_conditions is not None:
        least = "" if bot.close_profit is None else f" at {percent(bot.close_profit)} or more"
        parts.append(f"{'or ' if parts else 'Ends '}when {_conditions(bot.close_conditions)}{least}")
    return ", ".join(parts)


def _dca_protection(bot: DCA) -> str:
    if bot.stop_loss is None:
        said = "No stop loss: a deal waits as long as it takes"
    else:
        of = "the whole cost" if bot.stop_loss_from is Reckoned.TOTAL else "the base order"
        follows = ", following the best price" if bot.trailing_stop else ""
        said = f"Gives up {_plain(bot.stop_loss)} from {of}{follows}"
        if bot.stop_loss_timeout:
            said += f", after {_time(bot.stop_loss_timeout)}"
    if bot.deal_timeout is not None:
        said += f"; at the latest after {_time(bot.deal_timeout)}"
    return said


@sentences.register
def _grid(bot: Grid, market: Market) -> Said:
    tick = market.quote
    if bot.upper is None:
        reach = f"From {written(bot.lower)} {tick} upwards without end, a line every {_plain(bot.step)}"
    else:
        reach = f"{bot.lines} lines from {written(bot.lower)} to {written(bot.upper)} {tick}, {bot.spacing.value}"
    each = (
        f"{written(bot.quote_a_line)} {market.quote} a line"
        if bot.quote_a_line is not None
        else f"{written(bot.base_a_line or ZERO)} {market.base} a line"
    )
    profit = f"profit in {market.quote if bot.profit_in == 'quote' else market.base}"
    leaving = [
        *([f"at {percent(bot.take_profit)} of what was put in"] if bot.take_profit is not None else []),
        *([f"at {written(bot.take_profit_price)} {tick}"] if bot.take_profit_price is not None else []),
    ]
    coins = f", with {written(bot.coins_held)} {market.base} of yours" if bot.coins_held else ""
    return _said(
        f"{market.symbol}{coins}",
        reach,
        f"{each}, {profit}",
        f"Sells all and ends {' or '.join(leaving)}" if leaving else "Goes on until you end it",
        _grid_protection(bot, market),
    )


_ACTIONS = {
    StopAction.STOP: "keeps the coins",
    StopAction.SELL: "sells all",
    StopAction.BUY: "buys with all its quote",
    StopAction.CLOSE: "undoes what it traded",
}


def _grid_protection(bot: Grid, market: Market) -> str:
    parts = []
    if bot.stop_below is not None:
        parts.append(f"at {written(bot.stop_below)} {market.quote} it {_ACTIONS[bot.stop_below_action]}")
    if bot.stop_above is not None:
        parts.append(f"at {written(bot.stop_above)} {market.quote} it {_ACTIONS[bot.stop_above_action]}")
    for name, way in (("above", bot.above), ("below", bot.below)):
        if way is not Beyond.STAY:
            parts.append(f"{way.value}s {name} the range")
    return _capital(", ".join(parts)) or "No stop: outside the range it waits"


@sentences.register
def _smart(bot: SmartTrade, market: Market) -> Said:
    amount = (
        f"{written(bot.base_amount or ZERO)} {market.base}"
        if bot.quote_amount is None
        else f"{written(bot.quote_amount)} {market.quote}"
    )
    entry = {
        Entry.MARKET: f"{amount} at market, at once",
        Entry.LIMIT: f"{amount} at {_price(bot.price, market)}",
        Entry.CONDITIONAL: f"{amount} once the price is {bot.crossing.value} {_price(bot.trigger, market)}",
        Entry.HELD: f"{amount} that you hold already, bought at {_price(bot.price, market)}",
    }[bot.entry]
    first, after = ("Buys", "sells") if bot.side is Side.BUY else ("Sells", "buys")
    return _said(
        f"{first} {market.base}, then {after} it back",
        entry,
        "No time limit" if bot.timeout is None else f"Closed after {_time(bot.timeout)} at the latest",
        _steps(bot.take_profit, bot.trailing, market),
        _stop(bot.stop_loss, market),
    )


@sentences.register
def _signal(bot: SignalBot, market: Market) -> Said:
    lag = "of any age" if bot.max_lag is None else f"at most {_time(bot.max_lag)} old"
    own = bot.exits_from is ExitsFrom.BOT
    entries = "1 entry" if bot.entries == 1 else f"{bot.entries} entries"
    return _said(
        f"{'Long' if bot.side is Side.BUY else 'Short'} on {market.symbol}",
        f"{written(bot.order_amount)} {market.quote} when a signal comes, {lag}",
        f"{entries} a position, {written(bot.max_position)} {market.quote} at most",
        _steps(bot.take_profit, bot.trailing, market) if own else "As the signal says",
        _stop(bot.stop_loss, market) if own else "As the signal says",
    )


def _steps(steps: tuple[Step, ...], trailing: Decimal | None, market: Market) -> str:
    if not steps:
        return "No take profit: you close it, or an exit signal does"
    said = ", ".join(
        f"{_plain(step.share)} at {_price(step.price, market) if step.profit is None else percent(step.profit)}"
        for step in steps
    )
    return f"Takes {said}" + ("" if trailing is None else f", the last one following the price by {_plain(trailing)}")


def _stop(stop: StopLoss | None, market: Market) -> str:
    if stop is None:
        return "No stop loss"
    where = []
    if stop.loss is not None:
        where.append(f"{_plain(stop.loss)} against it{', following the best price' if stop.trailing else ''}")
    if stop.price is not None:
        where.append(f"at {_price(stop.price, market)}")
    if stop.break_even_after is not None:
        where.append(f"at break-even after take profit {stop.break_even_after}")
    late = f", if it stays there {_time(stop.timeout)}" if stop.timeout else ""
    return f"Gives up {' and '.join(where)}{late}" + ("" if stop.order is OrderType.MARKET else ", by a limit order")


@sentences.register
def _recurring(bot: Recurring, market: Market) -> Said:
    amount = (
        f"{written(bot.base or ZERO)} {market.base}" if bot.quote is None else f"{written(bot.quote)} {market.quote}"
    )
    times = {
        "hour": f"every hour at minute {bot.minute}",
        "day": f"every day at {bot.hour:02}:{bot.minute:02} UTC",
        "week": f"every {_DAYS[bot.weekday - 1]} at {bot.hour:02}:{bot.minute:02} UTC",
        "month": f"on day {bot.day} of each month at {bot.hour:02}:{bot.minute:02} UTC",
    }
    dips = [
        *([f"a limit {_plain(bot.below)} below the price"] if bot.below is not None else []),
        *([f"{written(bot.dip_factor)} times as much {_plain(bot.dip)} below the average"] if bot.dip else []),
    ]
    limits = [
        *([f"{written(bot.budget)} {market.quote} in all"] if bot.budget is not None else []),
        *([f"never above {_price(bot.highest_price, market)}"] if bot.highest_price is not None else []),
    ]
    ends = "" if bot.purchases is None else f", {bot.purchases} purchases"
    return _said(
        f"{amount} of {market.base}",
        _capital(times[bot.every.value]),
        _capital(", ".join(dips)) or "At the market, always the same amount",
        (f"Sells all at {percent(bot.take_profit)}" if bot.take_profit is not None else "Keeps the coins") + ends,
        _capital(", ".join(limits)) or "No limit to what it spends",
    )


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@sentences.register
def _rebalance(bot: Rebalance, market: Market) -> Said:
    shares = ", ".join(f"{coin.symbol.partition('/')[0]} {_plain(coin.weight)}" for coin in bot.coins)
    rest = ONE - sum((coin.weight for coin in bot.coins), ZERO)
    when = [
        *([f"every {_time(bot.every * 60)}"] if bot.every is not None else []),
        *([f"when a share is {_plain(bot.drift)} away"] if bot.drift is not None else []),
    ]
    return _said(
        shares + (f", the rest, {_plain(rest)}, in {market.quote}" if rest else ""),
        f"{money(bot.cash)} {market.quote}, of which {_plain(bot.spare)} stays unspent",
        _capital(" or ".join(when)),
        f"Distances are measured in {'points' if bot.measured == 'points' else 'parts of the share'}",
        f"A coin less than {written(bot.smallest_trade)} {market.quote} away is left alone",
    )


@sentences.register
def _twap(bot: TWAP, market: Market) -> Said:
    amount = (
        f"{written(bot.base or ZERO)} {market.base}" if bot.quote is None else f"{written(bot.quote)} {market.quote}"
    )
    word = "no higher" if bot.side is Side.BUY else "no lower"
    return _said(
        f"{'Buys' if bot.side is Side.BUY else 'Sells'} {market.base}",
        amount,
        f"{bot.slices} slices over {_time(bot.duration)}",
        "A slice that did not trade is skipped" if bot.missed == "skip" else "The next slice makes up for a missed one",
        "At any price" if bot.worst_price is None else f"At {_price(bot.worst_price, market)} and {word}",
    )


def _when(conditions: Conditions | None) -> str:
    return "as soon as it can" if conditions is None else f"when {_conditions(conditions)}"


def _conditions(conditions: Conditions) -> str:
    return " and ".join(each.words() for each in conditions)


def _price(price: Decimal | None, market: Market) -> str:
    return "?" if price is None else f"{written(price)} {market.quote}"


def _plain(fraction: Decimal | None) -> str:
    return "" if fraction is None else f"{written(fraction.scaleb(2))} %"


def _time(seconds: int) -> str:
    for length, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % length == 0 and seconds >= length:
            count = seconds // length
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds} s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
