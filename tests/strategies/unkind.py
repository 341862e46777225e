"""An exchange at least as unkind as the real thing."""

from decimal import Decimal as D

from msgspec.structs import replace

from strategies.orders import Fill, OpenOrder, Side
from strategies.reconcile import Cancel

NOW = 1_767_225_600_000


class UnkindExchange:
    """Cancels when it gets round to it, fills in parts, takes fees in any asset, reports some trades twice."""

    def __init__(self, market):
        self.market = market
        self.open = {}
        self.trades = 0

    def carry_out(self, step):
        if isinstance(step, Cancel):
            self.open[step.name] = replace(self.open[step.name], leaving=True)
        else:
            assert step.order.name not in self.open, "an order was placed while it was open"
            self.open[step.order.name] = OpenOrder(order=step.order, remaining=step.amount)

    def settle(self):
        self.open = {name: piece for name, piece in self.open.items() if not piece.leaving}

    def trade(self, price, share, asset):
        """Everything open that could trade at `price` trades this share of what is left of it."""
        market = self.market
        for name, piece in list(self.open.items()):
            order = piece.order
            if order.price is not None and (price >= order.price if order.side is Side.BUY else price <= order.price):
                continue
            amount = min(market.amount_up(piece.remaining * share), piece.remaining)
            rest = piece.remaining - amount
            self.open[name] = replace(piece, remaining=rest)
            if not rest:
                del self.open[name]
            at = order.price or price
            self.trades += 1
            yield Fill(
                order=name,
                side=order.side,
                amount=amount,
                price=at,
                fee=amount * D("0.001") * (1 if asset == market.base else at),
                fee_asset=asset if order.side is Side.BUY else market.quote,
                at=NOW + 1000 * self.trades,
                trade_id=str(self.trades),
            )
