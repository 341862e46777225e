"""Bots, deals, orders, fills and what happened to them.

These rows say what was wished. What exists is the exchange's to say, and what was sent and filled the signer's;
the runner brings these rows into line with both.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from django.conf import settings
from django.db import models

from botplatform.bots.studies.models import Study
from botplatform.bots.sums.models import DailyProfit
from botplatform.bots.sweeps.models import Sweep, SweepChunk
from botplatform.bots.touching import Touching
from botplatform.exchanges.models import ExchangeAccount
from botplatform.lib.money import MoneyField
from botplatform.markets.models import Market
from strategies.deal import Carried, Ending
from strategies.deal import Deal as DealState
from strategies.kinds import from_json, state_from_text
from strategies.orders import Fill as FillState
from strategies.orders import Order as WantedOrder
from strategies.orders import Side
from strategies.settings import SettingsRefused
from strategies.strategy import Strategy

__all__ = ["Bot", "BotEvent", "DailyProfit", "Deal", "Fill", "Order", "SettingsChange", "Study", "Sweep", "SweepChunk"]


class Bot(models.Model):
    """A bot: settings of some kind on markets of one account, and one grant in the vault.

    `market` is the first of its markets; `pairs` has them all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bots")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="bots")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="bots")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, default="dca")
    settings = models.JSONField()
    enabled = models.BooleanField(default=False)  # whether it opens new deals; open ones are always looked after
    started_at = models.DateTimeField(null=True, blank=True)  # by its user, the last time: its deals count from there
    grant = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    grant_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    realised = MoneyField(default="0")  # by its closed deals, in quote, after fees
    deals_closed = models.PositiveIntegerField(default=0)
    touched = models.BigIntegerField(default=0)  # see botplatform.bots.touching

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["owner", "created_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def strategy(self) -> Strategy:
        """Its settings as the object that answers. Raises SettingsRefused."""
        return from_json(self.kind, self.settings)


class Deal(Touching):
    """One round trip. It keeps the settings with which it was opened: editing a bot changes new deals only."""

    class Wish(models.TextChoices):
        """What the user asked for; the runner does it."""

        NONE = "", "none"
        CLOSE = "close", "close at market"
        CANCEL = "cancel", "cancel, keep the coins"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The bot's; its indexes begin with it, so that one of its own would be one too many.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="deals")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="deals")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    settings = models.JSONField()
    opens = models.CharField(max_length=4, default="buy")  # the side of its first order: a short sells first
    price = MoneyField()  # the market's price when it was opened
    carried_amount = MoneyField(default="0")
    carried_cost = MoneyField(default="0")
    wish = models.CharField(max_length=10, choices=Wish, default=Wish.NONE, blank=True)
    ending = models.CharField(max_length=30, default="", blank=True)
    memory = models.TextField(default="", blank=True)  # the strategy's own state, as its kind writes it
    edited = models.PositiveIntegerField(default=0)  # how often its settings were changed
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    realised = MoneyField(default="0")  # profit in quote, after fees; so far, and final when closed
    rank = models.FloatField(default=0)  # about `realised`: to sort by, and for nothing else
    held = MoneyField(default="0")  # coins now; of a short, below zero, what it owes
    paid = MoneyField(default="0")  # what they have cost in quote; of a short, below zero, what they were sold for

    class Meta:
        ordering = ["-opened_at"]
        indexes = [
            models.Index(fields=["owner", "opened_at", "id"]),
            models.Index(fields=["owner", "closed_at", "id"]),
            models.Index(fields=["owner", "rank", "id"]),
            models.Index(fields=["bot", "-opened_at"]),
            models.Index(fields=["bot", "closed_at"]),
            models.Index(fields=["owner", "bot"], condition=models.Q(closed_at=None), name="open_deals"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["bot", "number"], name="deals_are_numbered"),
            models.UniqueConstraint(
                fields=["bot", "market"], condition=models.Q(closed_at=None), name="one_open_deal_a_market_of_a_bot"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bot} #{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.owner_id = self.bot.owner_id
        super().save(*args, **kwargs)

    @property
    def strategy(self) -> Strategy:
        return from_json(self.kind, self.settings)

    def state(self, fills: Iterable[Fill] | None = None) -> DealState:
        """The deal as strategies know it, from its rows."""
        rows = Fill.objects.filter(order__deal=self).select_related("order") if fills is None else fills
        return DealState.of(
            (row.state for row in sorted(rows, key=lambda row: row.learned)),
            market=self.market.rules,
            price=self.price,
            opened_at=int(self.opened_at.timestamp() * 1000),
            carried=Carried(amount=self.carried_amount, cost=self.carried_cost),
            ending=Ending(self.ending) if self.ending else None,
            opens=Side(self.opens),
            state=self._remembered(),
        )

    def _remembered(self) -> msgspec.Struct | None:
        """What its strategy remembers; nothing while its settings are those of another version and cannot be read."""
        try:
            return state_from_text(self.strategy, self.memory)
        except SettingsRefused:
            return None


class Order(Touching):
    """One generation of an order of a deal, from before it was sent.

    `total` and `at_market` are the strategy's wish for the whole order; `amount` and `price` what this piece was
    sent with.
    """

    class State(models.TextChoices):
        WISHED = "wished", "about to be sent"  # the signer may or may not have heard of it
        REFUSED = "refused", "refused by the signer"
        SENDING = "sending", "being sent"
        ACCEPTED = "accepted", "open"
        UNKNOWN = "unknown", "being looked up"
        ABSENT = "absent", "never arrived"
        REJECTED = "rejected", "rejected by the exchange"
        FILLED = "filled", "filled"
        CANCELLED = "cancelled", "cancelled"
        EXPIRED = "expired", "expired"

    OVER = (State.REFUSED, State.ABSENT, State.REJECTED, State.FILLED, State.CANCELLED, State.EXPIRED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="orders")
    # The deal's, here as well: lists of orders are filtered by them.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+", db_index=False)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    generation = models.PositiveIntegerField()
    side = models.CharField(max_length=4)
    total = MoneyField()
    at_market = models.BooleanField(default=False)
    amount = MoneyField()
    price = MoneyField()
    state = models.CharField(max_length=10, choices=State, default=State.WISHED)
    filled = MoneyField(default="0")
    client_order_id = models.CharField(max_length=36, default="", blank=True)
    reason = models.CharField(max_length=400, default="", blank=True)
    cancelling = models.BooleanField(default=False)
    last_event = models.BigIntegerField(default=0)  # the newest of the signer's events that it shows
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["deal", "name", "generation"], name="one_row_an_order_generation"),
        ]
        indexes = [
            models.Index(fields=["state"]),
            models.Index(fields=["owner", "created_at", "id"]),
            models.Index(fields=["owner", "updated_at", "id"]),
            models.Index(fields=["owner", "state", "created_at", "id"]),
            models.Index(fields=["owner", "market", "created_at", "id"]),
            models.Index(fields=["owner", "bot", "created_at", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.generation})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        deal = self.deal
        self.owner_id, self.bot_id, self.market_id = deal.owner_id, deal.bot_id, deal.market_id
        super().save(*args, **kwargs)

    @property
    def over(self) -> bool:
        """Whether nothing more can trade under it."""
        return self.state in self.OVER

    @property
    def remaining(self) -> Decimal:
        return self.amount - self.filled

    @property
    def wanted(self) -> WantedOrder:
        """The strategy's order that this is a piece of."""
        return WantedOrder(
            name=self.name,
            side=Side(self.side),
            amount=self.total,
            price=None if self.at_market else self.price,
        )


class Fill(Touching):
    """One trade of an order, as the signer booked it."""

    TOUCHES = "order__bot"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="fills")
    trade_id = models.CharField(max_length=64)
    amount = MoneyField()
    price = MoneyField()
    fee = MoneyField()
    fee_asset = models.CharField(max_length=20)
    maker = models.BooleanField()
    traded_at = models.DateTimeField()
    learned = models.BigIntegerField()  # the number of the signer's event: the order in which fills became known

    class Meta:
        ordering = ["learned"]
        constraints = [models.UniqueConstraint(fields=["order", "trade_id"], name="each_trade_is_one_fill")]

    def __str__(self) -> str:
        return f"{self.amount} @ {self.price}"

    @property
    def touched_bot(self) -> uuid.UUID:
        return self.order.bot_id

    @property
    def state(self) -> FillState:
        return FillState(
            order=self.order.name,
            side=Side(self.order.side),
            amount=self.amount,
            price=self.price,
            fee=self.fee,
            fee_asset=self.fee_asset,
            at=int(self.traded_at.timestamp() * 1000),
            trade_id=self.trade_id,
        )


