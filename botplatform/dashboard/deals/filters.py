"""What deals can be filtered and sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import F, QuerySet

from botplatform.accounts.models import User
from botplatform.bots.models import Deal
from botplatform.dashboard.lists.filters import SpanFilters, bots_called, choices, kind_field, own_markets

STATES = (("open", "open"), ("closed", "closed"), ("gain", "closed with a gain"), ("loss", "closed with a loss"))
_BY = {"opened": "opened_at", "closed": "closed_at", "profit": "rank"}


class DealFilters(SpanFilters):
    COLUMNS = tuple(_BY)
    DEFAULT = "-opened"

    bot = forms.CharField(
        label="Bot",
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "part of a name", "autocomplete": "off"}),
    )
    state = choices("State", "every state", STATES)
    kind = kind_field()
    field_order = ("bot", "state", "kind", "market", "since", "until")

    def __init__(self, owner: User, data: Mapping[str, Any], **kwargs: Any) -> None:
        self._owner = owner
        super().__init__(data, more={"market": choices("Market", "every market", own_markets(owner))}, **kwargs)

    def rows(self) -> QuerySet[Deal]:
        """The deals that are asked for, in order. None while a filter has a mistake."""
        found = Deal.objects.filter(owner=self._owner).select_related("bot", "market")
        if not self.is_valid():
            return found.none()
        said = self.cleaned_data
        if said["bot"]:
            found = found.filter(bot__in=bots_called(self._owner, said["bot"]))
        if said["kind"]:
            found = found.filter(kind=said["kind"])
        if said["market"]:
            found = found.filter(market=said["market"])
        match said["state"]:
            case "open":
                found = found.filter(closed_at=None)
            case "closed":
                found = found.filter(closed_at__isnull=False)
            case "gain":
                found = found.filter(closed_at__isnull=False, rank__gt=0)
            case "loss":
                found = found.filter(closed_at__isnull=False, rank__lt=0)
        column = _BY[self.sort.lstrip("-")]
        falling = self.sort.startswith("-")
        by = F(column).desc(nulls_first=True) if falling else F(column).asc(nulls_last=True)
        return found.filter(**self.between("opened_at")).order_by(by, "-pk" if falling else "pk")
