"""A code of an app is taken half a minute early and late, for clocks that differ and slow hands, and counts once.

allauth remembers a code that was used for one period of 30 s only, which is shorter than a code is good for
once neighbours count too (RFC 6238, 5.2: a second attempt with the same code must not be taken).
"""

from __future__ import annotations

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator
from django.core.cache import cache


class _CountsOnce(forms.BaseAuthenticateForm):  # type: ignore[misc]  # allauth has no types
    def clean_code(self) -> str:
        code: str = super().clean_code()
        if self.authenticator.type == Authenticator.Type.TOTP and not self._is_first(code):
            raise get_adapter().validation_error("incorrect_code")
        return code

    def _is_first(self, code: str) -> bool:
        good_for = (2 * app_settings.TOTP_TOLERANCE + 1) * app_settings.TOTP_PERIOD
        return cache.add(f"second-factor-used.{self.user.pk}.{normalize_user_code(code)}", 1, timeout=good_for)


class Authenticate(_CountsOnce, forms.AuthenticateForm):  # type: ignore[misc]  # as above
    """The second factor at sign-in."""


class Reauthenticate(_CountsOnce, forms.ReauthenticateForm):  # type: ignore[misc]  # as above
    """The second factor of who shows again who it is."""
