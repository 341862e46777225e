"""What the table of bots can be filtered and sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from botplatform.accounts.models import User
from botplatform.dashboard.lists.filters import Filters, choices, kind_field, own_markets

STATES = (
    ("running", "running"),
    ("stopped", "stopped"),
    ("deal", "with an open deal"),
    ("error", "with an error"),
)


class BotFilters(Filters):
    """At first what needs attention, then what runs, then the newest."""

    COLUMNS = ("attention", "name", "market", "today", "total", "deals", "created")
    DEFAULT = "-attention"

    q = forms.CharField(
        label="Name",
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "part of a name", "autocomplete": "off"}),
    )
    state = choices("State", "every state", STATES)
    kind = kind_field()

    def __init__(self, owner: User, data: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(data, more={"market": choices("Market", "every market", own_markets(owner))}, **kwargs)
