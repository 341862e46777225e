"""Which markets there are candles of, and which a person's form asks for in vain."""

from __future__ import annotations

from typing import Any

from botplatform.accounts.models import User
from botplatform.bots.models import Bot
from botplatform.bots.studies.asking import intervals
from botplatform.dashboard.backtests.forms import StudyForm
from botplatform.markets.models import Market

_MOST = 40


def missing(owner: User, form: StudyForm) -> list[dict[str, Any]]:
    """This person's markets with what the archive has of each; those that the form complains of come first."""
    ids = Bot.objects.filter(owner=owner).order_by().values("market").distinct()
    rows = Market.objects.filter(pk__in=ids)[:_MOST]
    found = [{"market": row, "intervals": intervals(row.exchange, [row.symbol])} for row in rows]
    complained = " ".join(str(each) for each in form.errors.get("interval", []))
    return sorted(found, key=lambda each: str(each["market"].symbol) not in complained)
