from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from vault.messages.answers import State

DIGITS = 40  # canonical decimal strings: SQLite would turn NUMERIC into floats
PRODUCT = 100  # a price times an amount, and sums of such, exact


class Number(models.BigAutoField):  # type: ignore[type-arg]  # only its stubs take arguments
    """Numbers rows that stay. SQLite need not remember the highest one elsewhere: it is the last row's."""

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str | None:
        return None if connection.vendor == "sqlite" else super().db_type_suffix(connection)


class Installation(models.Model):
    """This installation's id. It is in every client order id, so that a copy never sweeps another's orders."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key = models.CharField(max_length=32)
    first_event = models.BigIntegerField(default=1)  # after a recovery: above every number that was ever told


class Order(models.Model):
    """One generation of one order, from before it was sent."""

    FIXED: ClassVar = (
        *("grant", "credential", "exchange", "deal", "name", "generation", "market", "side", "type"),
        *("amount", "price", "client_order_id", "price_order", "exits", "reference", "prepared_at"),
    )

    id = Number(primary_key=True)
    grant = models.UUIDField()
    credential = models.UUIDField()
    exchange = models.CharField(max_length=30)
    deal = models.UUIDField()
    name = models.CharField(max_length=40)
    generation = models.PositiveIntegerField()
    market = models.CharField(max_length=33)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=5)
    amount = models.CharField(max_length=DIGITS)
    price = models.CharField(max_length=DIGITS)
    client_order_id = models.CharField(max_length=36, unique=True)
    exchange_order_id = models.CharField(max_length=64, default="")
    state = models.CharField(max_length=10, choices=[(state.value, state.value) for state in State])
    filled = models.CharField(max_length=DIGITS, default="0")  # the sum of booked trades
    ended_as = models.CharField(max_length=10, default="")  # the exchange's word, until all trades are booked
    ended_filled = models.CharField(max_length=DIGITS, default="")
    reason = models.CharField(max_length=300, default="")
    cancelling = models.BooleanField(default=False)
    misses = models.PositiveSmallIntegerField(default=0)  # agreeing reads that did not find it
    alive = models.BooleanField(default=True)  # it rests or may; what it reserves is given back when it ends
    price_order = models.CharField(max_length=DIGITS, default="")  # the price, so written that texts sort as numbers do
    exits = models.BooleanField(default=False)  # it only reduces the grant's position
    reference = models.CharField(max_length=DIGITS, default="")  # the signer's own fair price when it was checked
    prepared_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)  # the exchange refuses the signed request after this
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "deal", "name", "generation"], name="one_row_an_identity"),
        ]
        indexes = [
            # Whatever an order becomes until it is over, these stay as they are, or are written once.
            models.Index(fields=["credential", "market"], condition=models.Q(alive=True), name="alive_orders"),
            models.Index(
                fields=["credential", "market", "exchange_order_id"],
                condition=~models.Q(exchange_order_id=""),
                name="orders_by_the_exchanges_id",
            ),
            models.Index(fields=["exchange", "market", "side", "alive", "price_order"], name="best_of_ours"),
        ]


class Trade(models.Model):
    """A trade of an account as the exchange numbers it. `order` is None until we know whose it is."""

    FIXED: ClassVar = (
        *("credential", "market", "trade_id", "exchange_order_id", "side", "amount", "price"),
        *("fee", "fee_asset", "maker", "traded_at"),
    )

    credential = models.UUIDField()
    market = models.CharField(max_length=33)
    trade_id = models.CharField(max_length=64)
    exchange_order_id = models.CharField(max_length=64)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="trades")
    side = models.CharField(max_length=4)
    amount = models.CharField(max_length=DIGITS)
    price = models.CharField(max_length=DIGITS)
    fee = models.CharField(max_length=DIGITS)
    fee_asset = models.CharField(max_length=20)
    maker = models.BooleanField()
    traded_at = models.BigIntegerField()  # the exchange's milliseconds since 1970
    grant = models.UUIDField(null=True)  # that of its order
    counted_at = models.DateTimeField(null=True)  # when it was booked to the grant
    slippage = models.CharField(max_length=PRODUCT, default="0")  # quote given away against the order's reference

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential", "market", "trade_id"], name="each_trade_once"),
        ]
        indexes = [
            models.Index(fields=["credential", "market", "exchange_order_id"]),
            models.Index(fields=["grant", "counted_at"], name="a_grants_trades"),
        ]


class Account(models.Model):
    """Where a grant stands, as sums that are kept up with its orders and trades. Money is in its quote currency.

    `python -m vault ledger verify` recounts all of it.
    """

    grant = models.UUIDField(primary_key=True)
    open_orders = models.PositiveIntegerField(default=0)
    resting = models.CharField(max_length=PRODUCT, default="0")  # what is left of its orders, at their prices
    resting_slippage = models.CharField(max_length=PRODUCT, default="0")
    traded = models.CharField(max_length=PRODUCT, default="0")  # by the trades that were counted after `since`
    slipped = models.CharField(max_length=PRODUCT, default="0")  # the same trades
    since = models.DateTimeField()
    cash = models.CharField(max_length=PRODUCT, default="0")  # sold less bought less fees in quote, of all time
    day = models.DateField()
    day_value = models.CharField(max_length=PRODUCT, default="0")  # cash and coins at the day's beginning, marked
    value = models.CharField(max_length=PRODUCT, default="")  # the same when it was last marked


class Holding(models.Model):
    """What a grant has of an asset by its own trades, net of fees, and what of its orders in it rests."""

    FIXED: ClassVar = ("grant", "asset")

    grant = models.UUIDField()
    asset = models.CharField(max_length=20)
    net = models.CharField(max_length=PRODUCT, default="0")
    selling = models.CharField(max_length=PRODUCT, default="0")
    buying = models.CharField(max_length=PRODUCT, default="0")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "asset"], name="one_holding_an_asset")]


class Event(models.Model):
    """Something a runner wants to know, numbered in the order in which it was learned."""

    seq = Number(primary_key=True)
    grant = models.UUIDField(db_index=True)
    # Nothing is looked for by these two, and nothing that they point to is ever deleted.
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False)
    trade = models.ForeignKey(Trade, null=True, on_delete=models.PROTECT, db_index=False)
    told = models.TextField()  # the order as it stood then, JSON
    digest = models.CharField(max_length=64, default="")  # over this event and the digest before it
