"""What an authenticator app shows."""

import time

from allauth.mfa.totp.internal import auth as totp


def code_of(secret, *, later=0):
    """The code of this half minute, or of one so many half minutes later."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + later))
