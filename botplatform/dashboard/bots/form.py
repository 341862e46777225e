"""The form that a kind of bot describes itself: a field for each setting, with its help, unit and bounds.

What was typed stays text until it is certain that it can be used, so that nothing typed is lost or rounded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from botplatform.accounts.models import User
from botplatform.exchanges.models import ExchangeAccount
from botplatform.lib.money import written
from botplatform.markets.models import Market
from strategies.kinds import settings_of
from strategies.settings import Bounds, SettingsRefused

KIND = "dca"
# A first suggestion for settings that have no default of their own.
SUGGESTED = {
    "base_order": "50",
    "averaging_order": "50",
    "averaging_orders": "5",
    "step": "2",
    "take_profit": "1.5",
}
ASKED = (
    "base_order",
    "averaging_order",
    "averaging_orders",
    "step",
    "step_scale",
    "volume_scale",
    "take_profit",
    "stop_loss",
)
UNITS = {"fraction": "%", "factor": "\N{MULTIPLICATION SIGN}", "count": ""}
_LONGEST = 24  # characters; a Decimal of this length is shifted without rounding


class NewBotForm(forms.Form):
    """Account, market, name and the settings of a DCA bot."""

    name = forms.CharField(max_length=80, label="Name", help_text="How the bot is called on these pages.")
    account = forms.ModelChoiceField(
        ExchangeAccount.objects.none(), label="Account", help_text="Where it trades. Its key stays in the vault."
    )
    market = forms.ModelChoiceField(
        Market.objects.none(), label="Market", help_text="What it buys first, and what it pays with."
    )

    def __init__(self, owner: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = ExchangeAccount.objects.filter(owner=owner)
        markets = Market.objects.filter(active=True, exchange__in=accounts.values("exchange"))
        _choice(self.fields["account"], accounts)
        _choice(self.fields["market"], markets)
        for setting in _numbers():
            self.fields[setting.name] = _field(setting)
        self.fields["name"].widget.attrs["class"] = "form-control"

    def setting_rows(self) -> Iterator[dict[str, Any]]:
        """For the template: a bound field and the unit that stands behind it."""
        for setting in _numbers():
            yield {"field": self[setting.name], "unit": _unit(setting)}

    @property
    def settings(self) -> dict[str, Any]:
        """As the bot keeps them. Only after the form was found valid."""
        return {setting.name: self.cleaned_data[setting.name] for setting in _numbers()}

    def show(self, refused: SettingsRefused) -> None:
        """Each problem at its field, with what to do about it."""
        for problem in refused.problems:
            field = problem.field if problem.field in self.fields else None
            self.add_error(field, f"{_capital(problem.problem)} {problem.remedy}")


class SettingField(forms.CharField):
    """One setting. Fractions are typed in percent and kept as fractions, exactly."""

    def __init__(self, name: str, bounds: Bounds, **kwargs: Any) -> None:
        super().__init__(max_length=_LONGEST, **kwargs)
        self._name = name
        self._bounds = _in_percent(bounds) if bounds.unit == "fraction" else bounds
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off", "class": "form-control"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value).strip()
        if not text:
            return None
        try:
            number = Decimal(text.removesuffix("%").strip())
        except InvalidOperation:
            raise forms.ValidationError(f"“{text}” is not a number. Write it like 1000 or 0.5.") from None
        if problem := self._bounds.problem(self._name, number):
            raise forms.ValidationError(f"{_capital(problem.problem)} {problem.remedy}")
        if self._bounds.unit == "count":
            if number != number.to_integral_value():
                raise forms.ValidationError(f"{text} is not a whole number. Give a whole one.")
            return int(number)
        return written(number.scaleb(-2) if self._bounds.unit == "fraction" else number)


def _numbers() -> list[dataclasses.Field[Any]]:
    """The settings that are asked for here; the others keep their defaults."""
    return [setting for setting in settings_of(KIND) if setting.name in ASKED]


def _field(setting: dataclasses.Field[Any]) -> SettingField:
    bounds: Bounds = setting.metadata["bounds"]
    default = setting.default
    optional = default is None and setting.name not in SUGGESTED
    initial = SUGGESTED.get(setting.name, "" if default in (None, dataclasses.MISSING) else written(Decimal(default)))
    label = setting.name.replace("_", " ").capitalize()
    return SettingField(
        setting.name, bounds, label=label, help_text=bounds.help, required=not optional, initial=initial
    )


def _in_percent(bounds: Bounds) -> Bounds:
    return dataclasses.replace(
        bounds,
        low=None if bounds.low is None else bounds.low * 100,
        high=None if bounds.high is None else bounds.high * 100,
    )


def _unit(setting: dataclasses.Field[Any]) -> str:
    """What stands behind the input; the market's quote currency is only known once a market is chosen."""
    return UNITS.get(setting.metadata["bounds"].unit, "quote")


def _choice(field: forms.Field, rows: Any) -> None:
    """A choice among these rows; a single one is chosen already."""
    field.queryset = rows  # type: ignore[attr-defined]
    field.widget.attrs["class"] = "form-select"
    only = list(rows[:2])
    if len(only) == 1:
        field.initial = only[0].pk


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
