"""Bytes that refuse to be shown, copied into a log, or pickled."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Key material in memory. `expose()` is the only way in; looking for its callers is the review."""

    __slots__ = ("_bytes",)

    def __init__(self, value: bytes) -> None:
        self._bytes = value

    def expose(self) -> bytes:
        return self._bytes

    def __repr__(self) -> str:
        return "<secret>"

    def __str__(self) -> NoReturn:
        raise TypeError("a secret has no text")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a secret has no text")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    __eq__ = None  # type: ignore[assignment]  # compare exposed bytes in constant time instead
    __hash__ = None  # type: ignore[assignment]
