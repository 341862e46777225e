"""What came of a request, sorted by what may be believed."""

from __future__ import annotations


class Rejected(Exception):
    """The exchange said no: it did not happen and will not. `busy` when the same may pass later."""

    def __init__(self, reason: str, *, busy: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.busy = busy


class NotThere(Exception):
    """The exchange says that it knows no such order. That is believed only after a while, and not once."""


class NotSent(Exception):
    """No connection was made: not a byte of the request left this machine."""


class Unsure(Exception):
    """It was sent, or may have been, and nobody knows what came of it."""
