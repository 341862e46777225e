"""Filters of a list: a form whose values stand in the address. A bad value is told at its field and filters nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from botplatform.accounts.models import User
from botplatform.bots.models import Bot
from botplatform.markets.models import Market
from strategies.kinds import KINDS

KIND_NAMES: Mapping[str, str] = {
    "dca": "DCA",
    "grid": "Grid",
    "rebalance": "Portfolio",
    "recurring": "Recurring buys",
    "signal": "Signal",
    "smart": "Smart trade",
    "twap": "TWAP",
}
_SORT, _PAGE = "sort", "page"


def kind_name(kind: str) -> str:
    return KIND_NAMES.get(kind, kind)


class Filters(forms.Form):
    """Fields that may all be left empty. `COLUMNS` are what can be sorted by, `DEFAULT` how it is sorted at first."""

    COLUMNS: tuple[str, ...] = ()
    DEFAULT = ""

    def __init__(self, data: Mapping[str, Any], more: Mapping[str, forms.Field] | None = None, **kwargs: Any) -> None:
        """`more`: fields that depend on whose rows these are."""
        super().__init__(data, auto_id="filter-%s", **kwargs)
        self.fields.update(more or {})
        self.order_fields(self.field_order)
        for name, field in self.fields.items():
            field.required = False
            kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs.update({"class": kind, "aria-describedby": f"error-{name}"})
        asked = str(data.get(_SORT, ""))
        self.sort = asked if asked.lstrip("-") in self.COLUMNS else self.DEFAULT
        page = str(data.get(_PAGE, "1"))
        self.page = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 and int(page) else 1  # noqa: PLR2004 - digits

    def address(self, **other: Any) -> str:
        """The query of an address that shows this, or the same with something `other`; empty values are left out."""
        said = {name: self.data.get(name, "") for name in self.fields}
        found = {**said, _SORT: "" if self.sort == self.DEFAULT else self.sort, _PAGE: self.page, **other}
        query = QueryDict(mutable=True)
        for name, value in found.items():
            if value not in ("", None) and (name, value) != (_PAGE, 1):
                query[name] = str(value)
        return query.urlencode()

    @property
    def in_use(self) -> bool:
        """Whether anything is filtered."""
        return any(self.data.get(name) for name in self.fields)

    @property
    def error_places(self) -> str:
        """Where the errors stand, as a list of selectors."""
        return ",".join(f"#error-{name}" for name in self.fields)


class SpanFilters(Filters):
    """With the days between which something happened, both included, in UTC."""

    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", "This is before the first day.")
        return found

    def between(self, column: str) -> dict[str, datetime]:
        """Conditions on a column of times."""
        found = {}
        if since := self.cleaned_data.get("since"):
            found[f"{column}__gte"] = datetime.combine(since, time(), UTC)
        if until := self.cleaned_data.get("until"):
            found[f"{column}__lt"] = datetime.combine(until, time(), UTC) + timedelta(days=1)
        return found


def bots_called(owner: User, name: str) -> QuerySet[Bot]:
    """This person's bots with these letters in their name; a bot's own id means it alone."""
    mine = Bot.objects.filter(owner=owner).order_by()
    try:
        return mine.filter(pk=UUID(name))
    except ValueError:
        return mine.filter(name__icontains=name)


def kind_field() -> forms.ChoiceField:
    choices = [("", "every kind"), *((kind, kind_name(kind)) for kind in sorted(KINDS))]
    return forms.ChoiceField(label="Kind", choices=choices)


def choices(label: str, anything: str, known: Iterable[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", anything), *known])


def own_markets(owner: User) -> list[tuple[str, str]]:
    """Markets of this person's bots, to choose from."""
    rows = Market.objects.filter(pk__in=Bot.objects.filter(owner=owner).order_by().values("market").distinct())
    return [(str(row.pk), f"{row.symbol} ({row.exchange})") for row in rows]
