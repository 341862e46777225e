"""What orders can be filtered and sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from botplatform.accounts.models import User
from botplatform.bots.models import Bot, Order
from botplatform.dashboard.lists.filters import SpanFilters, bots_called, choices, kind_field, own_markets

_GOING_ON = [state for state in Order.State if state not in Order.OVER]
STATES = (
    ("going-on", "not over yet"),
    *((state.value, state.label) for state in Order.State),
)
_BY = {"created": "created_at", "updated": "updated_at"}


class OrderFilters(SpanFilters):
    COLUMNS = tuple(_BY)
    DEFAULT = "-created"

    bot = forms.CharField(
        label="Bot",
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "part of a name", "autocomplete": "off"}),
    )
    state = choices("State", "every state", STATES)
    side = choices("Side", "both sides", (("buy", "buy"), ("sell", "sell")))
    kind = kind_field()
    field_order = ("bot", "state", "side", "kind", "market", "since", "until")

    def __init__(self, owner: User, data: Mapping[str, Any], **kwargs: Any) -> None:
        self._owner = owner
        super().__init__(data, more={"market": choices("Market", "every market", own_markets(owner))}, **kwargs)

    def rows(self) -> QuerySet[Order]:
        """The orders that are asked for, in order. None while a filter has a mistake."""
        found = Order.objects.filter(owner=self._owner).select_related("bot", "market", "deal")
        if not self.is_valid():
            return found.none()
        said = self.cleaned_data
        if said["bot"]:
            found = found.filter(bot__in=list(bots_called(self._owner, said["bot"]).values_list("pk", flat=True)))
        if said["kind"]:
            ids = Bot.objects.filter(owner=self._owner, kind=said["kind"]).order_by().values_list("pk", flat=True)
            found = found.filter(bot__in=list(ids))
        if said["market"]:
            found = found.filter(market=said["market"])
        if said["side"]:
            found = found.filter(side=said["side"])
        if said["state"] == "going-on":
            found = found.filter(state__in=_GOING_ON)
        elif said["state"]:
            found = found.filter(state=said["state"])
        column = _BY[self.sort.lstrip("-")]
        sign = "-" if self.sort.startswith("-") else ""
        return found.filter(**self.between("created_at")).order_by(f"{sign}{column}", f"{sign}pk")
