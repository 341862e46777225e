"""Money in the database: canonical decimal strings, because SQLite would turn numbers into floats."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models


def written(value: Decimal) -> str:
    """The canonical string of a number: no exponent, no trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


if TYPE_CHECKING:
    _Text = models.CharField[Any, Decimal]
else:
    _Text = models.CharField  # Django's fields are generic for the type checker alone


class MoneyField(_Text):
    """A Decimal, stored as text. Never summed or compared in SQL."""

    description = "An exact decimal amount"

    if TYPE_CHECKING:
        _pyi_private_set_type: Decimal | str  # type: ignore[assignment]  # what django-stubs lets one assign

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 60)
        super().__init__(*args, **kwargs)

    def get_default(self) -> Any:
        """A default is written as text, and is a number from the first moment on."""
        return self.to_python(super().get_default())

    def from_db_value(self, value: str | None, *_: object) -> Decimal | None:
        return None if value is None or value == "" else Decimal(value)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        try:
            number = Decimal(str(value))
        except InvalidOperation as why:
            raise ValidationError(f"{value!r} is not a decimal number.") from why
        if not number.is_finite():
            raise ValidationError(f"{value!r} is not a decimal number.")
        return number

    def get_prep_value(self, value: Any) -> str | None:
        number = self.to_python(value)
        return None if number is None else written(number)
