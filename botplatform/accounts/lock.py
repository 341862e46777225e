"""Whose tries are counted: the name that was typed, whatever the form calls its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

_FIELDS = ("username", "login")  # as axes, Django's forms and allauth's call it
_LONGEST = 255


def name_typed(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str | None:
    """The name of a sign-in. Without it a name would be counted under another one, and a lock would lock nobody."""
    sources: list[Mapping[str, Any]] = [credentials or {}]
    if request is not None:
        sources.append(request.POST)
    for source in sources:
        for field in _FIELDS:
            if name := source.get(field):
                # Case does not matter when signing in with it on some databases: it must not make a new name here.
                return str(name)[:_LONGEST]
    return None
