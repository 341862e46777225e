"""How far an open deal is on its way from the next buy, or the stop, to its target."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from botplatform.dashboard.standing import Levels, Standing

_LONG = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Places on a line of length 100. `average` is where the deal neither gains nor loses, before the exit's fee."""

    levels: Levels
    price: Decimal
    average: Decimal | None
    at: Decimal
    average_at: Decimal | None

    @classmethod
    def of(cls, standing: Standing, price: Decimal | None) -> Progress | None:
        """None while there is nothing to go from or to."""
        if standing.open is None or price is None:
            return None
        levels = standing.open.levels()
        if levels.target is None:
            return None
        average = standing.open.average
        low = levels.floor if levels.floor is not None else min(price, average or price)
        if low >= levels.target:
            return None
        length = levels.target - low

        def place(value: Decimal) -> Decimal:
            share = (value - low) / length * _LONG
            return max(Decimal(0), min(_LONG, share)).quantize(Decimal("0.1"))

        return cls(
            levels=levels,
            price=price,
            average=average,
            at=place(price),
            average_at=None if average is None else place(average),
        )

    @property
    def gaining(self) -> bool:
        return self.average is not None and self.price >= self.average

    @property
    def begin(self) -> Decimal:
        """Where the coloured piece of the line begins."""
        return min(self.at, self.at if self.average_at is None else self.average_at)

    @property
    def length(self) -> Decimal:
        """How long it is."""
        return abs(self.at - (self.at if self.average_at is None else self.average_at))