class BotMarket(models.Model):
    """One market of a bot, and the coins that its last deal there left behind."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="pairs")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(default=0)  # in the bot's list: where slots are few, the first goes first
    carried_amount = MoneyField(default="0")  # dust of its last deal
    carried_cost = MoneyField(default="0")

    class Meta:
        ordering = ["bot", "position"]
        constraints = [models.UniqueConstraint(fields=["bot", "market"], name="a_bot_has_each_market_once")]

    def __str__(self) -> str:
        return f"{self.bot} on {self.market.symbol}"

    @property
    def carried(self) -> Carried:
        return Carried(amount=self.carried_amount, cost=self.carried_cost)


class Wish(models.Model):
    """Something that a user or a signal asks of a bot on one of its markets, done once by the runner.

    `what` has the event's own fields as text. It stands until `done_at`; `refused` says why it could not be.
    """

    class Kind(models.TextChoices):
        START = "start", "start a deal"
        ADD = "add", "add funds"
        REDUCE = "reduce", "close a part"
        SIGNAL = "signal", "signal"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="wishes")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    what = models.JSONField(default=dict)
    identity = models.CharField(max_length=33, default="", blank=True)  # of a message: the same one is heard once
    wished_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    refused = models.CharField(max_length=400, default="", blank=True)

    class Meta:
        ordering = ["wished_at"]
        indexes = [models.Index(fields=["bot", "done_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "market", "identity"], condition=~models.Q(identity=""), name="each_message_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.bot})"

    @property
    def name(self) -> str:
        """Its identity in the deal, short enough for an order's name."""
        return self.identity or self.id.hex[:16]


class BotEvent(Touching):
    """A line of the bot's timeline; errors stand in its inbox until they are dismissed."""

    class Level(models.TextChoices):
        INFO = "info"
        ERROR = "error"

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="events")
    deal = models.ForeignKey(Deal, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    level = models.CharField(max_length=5, choices=Level, default=Level.INFO)
    code = models.CharField(max_length=40, default="", blank=True)
    text = models.CharField(max_length=600)
    dismissed = models.BooleanField(default=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["bot", "-at"]),
            models.Index(fields=["bot"], condition=models.Q(level="error", dismissed=False), name="errors_in_inboxes"),
        ]

    def __str__(self) -> str:
        return self.text


class SettingsChange(models.Model):
    """A bot's settings before and after its owner changed them."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.bot} at {self.at:%Y-%m-%d %H:%M}"
