"""Django's test client with the product's cookies: it would send the bare key of a session, which is nobody's here."""

from importlib import import_module

from django.conf import settings
from django.core.signing import Signer
from django.test.client import ClientMixin

from botplatform.accounts import sessions


def sign_cookies():
    """Every client from now on; twice is once."""
    if hasattr(ClientMixin, "signs_cookies"):
        return
    ClientMixin.signs_cookies = True
    login, alogin = ClientMixin._login, ClientMixin._alogin

    def signed(client):
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        value = sessions.cookie_of(cookie.value)
        cookie.set(settings.SESSION_COOKIE_NAME, value, value)

    def sign_in(client, *args, **more):
        login(client, *args, **more)
        signed(client)

    async def asign_in(client, *args, **more):
        await alogin(client, *args, **more)
        signed(client)

    def session(client):
        store = import_module(settings.SESSION_ENGINE).SessionStore
        cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie:
            return store(Signer(salt=sessions._SALT).unsign(cookie.value))
        fresh = store()
        fresh.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = sessions.cookie_of(fresh.session_key)
        return fresh

    ClientMixin._login, ClientMixin._alogin = sign_in, asign_in
    ClientMixin.session = property(session)
