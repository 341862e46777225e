"""Sessions whose cookie is not in the database.

Django's cookie is the key of the session's row: whoever has a copy of the table is signed in as everybody who is. Here
the cookie carries a signature by the web's own key besides, which is in a file and in no table.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

_SALT = "botplatform.accounts.sessions"


def cookie_of(session_key: str) -> str:
    """What a browser has to send for this session."""
    return Signer(salt=_SALT).sign(session_key)


class SignedSessionMiddleware(SessionMiddleware):
    """Knows a session by a signed cookie alone; any other cookie is nobody's."""

    def process_request(self, request: HttpRequest) -> None:
        key = None
        if sent := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            try:
                key = Signer(salt=_SALT).unsign(sent)
            except BadSignature:
                key = None
        request.session = self.SessionStore(key)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        answered = super().process_response(request, response)
        cookie = answered.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie is not None and cookie.value:
            signed = cookie_of(cookie.value)
            cookie.set(settings.SESSION_COOKIE_NAME, signed, signed)
        return answered
