"""Asking for a backtest or a sweep: of a bot, or of settings as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from botplatform.accounts.models import User
from botplatform.bots.models import Bot
from botplatform.bots.studies import asking
from botplatform.bots.studies.models import Study
from botplatform.bots.sweeps.ranking import Rank
from botplatform.dashboard.lists.filters import bots_called, kind_name
from botplatform.exchanges.models import ExchangeAccount
from botplatform.markets.archive.intervals import SPANS
from botplatform.markets.models import Market
from strategies.kinds import KINDS
from strategies.settings import SettingsRefused

_RANKS = {Rank.PROFIT: "profit", Rank.PROFIT_PER_DRAWDOWN: "profit by drawdown", Rank.SHARPE: "Sharpe ratio"}


class StudyForm(forms.Form):
    """What is left empty of kind, market and settings is the bot's; at least one of the two has to be there."""

    bot = forms.CharField(
        label="Bot",
        max_length=80,
        required=False,
        help_text="The name of one of your bots, with the settings that it has now.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "its whole name", "list": "bots"}),
    )
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "the bot's"), *((kind, kind_name(kind)) for kind in sorted(KINDS))],
        help_text="For settings of your own.",
    )
    market = forms.ChoiceField(label="Market", required=False, help_text="For settings of your own.")
    settings = forms.CharField(
        label="Settings as JSON",
        required=False,
        max_length=20_000,
        help_text='Empty: the bot\'s. For example {"base_order": "50", "take_profit": "0.015"}.',
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    interval = forms.ChoiceField(
        label="Candles",
        required=False,
        choices=[("", "the shortest there are"), *((each, each) for each in SPANS)],
        help_text="How long each candle is.",
    )
    capital = forms.DecimalField(
        label="Capital",
        required=False,
        min_value=0,
        max_digits=30,
        decimal_places=12,
        help_text="In quote. Empty: what the bot needs in the worst case.",
    )
    vary = forms.CharField(
        label="Vary, for a sweep",
        required=False,
        max_length=2000,
        help_text="One setting a line: take_profit=0.005:0.03:0.005 or step=0.01,0.02. Two of them make a map.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    rank = forms.ChoiceField(
        label="Best by",
        required=False,
        choices=[(rank.value, name) for rank, name in _RANKS.items()],
        help_text="How a sweep compares.",
    )

    def __init__(self, owner: User, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._owner = owner
        exchanges = ExchangeAccount.objects.filter(owner=owner).order_by().values("exchange").distinct()
        self._markets = {str(row.pk): row for row in Market.objects.filter(active=True, exchange__in=exchanges)}
        shown = [(key, str(row)) for key, row in self._markets.items()]
        choice = self.fields["market"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - it is declared above
        choice.choices = [("", "the bot's"), *shown]
        for name, field in self.fields.items():
            kind = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            field.widget.attrs.update({"class": kind, "aria-describedby": f"id_{name}_helptext"})

    def ask(self) -> Study | None:
        """Have it done; None if there is a mistake, which then stands at its field."""
        said = dict(self.cleaned_data)  # what is complained of is taken out of the form's own
        found = self._words(said)
        if found is None:
            return None
        words, exchange = found
        if said["capital"]:
            words["capital"] = str(said["capital"])
        vary = [line.strip() for line in said["vary"].splitlines() if line.strip()]
        rank = said["rank"] or Rank.PROFIT.value
        try:
            return asking.ask(
                self._owner, words, exchange=exchange, vary=vary, rank=rank, interval=said["interval"] or ""
            )
        except SettingsRefused as why:
            names = {"candles": "interval", "vary": "vary", "capital": "capital", "kind": "kind"}
            varied = {line.partition("=")[0].strip() for line in vary}
            for problem in why.problems:
                place = "vary" if problem.field in varied else names.get(problem.field)
                self.add_error(place or "settings", f"{problem}")
            return None

    def _words(self, said: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
        bot = self._bot(said["bot"])
        if bot is None and said["bot"]:
            return None
        settings = self._settings(said["settings"])
        if settings is None:
            return None
        if bot is not None and not (said["market"] or said["kind"]):
            words = asking.words_of_bot(bot)
            return {**words, "settings": settings or words["settings"]}, bot.market.exchange
        if not (said["kind"] and said["market"] and settings):
            self.add_error("bot", "Name a bot, or give kind, market and settings.")
            return None
        market = self._markets[said["market"]]
        return asking.words_of(said["kind"], settings, [market]), market.exchange

    def _bot(self, name: str) -> Bot | None:
        if not name:
            return None
        mine = bots_called(self._owner, name).select_related("market")
        found = list(mine.filter(name__iexact=name)[:2]) or list(mine[:2])
        if len(found) == 1:
            return found[0]
        self.add_error("bot", "Several of your bots are called that." if found else "None of your bots is called that.")
        return None

    def _settings(self, text: str) -> dict[str, Any] | None:
        """Empty where none were typed."""
        if not text.strip():
            return {}
        try:
            found = json.loads(text, parse_float=str)
        except (ValueError, RecursionError) as why:
            self.add_error("settings", f"This is not JSON: {why}.")
            return None
        if not isinstance(found, dict):
            self.add_error("settings", 'Give an object: {"name": value, ...}.')
            return None
        return found
