"""When the one who asks has last shown who it is: the vault widens what a bot may do only soon after that.

A web request carries the time of its session's last sign-in or re-authentication. A command is run by whoever may
read the installation's files, who is taken to be there now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from allauth.account.authentication import get_authentication_records
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from botplatform.lib import clock

_NEVER = 1  # seconds since 1970
_SHOWN: ContextVar[Callable[[], int] | None] = ContextVar("identified", default=None)


def identified_at() -> int:
    """Seconds since 1970."""
    shown = _SHOWN.get()
    return int(clock.now().timestamp()) if shown is None else shown()


@contextmanager
def identified_by(shown: Callable[[], int]) -> Iterator[None]:
    """Inside, `identified_at` is what `shown` says."""
    token = _SHOWN.set(shown)
    try:
        yield
    finally:
        _SHOWN.reset(token)


def knows_who_asks(get_response: Any) -> Any:
    """Middleware: every request knows when its session was last authenticated; looked up when it is asked for."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            with identified_by(lambda: _of(request)):
                answer: HttpResponseBase = await get_response(request)
                return answer

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        with identified_by(lambda: _of(request)):
            answer: HttpResponseBase = get_response(request)
            return answer

    return now


knows_who_asks.sync_capable = knows_who_asks.async_capable = True  # type: ignore[attr-defined]  # Django's own way


def _of(request: HttpRequest) -> int:
    records = get_authentication_records(request, request.user)
    return max((int(record["at"]) for record in records), default=_NEVER)


def ask_again(back_to: str) -> HttpResponse:
    """On to the page that asks who it is, and from there back to `back_to`, where it has to be pressed again.

    Nothing that was sent is kept meanwhile: it would lie in the table of sessions.
    """
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': back_to})}")
