"""What of allauth is ours: nobody signs up by himself, and second factors are encrypted in the database."""

from __future__ import annotations

from functools import cache

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from botplatform.lib.own_file import kept


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """An operator makes the users."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        return False

    def send_notification_mail(self, *_args: object, **_more: object) -> None:
        """There is no mail here; what matters is on the page of sessions and factors."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # as above
    """TOTP secrets and the seed of recovery codes are encrypted with a key that is not in the database."""

    def encrypt(self, text: str) -> str:
        return _key().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _key().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise ImproperlyConfigured(
                "A second factor was encrypted with another key than second-factors.key. Put the file back from the"
                " backup that the database is from, or remove the user's factors with `manage.py forget_factors`."
            ) from None


@cache
def _key() -> Fernet:
    """The web's own, outside the database."""
    return Fernet(kept(settings.PLATFORM_DIR / "second-factors.key", Fernet.generate_key))
