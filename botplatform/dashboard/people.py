"""Who asks."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from botplatform.accounts.models import User


def person(request: HttpRequest) -> User:
    """The one who is signed in; every page but a few is behind LoginRequiredMiddleware."""
    return cast("User", request.user)


async def aperson(request: HttpRequest) -> User:
    """The same, for views that are coroutines."""
    return cast("User", await request.auser())
