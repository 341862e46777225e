"""Money on the wire: canonical decimal strings and nothing else."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

# Products and remainders of money are exact, or an error: the usual 28 digits would round a limit away.
EXACT = Context(prec=120, traps=[Inexact])

_PLAIN = re.compile(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?", re.ASCII)


def amount(text: str) -> Decimal:
    """The number that `text` writes in plain ASCII digits: no sign, exponent, leading zero or white space.

    At most 18 digits on each side of the point. Raises ValueError with a sentence.
    """
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise ValueError("not a plain decimal number such as 0.5 or 1200")
    return Decimal(text)


def canonical_amount(text: str) -> Decimal:
    """As `amount`, and only the one way to write the number: `0.1`, not `0.10`. Raises ValueError with a sentence."""
    value = amount(text)
    if written(value) != text:
        raise ValueError(f"not the canonical way to write {written(value)}")
    return value


def written(value: Decimal) -> str:
    """The canonical string of a number: no exponent, no trailing zeros. Raises ValueError when it has none."""
    if not value.is_finite():
        raise ValueError(f"{value} cannot be written as money")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
